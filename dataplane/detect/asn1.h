// SPDX-License-Identifier: Apache-2.0
// The asn1 keyword: walks BER (X.690) and looks for lengths that broken decoders trip over. One
// pass over the bytes with an explicit stack; depth, objects and bytes are bounded. No allocation;
// any thread.
#pragma once

#include "dataplane/detect/eval_types.h"

namespace sluice::detect {

// 'pos' is the end of the match before it, for a relative offset. kShort: an object is not whole
// yet.
StepOutcome check_asn1(const bundle::Item& item, const EvalView& view, std::int64_t pos);

}  // namespace sluice::detect
