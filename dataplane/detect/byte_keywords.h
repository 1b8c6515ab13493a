// SPDX-License-Identifier: Apache-2.0
// byte_test, byte_jump, byte_extract, isdataat, bsize and urilen, as Suricata 7 defines them. Every
// read is checked against the view. They borrow the bytes, allocate nothing; one worker thread.
#pragma once

#include "dataplane/detect/eval_types.h"
#include "signatures/bundle/model.h"

#include <cstdint>

namespace sluice::detect {

// 'pos' is where relative items start from; byte_jump and byte_extract move it.
StepOutcome byte_test(const bundle::Item& item, const EvalView& view, std::int64_t pos,
                      const Vars& vars);
StepOutcome byte_jump(const bundle::Item& item, const EvalView& view, std::int64_t& pos,
                      const Vars& vars);
// Leaves the number's end in 'pos' and what it makes of it in a variable.
StepOutcome byte_math(const bundle::Item& item, const EvalView& view, std::int64_t& pos,
                      Vars& vars);

StepOutcome byte_extract(const bundle::Item& item, const EvalView& view, std::int64_t& pos,
                         Vars& vars);
StepOutcome is_data_at(const bundle::Item& item, const EvalView& view, std::int64_t pos,
                       const Vars& vars);
StepOutcome buffer_size(const bundle::Item& item, const EvalView& view);

// Text digits as strtoull reads them (blanks, sign, 0x) in base 8, 10, 16 or 0; 'used' is 0 when
// there is no number or it does not fit 64 bits.
struct TextNumber {
    std::uint64_t value = 0;
    std::size_t used = 0;
};

TextNumber parse_number(Bytes text, unsigned base);

}  // namespace sluice::detect
