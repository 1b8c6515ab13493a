// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/checksum.h"
#include "dataplane/decode/header_bytes.h"
#include "dataplane/decode/l3.h"

namespace sluice::decode {

using packet::Reason;

namespace {

constexpr std::size_t kMinHeader = 20;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kFragmentOffset = 0x1fff;
constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNop = 1;
constexpr std::uint8_t kLooseSourceRoute = 131;
constexpr std::uint8_t kStrictSourceRoute = 137;

enum class Options : std::uint8_t { kValid, kSourceRoute, kInvalid };

// Hosts drop a packet whose options do not add up, so one that we let through would only be there
// to confuse us.
Options judge_options(Bytes options) {
    Options found = Options::kValid;
    std::size_t at = 0;
    while (at < options.size()) {
        if (options[at] == kOptionEnd) {
            return found;
        }
        if (options[at] == kOptionNop) {
            ++at;
            continue;
        }
        if (options.size() - at < 2 || options[at + 1] < 2 ||
            options[at + 1] > options.size() - at) {
            return Options::kInvalid;
        }
        if (options[at] == kLooseSourceRoute || options[at] == kStrictSourceRoute) {
            found = Options::kSourceRoute;
        }
        at += options[at + 1];
    }
    return found;
}

// Two whole words, so that the flow stage, which reads the address in words soon after, need not
// wait for the stores.
void set_v4(packet::IpAddr& out, const std::uint8_t* wire) {
    std::uint32_t address;
    std::memcpy(&address, wire, sizeof address);
    const std::array<std::uint64_t, 2> words = {0, 0xffff0000U | static_cast<std::uint64_t>(address)
                                                                     << 32};
    std::memcpy(out.bytes.data(), words.data(), sizeof words);
}

bool header_checksum_good(Bytes header) {
    Checksum sum;
    sum.add(header);
    return sum.good();
}

}  // namespace

NetworkResult decode_ipv4(packet::Packet& packet, bool verify_checksum) {
    const std::uint8_t* ip = packet.data + packet.l3_off;
    const std::size_t available = packet.len - packet.l3_off;
    if (available < kMinHeader) {
        return {Reason::frame_truncated};
    }
    const std::size_t header = static_cast<std::size_t>(ip[0] & 0x0f) * 4;
    const std::size_t total = load16(ip, 2);
    if ((ip[0] >> 4) != 4 || header < kMinHeader || total < header) {
        return {Reason::ipv4_bad_header};
    }
    if (total > available) {
        return {Reason::frame_truncated};
    }
    packet.ip_version = 4;
    packet.ip_proto = ip[9];
    packet.ttl = ip[8];
    packet.ip_id = load16(ip, 4);
    set_v4(packet.src, ip + 12);
    set_v4(packet.dst, ip + 16);
    packet.l4_off = static_cast<std::uint16_t>(packet.l3_off + header);
    packet.payload_off = packet.l4_off;
    packet.payload_len = static_cast<std::uint32_t>(total - header);
    const std::uint16_t fragment = load16(ip, 6);
    packet.is_fragment = (fragment & (kMoreFragments | kFragmentOffset)) != 0;
    packet.more_fragments = (fragment & kMoreFragments) != 0;
    packet.frag_off = static_cast<std::uint16_t>((fragment & kFragmentOffset) * 8);
    packet.frag_id = packet.ip_id;
    if (verify_checksum && !header_checksum_good({ip, header})) {
        return {Reason::ipv4_bad_checksum};
    }
    if (header == kMinHeader) [[likely]] {
        return {};
    }
    NetworkResult result;
    result.options = true;
    const Options options = judge_options({ip + kMinHeader, header - kMinHeader});
    result.source_route = options == Options::kSourceRoute;
    if (options == Options::kInvalid) {
        result.reason = Reason::ipv4_bad_header;
    }
    return result;
}

}  // namespace sluice::decode
