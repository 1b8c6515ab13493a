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
    AppProtocol{"ftp-data", AppProto::kFtpData},
    AppProtocol{"ssh", AppProto::kSsh},
    AppProtocol{"smb", AppProto::kSmb},
    AppProtocol{"dcerpc", AppProto::kDcerpc, bundle::HeaderProto::kIp},
    AppProtocol{"imap", AppProto::kImap},
    AppProtocol{"pop3", AppProto::kPop3},
    AppProtocol{"rfb", AppProto::kRfb},
    AppProtocol{"sip", AppProto::kSip, bundle::HeaderProto::kIp},
    AppProtocol{"rdp", AppProto::kRdp},
    AppProtocol{"mqtt", AppProto::kMqtt},
    AppProtocol{"telnet", AppProto::kTelnet},
    AppProtocol{"pgsql", AppProto::kPgsql},
    AppProtocol{"modbus", AppProto::kModbus},
    AppProtocol{"dnp3", AppProto::kDnp3},
    AppProtocol{"enip", AppProto::kEnip, bundle::HeaderProto::kIp},
    AppProtocol{"krb5", AppProto::kKrb5, bundle::HeaderProto::kIp},
    AppProtocol{"nfs", AppProto::kNfs, bundle::HeaderProto::kIp},
    AppProtocol{"quic", AppProto::kQuic, bundle::HeaderProto::kUdp},
    AppProtocol{"tftp", AppProto::kTftp, bundle::HeaderProto::kUdp},
    AppProtocol{"dhcp", AppProto::kDhcp, bundle::HeaderProto::kUdp},
    AppProtocol{"snmp", AppProto::kSnmp, bundle::HeaderProto::kUdp},
    AppProtocol{"ntp", AppProto::kNtp, bundle::HeaderProto::kUdp},
    AppProtocol{"ike", AppProto::kIke, bundle::HeaderProto::kUdp},
    AppProtocol{"bittorrent-dht", AppProto::kBittorrentDht, bundle::HeaderProto::kUdp},
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
