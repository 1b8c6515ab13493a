// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/http_contexts.h"

#include "dataplane/verdict/event_fields.h"

namespace sluice::verdict {

void HttpContexts::note(std::uint64_t tx_id, const app::HttpSummary& summary) {
    if (size_ == 0 || contexts_[size_ - 1].tx_id != tx_id) {
        size_ += size_ < contexts_.size() ? 1 : 0;
    }
    Context& c = contexts_[size_ - 1];
    c.tx_id = tx_id;
    fill(summary, c.fields);
}

const abi::HttpFields* HttpContexts::find(const detect::Match& m) const {
    for (std::size_t i = size_; i-- > 0;) {
        if (!m.has_tx || contexts_[i].tx_id == m.tx_id) {
            return &contexts_[i].fields;
        }
    }
    return nullptr;
}

}  // namespace sluice::verdict
