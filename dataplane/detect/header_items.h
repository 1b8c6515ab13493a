// SPDX-License-Identifier: Apache-2.0
// Small tests that several parts of detection share: comparison operators, flag bits, protocols.
// Values only; any thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/packet/reason.h"
#include "signatures/bundle/model.h"

#include <cstdint>

namespace sluice::detect {

// 'lo' is the operand, or the lower end of a range with 'hi'. kRange excludes its ends (Suricata's
// "a<>b").
constexpr bool compare(std::int64_t v, bundle::CompareOp op, std::int64_t lo, std::int64_t hi) {
    using Op = bundle::CompareOp;
    switch (op) {
        case Op::kEq:
            return v == lo;
        case Op::kNe:
            return v != lo;
        case Op::kLt:
            return v < lo;
        case Op::kGt:
            return v > lo;
        case Op::kLe:
            return v <= lo;
        case Op::kGe:
            return v >= lo;
        case Op::kAnd:
            return (v & lo) != 0;
        case Op::kOr:
            return (v ^ lo) != 0;
        case Op::kNand:
            return (v & lo) == 0;
        case Op::kNor:
            return (v ^ lo) == 0;
        case Op::kRange:
            return v > lo && v < hi;
        case Op::kRangeInclusive:
            return v >= lo && v <= hi;
    }
    return false;
}

// As for Suricata, SMB carries DCE/RPC, so rules about that are about it.
constexpr bool speaks(AppProto flow, AppProto wanted) {
    return flow == wanted || (wanted == AppProto::kDcerpc && flow == AppProto::kSmb);
}

// A number against what a keyword asks for, negation and all.
constexpr bool number_fits(const bundle::Item& item, std::int64_t v) {
    return compare(v, item.op, item.lo, item.hi) != ((item.flags & bundle::kNegated) != 0);
}

// A set of flag bits against lo: exactly these (kEq), all of them (kAnd), any of them (kOr), none
// of them (kNor or kNe). 'mask' holds the bits that do not matter.
constexpr bool bits_match(const bundle::Item& item, std::uint32_t value) {
    using Op = bundle::CompareOp;
    const auto want = static_cast<std::uint32_t>(item.lo);
    const std::uint32_t v = value & ~static_cast<std::uint32_t>(item.mask);
    bool hit = false;
    switch (item.op) {
        case Op::kAnd:
            hit = (v & want) == want;
            break;
        case Op::kOr:
            hit = (v & want) != 0;
            break;
        case Op::kNor:
        case Op::kNand:
            hit = (v & want) == 0;
            break;
        case Op::kNe:
            hit = v != want;
            break;
        case Op::kEq:
        case Op::kLt:
        case Op::kGt:
        case Op::kLe:
        case Op::kGe:
        case Op::kRange:
        case Op::kRangeInclusive:
            hit = v == want;
            break;
    }
    return hit != ((item.flags & bundle::kNegated) != 0);
}

// Of ItemKind::kEvent, once loaded: the bits of its reasons, in 'mask' and above them in 'lo'.
constexpr packet::EventSet events_of(const bundle::Item& item) {
    return {{item.mask, static_cast<std::uint64_t>(item.lo)}};
}

constexpr void set_event(bundle::Item& item, std::size_t bit) {
    packet::EventSet events = events_of(item);
    events.add(bit);
    item.mask = events.words[0];
    item.lo = static_cast<std::int64_t>(events.words[1]);
}

}  // namespace sluice::detect
