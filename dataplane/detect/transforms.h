// SPDX-License-Identifier: Apache-2.0
// The transforms that a rule may put between a buffer and its items (dotprefix, strip_whitespace,
// ...). They write to a buffer that the caller owns and never past it; what does not fit is cut.
// One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "signatures/bundle/model.h"

#include <span>

namespace sluice::detect {

// Applies them in order. 'a' and 'b' are of equal size; the result lies in one of them (or is 'in'
// when there is none).
Bytes apply_transforms(std::span<const bundle::Transform> transforms, Bytes in, MutableBytes a,
                       MutableBytes b);

}  // namespace sluice::detect
