// SPDX-License-Identifier: Apache-2.0
// HttpContexts: what the alerts of one packet tell of the HTTP transactions that they are about.
// Copied when a rule matches: a segment may bring several transactions, and the parser lets go of
// one when it reads the next. One worker thread.
#pragma once

#include "dataplane/abi/http_event.h"
#include "dataplane/app/buffers.h"
#include "dataplane/detect/match.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::verdict {

class HttpContexts {
  public:
    // What is known of the transaction by now; nothing of flows that are not HTTP. Of more
    // transactions than there is room for, the latest is told.
    void note(std::uint64_t tx_id, const app::HttpSummary& summary);

    void clear() { size_ = 0; }

    // Of the match's transaction; of the latest one for a match on none. Null: nothing is known.
    const abi::HttpFields* find(const detect::Match& m) const;

  private:
    struct Context {
        std::uint64_t tx_id = 0;
        abi::HttpFields fields;
    };

    std::array<Context, 8> contexts_;
    std::size_t size_ = 0;
};

}  // namespace sluice::verdict
