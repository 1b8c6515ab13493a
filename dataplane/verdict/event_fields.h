// SPDX-License-Identifier: Apache-2.0
// What events tell of HTTP, TLS and flows, from what the stages know: numbers copied, texts cut to
// the room of an event. One worker thread.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/app/buffers.h"
#include "dataplane/base/time.h"
#include "dataplane/flow/flow.h"

namespace sluice::verdict {

void fill(const app::HttpSummary& http, abi::HttpFields& out);

// The request as it was kept, with what is known of the response now.
void add_response(const abi::HttpFields& request, app::HttpSummary response, abi::HttpFields& out);

abi::TlsFields fields_of(const app::TlsSummary& tls);

// At the end of the flow.
void fill(const flow::Flow& f, const Now& now, abi::FlowFields& out);

}  // namespace sluice::verdict
