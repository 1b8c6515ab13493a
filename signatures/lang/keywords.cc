// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/keywords.h"

#include <algorithm>
#include <array>

namespace sluice::lang {
namespace {

constexpr auto kKeywords = [] {
    using enum KeywordClass;
    using enum KeywordValue;
    return std::to_array<Keyword>({
#define SLUICE_KEYWORD(name, canonical, kind, value, protocol) \
    Keyword{name, canonical, kind, value, protocol},
#include "signatures/lang/keywords.def"
#undef SLUICE_KEYWORD
    });
}();

constexpr auto kProtocols = [] {
    using enum ProtocolKind;
    // Application protocols from `suricata --list-app-layer-protos`, and modbus, dnp3 and enip,
    // which its stock configuration turns off.
    return std::to_array<Protocol>({
        {"bittorrent-dht", kApp},
        {"dcerpc", kApp},
        {"dhcp", kApp},
        {"dnp3", kApp},
        {"dns", kApp},
        {"enip", kApp},
        {"ftp", kApp},
        {"ftp-data", kApp},
        {"http", kApp},
        {"http1", kApp},
        {"http2", kApp},
        {"icmp", kTransport},
        {"icmpv4", kTransport},
        {"icmpv6", kTransport},
        {"ike", kApp},
        {"imap", kApp},
        {"ip", kTransport},
        {"ip4", kTransport},
        {"ip6", kTransport},
        {"ipv4", kTransport},
        {"ipv6", kTransport},
        {"krb5", kApp},
        {"modbus", kApp},
        {"mqtt", kApp},
        {"nfs", kApp},
        {"ntp", kApp},
        {"pgsql", kApp},
        {"pkthdr", kDecoder},
        {"pop3", kApp},
        {"quic", kApp},
        {"rdp", kApp},
        {"rfb", kApp},
        {"sctp", kTransport},
        {"sip", kApp},
        {"smb", kApp},
        {"smtp", kApp},
        {"snmp", kApp},
        {"ssh", kApp},
        {"tcp", kTransport},
        {"tcp-pkt", kTransport},
        {"tcp-stream", kTransport},
        {"telnet", kApp},
        {"tftp", kApp},
        {"tls", kApp},
        {"udp", kTransport},
    });
}();

template <typename T, std::size_t N>
constexpr const T* find_by_name(const std::array<T, N>& table, std::string_view name) {
    const auto* at =
        std::lower_bound(table.begin(), table.end(), name,
                         [](const T& row, std::string_view n) { return row.name < n; });
    return at != table.end() && at->name == name ? at : nullptr;
}

template <typename T, std::size_t N>
constexpr bool sorted_by_name(const std::array<T, N>& table) {
    for (std::size_t i = 1; i < N; ++i) {
        if (!(table[i - 1].name < table[i].name)) {
            return false;
        }
    }
    return true;
}

static_assert(sorted_by_name(kKeywords));
static_assert(sorted_by_name(kProtocols));

}  // namespace

const Keyword* find_keyword(std::string_view name) {
    return find_by_name(kKeywords, name);
}

std::span<const Keyword> all_keywords() {
    return kKeywords;
}

const Protocol* find_protocol(std::string_view name) {
    return find_by_name(kProtocols, name);
}

std::span<const Protocol> all_protocols() {
    return kProtocols;
}

}  // namespace sluice::lang
