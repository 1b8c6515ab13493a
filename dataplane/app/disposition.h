// SPDX-License-Identifier: Apache-2.0
// Parameters of HTTP's Content-Disposition (RFC 6266, 7578) and Content-Type, read as Suricata 7
// reads them where it finds one: the first of the name, in quotes or not, with backslashes left as
// they are. What it gives up on, and servers take, is read, too: a quote that is not closed, blanks
// before the '=', filename*. Views point into the caller's bytes. Pure functions, any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <string_view>

namespace sluice::app {

// The value of "name=value" in a list with semicolons; null: there is none. 'lower' is lower-case.
Bytes header_parameter(Bytes field, std::string_view lower);

// filename, else filename* without its character set and still encoded; null: none.
Bytes file_name_of(Bytes disposition);

// The boundary of a multipart media type (RFC 2046 section 5.1.1); null: it is none.
Bytes boundary_of(Bytes content_type);

}  // namespace sluice::app
