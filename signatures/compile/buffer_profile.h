// SPDX-License-Identifier: Apache-2.0
// What ordinary traffic carries in each inspection buffer: how many bytes per transaction, how
// often the buffer is there, and values so usual that a literal inside one of them filters nothing
// ("GET" in a method, "Mozilla/5.0" in a user agent). Constants; any thread.
#pragma once

#include "dataplane/base/proto.h"

#include <cstdint>
#include <string_view>

namespace sluice::compile {

struct BufferProfile {
    double bytes = 0;     // typical length per transaction when present; for raw payload, per
                          // direction of an exchange
    double presence = 1;  // share of transactions that have the buffer
    double scan_cost =
        0;  // price of one more literal in its database, in candidate verifications per transaction
    double binary_share = 0;  // share of its bytes that are not text
    bool streaming = false;   // arrives in pieces, so is scanned in pieces
};

const BufferProfile& profile_of(BufferId buffer);

// Share of ordinary transactions whose buffer contains the literal, as far as the list of usual
// values tells; 0: in none.
double usual_share(BufferId buffer, std::string_view literal, bool nocase);

}  // namespace sluice::compile
