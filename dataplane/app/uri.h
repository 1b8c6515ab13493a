// SPDX-License-Identifier: Apache-2.0
// From a request target as sent to what http.uri means in Suricata 7: path decoded (%XX, %uXXXX,
// UTF-8 and overlong forms to their best-fit byte), back-slashes and runs of slashes made one '/',
// dot segments removed; query and fragment percent-decoded only; scheme and authority taken off
// (RFC 3986 sections 3 and 5.2.4, libhtp for the rest). Output is never longer than the target. Any
// thread.
#pragma once

#include "dataplane/base/cursor.h"

namespace sluice::app {

// Parts of a request target; a part that is absent has a null data().
struct UriParts {
    Bytes host;  // still encoded, mixed case
    Bytes path;
    Bytes query;
    Bytes fragment;
};

UriParts split_uri(Bytes uri);

// True if the target is its own normal form, which nearly all are: no copy is needed.
bool is_normal_uri(Bytes uri);

struct NormalUri {
    std::size_t size = 0;  // bytes written
    std::size_t path = 0;  // of them, those before query and fragment
};

// REQUIRES: out.size() >= uri.size()
NormalUri normalize_uri(const UriParts& parts, MutableBytes out);

// Percent-decodes, lower-cases and strips final dots. REQUIRES: out.size() >= host.size()
std::size_t normalize_uri_host(Bytes host, MutableBytes out);

}  // namespace sluice::app
