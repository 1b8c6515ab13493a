// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/ipv6_oddities.h"

#include "dataplane/decode/header_bytes.h"
#include "dataplane/packet/ipv6_chain.h"

#include <algorithm>

namespace sluice::decode {

namespace {

using packet::Reason;
using packet::ReasonSet;

constexpr std::size_t kHeader = 40;
constexpr std::size_t kNextHeader = 6;
constexpr std::uint8_t kNoNextHeader = 59;
constexpr std::uint16_t kOffsetAndMore = 0xfff9;  // the two bits between are reserved

// Option types: RFC 8200 section 4.2, RFC 2711, RFC 2675, RFC 6275 section 6.3.
constexpr std::uint8_t kPad1 = 0;
constexpr std::uint8_t kPadN = 1;
constexpr std::uint8_t kRouterAlert = 5;
constexpr std::uint8_t kJumbo = 0xc2;
constexpr std::uint8_t kHomeAddress = 0xc9;

bool is_known_option(std::uint8_t type) {
    return type == kRouterAlert || type == kJumbo || type == kHomeAddress;
}

// Options of one header, behind next header and length.
void look_at_options(std::uint8_t kind, Bytes options, ReasonSet& odd) {
    const bool hop = kind == packet::kExtHopByHop;
    bool padding = false;
    bool other = false;
    for (std::size_t at = 0; at < options.size();) {
        const std::uint8_t type = options[at];
        if (type == kPad1) {
            padding = true;
            ++at;
            continue;
        }
        if (options.size() - at < 2) {
            break;
        }
        const std::size_t length = options[at + 1];
        if (type == kPadN) {
            padding = true;
            if (length == 0) {
                odd.add(Reason::ipv6_empty_padding);
            }
        } else {
            other = true;
            if (!is_known_option(type)) {
                odd.add(hop ? Reason::ipv6_hopopts_unknown : Reason::ipv6_dstopts_unknown);
            }
        }
        at += 2 + length;
    }
    if (padding && !other) {
        odd.add(hop ? Reason::ipv6_hopopts_padding : Reason::ipv6_dstopts_padding);
    }
}

// How often a kind may come, and what it is called beyond that.
struct Repetition {
    std::uint8_t kind;
    std::uint8_t allowed;
    Reason reason;
};

constexpr std::array kRepetitions = {
    Repetition{packet::kExtHopByHop, 1, Reason::ipv6_duplicate_hopopts},
    Repetition{packet::kExtRouting, 1, Reason::ipv6_duplicate_routing},
    Repetition{packet::kExtFragment, 1, Reason::ipv6_duplicate_fragment},
    Repetition{packet::kExtDestinationOptions, 2, Reason::ipv6_duplicate_dstopts},
    Repetition{packet::kExtAuthentication, 1, Reason::ipv6_duplicate_auth},
};

class Oddities {
  public:
    // False: what follows belongs to another fragment.
    bool look_at(std::uint8_t kind, Bytes header) {
        if (comes_again(kind)) {
            return true;
        }
        switch (kind) {
            case packet::kExtFragment:
                return look_at_fragment(header);
            case packet::kExtAuthentication:
                note(load16(header.data(), 2) != 0, Reason::ipv6_auth_reserved);
                return true;
            case packet::kExtHopByHop:
            case packet::kExtDestinationOptions:
                look_at_options(kind, header.subspan(2), odd_);
                return true;
            default:
                return true;
        }
    }

    void note(bool is_so, Reason reason) {
        if (is_so) {
            odd_.add(reason);
        }
    }

    void count(packet::ReasonCounters& reasons) const {
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            if (odd_.has(static_cast<Reason>(i))) {
                packet::count(reasons, static_cast<Reason>(i));
            }
        }
    }

    bool any() const { return !odd_.empty(); }

  private:
    bool comes_again(std::uint8_t kind) {
        for (std::size_t i = 0; i < kRepetitions.size(); ++i) {
            if (kRepetitions[i].kind == kind && ++seen_[i] > kRepetitions[i].allowed) {
                odd_.add(kRepetitions[i].reason);
                return true;
            }
        }
        return false;
    }

    bool look_at_fragment(Bytes header) {
        note(header[1] != 0, Reason::ipv6_fragment_reserved);
        const bool whole = (load16(header.data(), 2) & kOffsetAndMore) == 0;
        note(whole, Reason::fragment_atomic);  // RFC 6946
        return whole;
    }

    ReasonSet odd_;
    std::array<std::uint8_t, kRepetitions.size()> seen_{};
};

}  // namespace

void count_ipv6_oddities(const packet::Packet& packet, packet::ReasonCounters& reasons) {
    const Bytes ip = packet.frame().subspan(packet.l3_off);
    if (ip.size() < kHeader || (!packet::is_extension_header(ip[kNextHeader]) &&
                                ip[kNextHeader] != kNoNextHeader)) [[likely]] {
        return;
    }
    const std::size_t length = std::min<std::size_t>(load16(ip.data(), 4), ip.size() - kHeader);
    packet::ExtensionChain chain(ip[kNextHeader], ip.subspan(kHeader, length));
    Oddities odd;
    packet::ChainStep step = chain.step();
    while (step == packet::ChainStep::kHeader && odd.look_at(chain.kind(), chain.header())) {
        step = chain.step();
    }
    // The walk gives up at the first one that may only come first.
    odd.note(step == packet::ChainStep::kMalformed && chain.protocol() == packet::kExtHopByHop,
             Reason::ipv6_duplicate_hopopts);
    odd.note(step == packet::ChainStep::kEnd && chain.protocol() == kNoNextHeader &&
                 !chain.rest().empty(),
             Reason::ipv6_data_after_none);
    if (odd.any()) {
        odd.count(reasons);
    }
}

}  // namespace sluice::decode
