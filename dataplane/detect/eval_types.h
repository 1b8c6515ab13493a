// SPDX-License-Identifier: Apache-2.0
// What evaluation of one engine reads and answers. The bytes are borrowed for the call. One worker
// thread. Units: bytes; positions count from the start of the whole buffer, of which 'bytes' is the
// part that is still here.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/detect/rule_table.h"
#include "signatures/bundle/model.h"

#include <array>
#include <cstdint>

namespace sluice::detect {

// A buffer, or what the window keeps of it.
struct EvalView {
    Bytes bytes;
    std::int64_t base = 0;  // position of bytes[0]
    std::int64_t floor =
        0;  // positive matches must not start before it: earlier bytes have alerted already
    bool complete = true;  // nothing will follow

    std::int64_t end() const { return base + static_cast<std::int64_t>(bytes.size()); }
};

// kWait: not yet; bytes still to come may make it match. kNoMatch: they cannot.
enum class Outcome : std::uint8_t { kMatch, kNoMatch, kWait };

// Where a regular expression that found nothing goes on when more bytes have come.
struct PcreResume {
    std::uint32_t step = 0xffffffff;
    std::int64_t from = 0;
};

struct EvalResult {
    Outcome outcome = Outcome::kNoMatch;
    std::int64_t end = 0;    // kMatch: the furthest end of a matched content
    PcreResume resume = {};  // kWait
    // Of a content that is not there, as missing_content() says; kNone32: not asked, or all are.
    std::uint32_t missing = kNone32;
};

using Vars = std::array<std::uint64_t, bundle::kMaxVars>;

// Outcome of one step. kShort: fails for want of bytes that may still come.
enum class StepOutcome : std::uint8_t { kOk, kFail, kShort };

}  // namespace sluice::detect
