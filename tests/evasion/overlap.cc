// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/overlap.h"

namespace sluice::evasion {

void send_pieces(Player& p, const Text& t, Span decoy, std::initializer_list<Piece> pieces) {
    const Frame good = p.l4(p.udp(t.payload));
    const Frame other = p.l4(p.udp(t.decoy));
    Frame bad = good;
    for (std::size_t i = decoy.from; i < decoy.to; ++i) {
        bad.at(i) = other.at(i);
    }
    for (const Piece& piece : pieces) {
        const Frame& bytes = piece.of == Shows::kDecoy ? bad : good;
        const bool more = piece.part.to < bytes.size();
        p.send(p.fragment(bytes, piece.part.from, piece.part.to, more, packet::kProtoUdp));
    }
}

}  // namespace sluice::evasion
