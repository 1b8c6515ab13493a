// SPDX-License-Identifier: Apache-2.0
// What is odd about the first line and headers of a message, as events of Suricata 7.0.10 and
// libhtp name it. Read once per message, from the parts that the store is built from; nothing here
// changes how a message is understood. Pure functions, any thread.
#pragma once

#include "dataplane/app/http1_fields.h"
#include "dataplane/app/http1_text.h"
#include "dataplane/base/app_events.h"
#include "dataplane/base/cursor.h"

namespace sluice::app {

// 'line' without its line end, as 'request' was read from.
void note_request_line(Bytes line, const RequestLine& request, AppEventSet& events);

void note_status_line(const StatusLine& status, AppEventSet& events);

// 'uri_host': of the target, null if it has none.
void note_request_fields(const Http1Fields& fields, const RequestLine& request, Bytes uri_host,
                         AppEventSet& events);

void note_response_fields(const Http1Fields& fields, const StatusLine& status, AppEventSet& events);

// A Content-Range that Suricata cannot read, or of which no file can have all (RFC 9110 section
// 14.4).
bool has_bad_range(const Http1Fields& fields);

}  // namespace sluice::app
