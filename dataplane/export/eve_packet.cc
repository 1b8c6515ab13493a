// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_packet.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::exporter {
namespace {

// libpcap's DLT_ numbers, as Suricata's.
std::uint64_t link_type(abi::EventLink link) {
    switch (link) {
        case abi::EventLink::kEthernet:
            return 1;
        case abi::EventLink::kPpp:
            return 9;
        case abi::EventLink::kRawIp:
            break;
    }
    return 12;
}

}  // namespace

std::string to_base64(Bytes bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t n = std::min<std::size_t>(bytes.size() - at, 3);
        std::uint32_t word = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            word = word << 8 | (i < n ? bytes[at + i] : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= n ? kDigits[word >> (18 - 6 * i) & 0x3fU] : '=';
        }
    }
    return out;
}

void write_packet(const abi::EventRecord& e, JsonWriter& json) {
    const std::size_t n = std::min<std::size_t>(e.data_len, e.data.size());
    json.field("packet", to_base64(Bytes(e.data).first(n)));
    json.key("packet_info").begin_object();
    json.field("linktype", link_type(e.link));
    if (n < e.packet_len) {
        json.flag("cut", true);
    }
    json.end_object();
}

}  // namespace sluice::exporter
