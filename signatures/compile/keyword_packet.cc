// SPDX-License-Identifier: Apache-2.0
// More of one packet's headers: ipopts, icmpv6.mtu, the checksum keywords, l3_proto, and the header
// buffers (ipv4.hdr, tcp.hdr, ...). All but l3_proto make the rule one about packets.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ChecksumOf;
using bundle::CompareOp;
using bundle::HeaderProto;
using bundle::ItemKind;

struct IpOption {
    std::string_view name;
    std::uint8_t number;  // RFC 791 section 3.1, RFC 1108
};

constexpr std::array kIpOptions{
    IpOption{"eol", 0},    IpOption{"nop", 1},     IpOption{"rr", 7},
    IpOption{"ts", 68},    IpOption{"sec", 130},   IpOption{"lsrr", 131},
    IpOption{"esec", 133}, IpOption{"satid", 136}, IpOption{"ssrr", 137},
};

void read_ipopts(RuleDraft& draft, const Argument& arg) {
    bundle::Item item;
    item.kind = ItemKind::kIpOpts;
    bool known = lang::equal_nocase(arg.value, "any");
    item.op = known ? CompareOp::kGe : CompareOp::kEq;
    for (const IpOption& o : kIpOptions) {
        if (lang::equal_nocase(o.name, arg.value)) {
            item.lo = o.number;
            known = true;
        }
    }
    if (!known) {
        draft.invalid(arg.option, "rr, eol, nop, ts, sec, esec, lsrr, ssrr, satid or any expected");
        return;
    }
    draft.needs_packet = true;
    draft.append_header(ItemKind::kIpOpts, arg.option).item = item;
}

void read_mtu(RuleDraft& draft, const Argument& arg) {
    const auto range = parse_range(arg.value, UINT32_MAX);
    if (!range) {
        draft.invalid(arg.option, "size or range expected");
        return;
    }
    draft.needs_packet = true;
    put_range(*range, draft.append_header(ItemKind::kIcmp6Mtu, arg.option).item);
}

struct ChecksumRow {
    std::string_view keyword;
    ChecksumOf what;
};

constexpr std::array kChecksums{
    ChecksumRow{"icmpv4-csum", ChecksumOf::kIcmp4}, ChecksumRow{"icmpv6-csum", ChecksumOf::kIcmp6},
    ChecksumRow{"ipv4-csum", ChecksumOf::kIpv4},    ChecksumRow{"tcpv4-csum", ChecksumOf::kTcp4},
    ChecksumRow{"tcpv6-csum", ChecksumOf::kTcp6},   ChecksumRow{"udpv4-csum", ChecksumOf::kUdp4},
    ChecksumRow{"udpv6-csum", ChecksumOf::kUdp6},
};

void read_checksum(RuleDraft& draft, const Argument& arg) {
    const bool valid = lang::equal_nocase(arg.value, "valid");
    if (!valid && !lang::equal_nocase(arg.value, "invalid")) {
        draft.invalid(arg.option, "valid or invalid expected");
        return;
    }
    draft.needs_packet = true;
    bundle::Item& item = draft.append_header(ItemKind::kChecksum, arg.option).item;
    item.lo = valid ? 1 : 0;
    for (const ChecksumRow& row : kChecksums) {
        if (row.keyword == arg.keyword.canonical) {
            item.var = static_cast<std::uint32_t>(row.what);
        }
    }
}

void read_l3_proto(RuleDraft& draft, const Argument& arg) {
    const bool v4 = arg.value == "ipv4" || arg.value == "ip4";
    const bool v6 = arg.value == "ipv6" || arg.value == "ip6";
    if (!v4 && !v6) {
        draft.invalid(arg.option, "ipv4 or ipv6 expected");
        return;
    }
    constexpr std::uint32_t kEither = bundle::kRuleIpv4Only | bundle::kRuleIpv6Only;
    if ((draft.rule.flow_flags & kEither) != 0) {
        draft.invalid(arg.option, "the rule names its version of IP already");
        return;
    }
    draft.rule.flow_flags |= v4 ? bundle::kRuleIpv4Only : bundle::kRuleIpv6Only;
}

// What a header buffer makes of the rule's protocol.
struct HeaderBufferRow {
    std::string_view keyword;
    HeaderProto proto;  // kIp: any
    std::uint32_t flags;
};

constexpr std::array kHeaderBuffers{
    HeaderBufferRow{"icmpv4.hdr", HeaderProto::kIcmp, bundle::kRuleIcmp4Only},
    HeaderBufferRow{"icmpv6.hdr", HeaderProto::kIcmp, bundle::kRuleIcmp6Only},
    HeaderBufferRow{"ipv4.hdr", HeaderProto::kIp, bundle::kRuleIpv4Only},
    HeaderBufferRow{"ipv6.hdr", HeaderProto::kIp, bundle::kRuleIpv6Only},
    HeaderBufferRow{"tcp.hdr", HeaderProto::kTcp, 0},
    HeaderBufferRow{"udp.hdr", HeaderProto::kUdp, 0},
};

void read_header_buffer(RuleDraft& draft, const Argument& arg) {
    for (const HeaderBufferRow& row : kHeaderBuffers) {
        if (row.keyword != arg.keyword.canonical) {
            continue;
        }
        if (row.proto != HeaderProto::kIp) {
            if (draft.rule.proto != HeaderProto::kIp && draft.rule.proto != row.proto) {
                draft.invalid(arg.option,
                              arg.option.name + " does not exist in packets of " + draft.ast.proto);
                return;
            }
            draft.rule.proto = row.proto;
        }
        draft.rule.flow_flags |= row.flags;
    }
    draft.needs_packet = true;
    draft.open_sticky(arg.keyword.canonical, arg.option);
}

constexpr std::array kRows{
    HandlerRow{"icmpv4-csum", read_checksum},   HandlerRow{"icmpv4.hdr", read_header_buffer},
    HandlerRow{"icmpv6-csum", read_checksum},   HandlerRow{"icmpv6.hdr", read_header_buffer},
    HandlerRow{"icmpv6.mtu", read_mtu},         HandlerRow{"ipopts", read_ipopts},
    HandlerRow{"ipv4-csum", read_checksum},     HandlerRow{"ipv4.hdr", read_header_buffer},
    HandlerRow{"ipv6.hdr", read_header_buffer}, HandlerRow{"l3_proto", read_l3_proto},
    HandlerRow{"tcp.hdr", read_header_buffer},  HandlerRow{"tcpv4-csum", read_checksum},
    HandlerRow{"tcpv6-csum", read_checksum},    HandlerRow{"udp.hdr", read_header_buffer},
    HandlerRow{"udpv4-csum", read_checksum},    HandlerRow{"udpv6-csum", read_checksum},
};

}  // namespace

std::span<const HandlerRow> packet_handlers() {
    return kRows;
}

}  // namespace sluice::compile
