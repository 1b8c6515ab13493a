// SPDX-License-Identifier: Apache-2.0
// asn1 over a message that comes in pieces: an answer that was given on a part stands when the rest
// has come, and a whole message always has one.
#include "dataplane/base/check.h"
#include "dataplane/detect/asn1.h"

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    using detect::StepOutcome;
    constexpr std::size_t kHead = 5;
    if (size < kHead) {
        return 0;
    }
    bundle::Item item;
    item.kind = bundle::ItemKind::kAsn1;
    item.mask = data[0] & 7U;
    item.lo = data[1] * 16;
    item.offset = static_cast<std::int32_t>(data[2] % 16);
    item.flags = (data[3] & 1U) != 0 ? bundle::kRelative : 0U;
    const std::int64_t pos = data[4] % 32;
    // Of their own, so that a byte too far is seen.
    const std::vector<std::uint8_t> bytes(data + kHead, data + size);
    const StepOutcome whole = detect::check_asn1(item, {bytes, 0, 0, true}, pos);
    SLUICE_CHECK(whole != StepOutcome::kShort);
    for (std::size_t n = 0; n <= bytes.size(); ++n) {
        const std::vector<std::uint8_t> part(bytes.begin(),
                                             bytes.begin() + static_cast<std::ptrdiff_t>(n));
        const StepOutcome so_far = detect::check_asn1(item, {part, 0, 0, false}, pos);
        SLUICE_CHECK(so_far == StepOutcome::kShort || so_far == whole);
    }
    return 0;
}
