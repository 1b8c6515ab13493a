// SPDX-License-Identifier: Apache-2.0
// The application protocols that a rule may name, in its header or by app-layer-protocol: which of
// them dataplane/app tells by their bytes, over what they run. Any thread.
#pragma once

#include "dataplane/base/proto.h"
#include "signatures/bundle/model.h"

#include <string_view>

namespace sluice::compile {

struct AppProtocol {
    std::string_view name;  // as in a rule's header
    AppProto app = AppProto::kUnknown;
    bundle::HeaderProto transport = bundle::HeaderProto::kTcp;  // kIp: TCP and UDP
};

// Null: not a protocol that this version recognises.
const AppProtocol* find_app_protocol(std::string_view name);

// For messages; "?" for what no rule can name.
std::string_view name_of(AppProto app);

}  // namespace sluice::compile
