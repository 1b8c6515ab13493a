// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/l2.h"

#include "dataplane/decode/header_bytes.h"

namespace sluice::decode {

using packet::Reason;

namespace {

constexpr std::size_t kLabel = 4;
constexpr std::size_t kControlWord = 4;
constexpr std::size_t kPppoeHeader = 6;
constexpr std::uint16_t kPppIpv4 = 0x0021;
constexpr std::uint16_t kPppIpv6 = 0x0057;

// A frame, and once more when a pseudowire carries one; deeper ones have no honest use.
constexpr int kMaxEthernetHeaders = 2;

bool is_vlan(std::uint16_t ether_type) {
    return ether_type == kEtherVlan || ether_type == kEtherServiceVlan ||
           ether_type == kEtherOldQinQ;
}

bool is_ip(std::uint16_t ether_type) {
    return ether_type == kEtherIpv4 || ether_type == kEtherIpv6;
}

LinkResult found(Reason reason, std::uint16_t ether_type, std::size_t offset) {
    LinkResult r;
    r.reason = reason;
    r.ether_type = ether_type;
    r.offset = static_cast<std::uint16_t>(offset);
    return r;
}

// Receivers cut the packet to PPPoE's length, so that a longer one inside is none for them.
bool ip_fits(Bytes ip, std::uint16_t ether_type) {
    if (ip.size() < 6) {
        return false;
    }
    const std::size_t whole =
        ether_type == kEtherIpv4 ? load16(ip.data(), 2) : std::size_t{load16(ip.data(), 4)} + 40;
    return whole <= ip.size();
}

// Version, type and code are not looked at: common receivers do not, either.
LinkResult read_pppoe(Bytes frame, std::size_t at) {
    if (frame.size() - at < kPppoeHeader) {
        return found(Reason::frame_truncated, kEtherPppoe, at);
    }
    const std::size_t length = load16(frame.data(), at + 4);
    at += kPppoeHeader;
    if (length > frame.size() - at) {
        return found(Reason::frame_truncated, kEtherPppoe, at);
    }
    const Bytes session = frame.first(at + length);
    LinkResult r = read_ppp(session, at);
    if (r.reason == Reason::ethertype_uninspected) {
        r.reason = Reason::pppoe_uninspected;
    } else if (r.reason == Reason::none && !ip_fits(session.subspan(r.offset), r.ether_type)) {
        r.reason = Reason::frame_truncated;
    }
    return r;
}

// 'at' is behind an EtherType.
LinkResult read_shim(Bytes frame, std::uint16_t ether_type, std::size_t at) {
    switch (ether_type) {
        case kEtherMpls:
        case kEtherMplsUpstream:
            return read_labels(frame, at);
        case kEtherPppoe:
            return read_pppoe(frame, at);
        case kEtherPppoeControl:
            return found(Reason::pppoe_uninspected, ether_type, at);
        default:
            return found(Reason::ethertype_uninspected, ether_type, at);
    }
}

// One Ethernet header at 'start' with its tags and what they are in front of; 'tags' collects.
LinkResult read_ethernet(Bytes frame, std::size_t start, LinkResult& tags) {
    if (frame.size() - start < kEthernetHeader) {
        return found(Reason::frame_truncated, 0, start);
    }
    std::size_t at = start + kEthernetHeader;
    std::uint16_t ether_type = load16(frame.data(), at - 2);
    while (is_vlan(ether_type))
        [[unlikely]] {
            if (tags.vlan_count == tags.vlan.size()) {
                return found(Reason::vlan_depth, ether_type, at);
            }
            if (frame.size() - at < kVlanTag) {
                return found(Reason::frame_truncated, ether_type, at);
            }
            tags.vlan[tags.vlan_count++] = load16(frame.data(), at) & 0x0fff;
            ether_type = load16(frame.data(), at + 2);
            at += kVlanTag;
        }
    return is_ip(ether_type) ? found(Reason::none, ether_type, at)
                             : read_shim(frame, ether_type, at);
}

}  // namespace

LinkResult read_link(Bytes frame) {
    LinkResult tags;
    LinkResult r;
    for (int headers = 0; headers < kMaxEthernetHeaders; ++headers) {
        r = read_ethernet(frame, r.offset, tags);
        if (r.reason != Reason::none || r.ether_type != 0) [[likely]] {
            break;
        }
    }
    if (r.reason == Reason::none && r.ether_type == 0) {
        r.reason = Reason::ethertype_uninspected;
    }
    r.vlan_count = tags.vlan_count;
    r.vlan = tags.vlan;
    return r;
}

LinkResult decode_link(packet::Packet& packet) {
    if (packet.len >= kEthernetHeader) [[likely]] {  // nearly every frame has no tags
        const std::uint16_t ether_type = load16(packet.data, kEthernetHeader - 2);
        if (is_ip(ether_type)) {
            packet.l3_off = kEthernetHeader;
            return found(Reason::none, ether_type, kEthernetHeader);
        }
    }
    const LinkResult r = read_link(packet.frame());
    packet.l3_off = r.offset;
    for (std::size_t i = 0; i < r.vlan_count && packet.vlan_count < packet.vlan.size(); ++i) {
        packet.vlan[packet.vlan_count++] = r.vlan[i];
    }
    return r;
}

LinkResult read_labels(Bytes frame, std::size_t offset) {
    std::size_t at = offset;
    for (bool bottom = false; !bottom; at += kLabel) {
        if (at - offset == kMaxMplsLabels * kLabel) {
            return found(Reason::mpls_depth, kEtherMpls, at);
        }
        if (frame.size() - at < kLabel) {
            return found(Reason::frame_truncated, kEtherMpls, at);
        }
        bottom = (frame[at + 2] & 1U) != 0;
    }
    if (frame.size() == at) {
        return found(Reason::frame_truncated, kEtherMpls, at);
    }
    switch (frame[at] >> 4) {
        case 4:
            return found(Reason::none, kEtherIpv4, at);
        case 6:
            return found(Reason::none, kEtherIpv6, at);
        case 0:  // control word of a pseudowire
            return frame.size() - at < kControlWord ? found(Reason::frame_truncated, kEtherMpls, at)
                                                    : found(Reason::none, 0, at + kControlWord);
        default:
            return found(Reason::ethertype_uninspected, kEtherMpls, at);
    }
}

LinkResult read_ppp(Bytes frame, std::size_t offset) {
    Cursor in(frame.subspan(offset));
    if (in.remaining() >= 2 && frame[offset] == 0xff && frame[offset + 1] == 0x03) {
        in.skip(2);
    }
    std::uint16_t protocol = in.u8();
    if ((protocol & 1U) == 0) {  // an odd first byte is all of a compressed field (section 6.5)
        protocol = static_cast<std::uint16_t>(protocol << 8U | in.u8());
    }
    const std::size_t at = offset + in.offset();
    if (!in.ok()) {
        return found(Reason::frame_truncated, 0, frame.size());
    }
    switch (protocol) {
        case kPppIpv4:
            return found(Reason::none, kEtherIpv4, at);
        case kPppIpv6:
            return found(Reason::none, kEtherIpv6, at);
        default:
            return found(Reason::ethertype_uninspected, 0, at);
    }
}

}  // namespace sluice::decode
