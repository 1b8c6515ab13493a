// SPDX-License-Identifier: Apache-2.0
// What rules and events want of an X.509 certificate (RFC 5280): a walk over its DER that never
// goes back and trusts no length. Nothing is verified. Views point into the certificate; names
// become text as Suricata 7 prints them. Pure functions, no allocation; any thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/writer.h"

#include <cstdint>
#include <optional>

namespace sluice::app {

struct X509 {
    Bytes serial;                            // INTEGER as encoded
    Bytes issuer;                            // content of the Name
    Bytes subject;                           // content of the Name
    Bytes alt_names;                         // content of GeneralNames; empty: no such extension
    std::optional<std::int64_t> not_before;  // seconds since 1970; none: not a time
    std::optional<std::int64_t> not_after;
};

// False: not a certificate up to and including the subject. What follows it is taken as far as it
// can be read.
bool parse_x509(Bytes der, X509& out);

// "C=US, O=Example, CN=a + OU=b". Strings are shown as they are (BMPString as UTF-8), other values
// in hex. The text of a name with a string that is not UTF-8 is "<X509Error: Invalid X.509 name>".
// False: the text did not fit and ends where it stopped fitting.
bool write_name(Bytes name, Writer& out);

// "0A:FF".
bool write_hex_pairs(Bytes in, bool upper, Writer& out);

// Steps through GeneralNames: the next dNSName, rfc822Name, URI (as they are) or iPAddress (as
// text, made in 'scratch'). Empty: no more.
Bytes next_alt_name(Bytes& alt_names, MutableBytes scratch);

}  // namespace sluice::app
