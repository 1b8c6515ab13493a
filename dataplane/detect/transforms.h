// SPDX-License-Identifier: Apache-2.0
// The transforms that a rule may put between a buffer and its items (dotprefix, strip_whitespace,
// ...). They write to a buffer that the caller owns and never past it; what does not fit is cut.
// One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/detect/regex_set.h"
#include "dataplane/packet/reason.h"
#include "signatures/bundle/model.h"

#include <span>

namespace sluice::detect {

// What transforms with an argument borrow for the call.
struct TransformContext {
    Bytes blob;  // keys of xor
    const RegexSet& regexes;
    RegexMatcher& matcher;
    packet::ReasonCounters& reasons;
};

// Room for results, of equal size each.
struct TransformRoom {
    MutableBytes a;
    MutableBytes b;
};

// Applies them in order. The result lies in the room (or in 'in', when nothing changed it).
Bytes apply_transforms(std::span<const bundle::TransformStep> transforms, Bytes in,
                       TransformRoom room, const TransformContext& context);

// A digest is one of the whole buffer: it cannot be made of what has come so far.
constexpr bool needs_whole(const bundle::TransformStep& t) {
    return t.kind == bundle::Transform::kToMd5 || t.kind == bundle::Transform::kToSha1 ||
           t.kind == bundle::Transform::kToSha256;
}

}  // namespace sluice::detect
