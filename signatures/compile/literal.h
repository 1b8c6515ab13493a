// SPDX-License-Identifier: Apache-2.0
// Chooses what makes a rule a candidate: one literal that every match must contain, a prefilter
// form of a pcre, or, when there is neither, every look at one of its buffers (design decision 6
// and section 7).
//
// Price of a literal, in candidate verifications per ordinary transaction:
//     presence of the buffer * max(share of usual values with the literal, length of the buffer *
//     occurrences per byte)
//     + scan cost of the buffer
// The cheapest wins. The literal is the rarest window of a content: 6 bytes in streams and bodies
// (measured best: shorter ones hit more, longer ones make Hyperscan slower), 8 in the short
// buffers. Author's fast_pattern is not needed. Values only; any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::compile {

inline constexpr std::size_t kStreamWindow = 6;
inline constexpr std::size_t kFieldWindow = 8;

enum class PrefilterKind : std::uint8_t {
    kLiteral,
    kPcre,
    kAlways,  // candidate at every look at 'buffer'
    kPacket,  // no bytes to look at: candidate at every packet
};

struct Prefilter {
    PrefilterKind kind = PrefilterKind::kPacket;
    BufferId buffer = BufferId::kPacketHeader;
    std::uint8_t engine = 0;  // kLiteral, kPcre: where it comes from
    std::uint16_t item = 0;
    std::uint8_t literal_offset = 0;  // kLiteral: of its first byte in the content
    bool whole = false;               // kLiteral: is the content, byte for byte and case for case
    bool nocase = false;
    std::string literal;
    std::uint32_t pcre = 0;  // kPcre: index in Model::pcres
    double cost = 0;

    friend bool operator==(const Prefilter&, const Prefilter&) = default;
};

// Says whether a pcre can be scanned for on its own. 'pieces': the buffer is seen in pieces, so a
// match must fit in the overlap of two of them and must not depend on its ends.
using PcreUsable = std::function<bool(const bundle::Pcre& pcre, bool pieces)>;

// Price of a literal in a buffer, as above.
double literal_cost(BufferId buffer, std::string_view literal, bool nocase);

Prefilter choose_prefilter(const bundle::Model& model, const bundle::Rule& rule,
                           const PcreUsable& pcre_usable);

// The content that the rule wants the prefilter's buffer to end with (endswith,
// isdataat:!1,relative, or bsize of its length), when that is as good a prefilter: it may be looked
// up instead of scanned for. Only over buffers that hold names of hosts.
struct AnchoredContent {
    std::uint8_t engine = 0;
    std::uint16_t item = 0;
};

std::optional<AnchoredContent> find_anchored(const bundle::Rule& rule, const Prefilter& p);

// How far into a packet's payload a match of the item can reach; nothing when the rule does not
// say.
std::optional<std::uint32_t> reach_of(const bundle::Item& item);

// Literals that can only lie near the start of their buffer get databases of their own, which are
// not scanned beyond. (Nine in ten of the public rules that look at segments reach no further than
// 64 bytes, nearly all no further than the last of these.)
inline constexpr std::array<std::uint32_t, bundle::kMaxGroupsPerPlace - 1> kNearReach{24, 320};

// Index of the reach that holds the prefilter, kNearReach.size() when it may lie anywhere.
std::size_t near_part(const bundle::Rule& rule, const Prefilter& p);

// Whether the database of the stream may look for this prefilter of a TCP segment on the way: the
// segment's bytes pass it anyway. Not for what usual bytes are full of, and not for a pcre.
bool rides_with_stream(const bundle::Rule& rule, const Prefilter& p);

// The prefilter for single TCP segments of a rule whose payload is looked at there, too (content
// with depth or offset, dsize). The stream is scanned for the same bytes already, so a literal near
// the start is preferred; without one it is 'general'.
Prefilter choose_segment_prefilter(const bundle::Model& model, const bundle::Rule& rule,
                                   const Prefilter& general);

}  // namespace sluice::compile
