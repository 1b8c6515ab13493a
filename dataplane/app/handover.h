// SPDX-License-Identifier: Apache-2.0
// Handover: what a parser says when the connection becomes another protocol's: a granted CONNECT,
// an upgrade, STARTTLS. What follows in each direction is then recognised anew (app_anew.cc). A
// value; any thread.
#pragma once

#include "dataplane/base/proto.h"

namespace sluice::app {

struct Handover {
    // In both directions what lies behind the state's 'consumed' is not for this parser any more.
    bool done = false;
    AppProto expected = AppProto::kUnknown;  // what was announced, if that was said
    AppProto otherwise = AppProto::kNone;    // what the flow is where nothing is recognised
};

}  // namespace sluice::app
