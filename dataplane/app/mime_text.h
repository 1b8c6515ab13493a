// SPDX-License-Identifier: Apache-2.0
// The words of MIME header fields (RFC 2045, 2183, 2231), read as Suricata 7 reads them. Views
// point into the caller's bytes. Pure functions, any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstddef>
#include <string_view>

namespace sluice::app {

// The name of a header field that starts the line; null: none does.
Bytes field_name(Bytes line);

// Writes the value of a parameter ("; name=value", in quotes or not, in sections name*0, name*1, or
// with a character set as name*) to 'out', as far as there is room. 'name' is lower-case.
struct Parameter {
    bool found = false;
    std::size_t size = 0;  // of the whole value, of which 'out' holds what fits
};

Parameter find_parameter(Bytes field, std::string_view name, MutableBytes out);

// "text/plain" of "text/plain; charset=utf-8".
Bytes media_type(Bytes field);

}  // namespace sluice::app
