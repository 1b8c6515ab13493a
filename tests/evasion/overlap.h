// SPDX-License-Identifier: Apache-2.0
// send_pieces: a UDP datagram in fragments, some of which show the decoy's bytes in one place. Over
// either IP version. Test support; allocates. One thread.
#pragma once

#include "tests/evasion/case.h"

#include <initializer_list>

namespace sluice::evasion {

// Offsets in the datagram, behind the IP header: 8 bytes of UDP, 48 of text.
struct Span {
    std::size_t from;
    std::size_t to;
};

enum class Shows : std::uint8_t { kPayload, kDecoy };

struct Piece {
    Shows of;
    Span part;
};

void send_pieces(Player& p, const Text& t, Span decoy, std::initializer_list<Piece> pieces);

}  // namespace sluice::evasion
