// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/app_protocols.h"

#include <array>

namespace sluice::compile {
namespace {

// What dataplane/app/detector.cc can answer.
constexpr std::array kAppProtocols{
    AppProtocol{"http", AppProto::kHttp1},
    AppProtocol{"http1", AppProto::kHttp1},
    AppProtocol{"http2", AppProto::kHttp2},
    AppProtocol{"tls", AppProto::kTls},
    AppProtocol{"dns", AppProto::kDns, bundle::HeaderProto::kIp},
    AppProtocol{"smtp", AppProto::kSmtp},
    AppProtocol{"ftp", AppProto::kFtp},
    AppProtocol{"ssh", AppProto::kSsh},
    AppProtocol{"smb", AppProto::kSmb},
    AppProtocol{"dcerpc", AppProto::kDcerpc},
    AppProtocol{"imap", AppProto::kImap},
    AppProtocol{"pop3", AppProto::kPop3},
    AppProtocol{"rfb", AppProto::kRfb},
    AppProtocol{"sip", AppProto::kSip, bundle::HeaderProto::kIp},
};

}  // namespace

const AppProtocol* find_app_protocol(std::string_view name) {
    for (const AppProtocol& p : kAppProtocols) {
        if (p.name == name) {
            return &p;
        }
    }
    return nullptr;
}

std::string_view name_of(AppProto app) {
    for (const AppProtocol& p : kAppProtocols) {
        if (p.app == app) {
            return p.name;
        }
    }
    return "?";
}

}  // namespace sluice::compile
