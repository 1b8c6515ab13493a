// SPDX-License-Identifier: Apache-2.0
// Fields of one packet's headers: ttl, id, tos, fragments, icmp, tcp, ip_proto. All make the rule
// one about packets.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;

DraftItem& put(RuleDraft& draft, const Argument& arg, ItemKind kind) {
    draft.needs_packet = true;
    return draft.append_header(kind, arg.option);
}

void read_small_range(RuleDraft& draft, const Argument& arg, ItemKind kind, std::uint64_t max) {
    const auto range = parse_range(arg.value, max);
    if (!range) {
        draft.invalid(arg.option, "number or range up to " + std::to_string(max) + " expected");
        return;
    }
    put_range(*range, put(draft, arg, kind).item);
}

void read_number(RuleDraft& draft, const Argument& arg, ItemKind kind, std::uint64_t max) {
    const auto n = parse_decimal(arg.value, max);
    if (!n) {
        draft.invalid(arg.option, "number up to " + std::to_string(max) + " expected");
        return;
    }
    put(draft, arg, kind).item.lo = static_cast<std::int64_t>(*n);
}

void read_ttl(RuleDraft& draft, const Argument& arg) {
    read_small_range(draft, arg, ItemKind::kTtl, UINT8_MAX);
}

void read_itype(RuleDraft& draft, const Argument& arg) {
    read_small_range(draft, arg, ItemKind::kItype, UINT8_MAX);
}

void read_icode(RuleDraft& draft, const Argument& arg) {
    read_small_range(draft, arg, ItemKind::kIcode, UINT8_MAX);
}

void read_mss(RuleDraft& draft, const Argument& arg) {
    read_small_range(draft, arg, ItemKind::kTcpMss, UINT16_MAX);
}

void read_icmp_id(RuleDraft& draft, const Argument& arg) {
    read_number(draft, arg, ItemKind::kIcmpId, UINT16_MAX);
}

void read_icmp_seq(RuleDraft& draft, const Argument& arg) {
    read_number(draft, arg, ItemKind::kIcmpSeq, UINT16_MAX);
}

void read_ip_id(RuleDraft& draft, const Argument& arg) {
    read_number(draft, arg, ItemKind::kIpId, UINT16_MAX);
}

void read_ack(RuleDraft& draft, const Argument& arg) {
    read_number(draft, arg, ItemKind::kTcpAck, UINT32_MAX);
}

void read_seq(RuleDraft& draft, const Argument& arg) {
    read_number(draft, arg, ItemKind::kTcpSeq, UINT32_MAX);
}

void read_sameip(RuleDraft& draft, const Argument& arg) {
    put(draft, arg, ItemKind::kSameIp);
}

// "!5"
std::string_view take_negation(std::string_view s, bool& negated) {
    negated = s.starts_with('!');
    return negated ? lang::trim_left(s.substr(1)) : s;
}

void read_window(RuleDraft& draft, const Argument& arg) {
    bool negated = false;
    const auto n = parse_decimal(take_negation(arg.value, negated), UINT16_MAX);
    if (!n) {
        draft.invalid(arg.option, "number up to 65535 expected, '!' allowed");
        return;
    }
    bundle::Item& item = put(draft, arg, ItemKind::kTcpWindow).item;
    item.lo = static_cast<std::int64_t>(*n);
    item.op = negated ? CompareOp::kNe : CompareOp::kEq;
}

void read_tos(RuleDraft& draft, const Argument& arg) {
    bool negated = false;
    std::string_view s = take_negation(arg.value, negated);
    const bool hex = s.starts_with('x') || s.starts_with('X');
    const auto n = hex ? parse_unsigned("0" + std::string(s)) : parse_decimal(s, UINT8_MAX);
    if (!n || *n > UINT8_MAX) {
        draft.invalid(arg.option, "number up to 255, decimal or xHH, expected");
        return;
    }
    bundle::Item& item = put(draft, arg, ItemKind::kTos).item;
    item.lo = static_cast<std::int64_t>(*n);
    item.op = negated ? CompareOp::kNe : CompareOp::kEq;
}

void read_fragoffset(RuleDraft& draft, const Argument& arg) {
    std::string_view s = arg.value;
    CompareOp op = CompareOp::kEq;
    if (s.starts_with('<') || s.starts_with('>')) {
        op = s.front() == '<' ? CompareOp::kLt : CompareOp::kGt;
        s = lang::trim_left(s.substr(1));
    }
    const auto n = parse_decimal(s, UINT16_MAX);
    if (!n) {
        draft.invalid(arg.option, "number expected, '<' and '>' allowed");
        return;
    }
    bundle::Item& item = put(draft, arg, ItemKind::kFragOffset).item;
    item.lo = static_cast<std::int64_t>(*n);
    item.op = op;
}

// "+": all of them, "*": any of them, "!": not all of them; before or after the letters.
struct Bits {
    CompareOp op = CompareOp::kEq;
    bool negated = false;
    std::uint8_t value = 0;
};

struct BitLetter {
    char letter;
    std::uint8_t bit;
};

constexpr std::array kTcpLetters{
    BitLetter{'F', 0x01}, BitLetter{'S', 0x02}, BitLetter{'R', 0x04}, BitLetter{'P', 0x08},
    BitLetter{'A', 0x10}, BitLetter{'U', 0x20}, BitLetter{'2', 0x40}, BitLetter{'E', 0x40},
    BitLetter{'1', 0x80}, BitLetter{'C', 0x80}, BitLetter{'0', 0x00},
};

// In the order of the first three bits of the fragment field of IPv4.
constexpr std::array kFragLetters{BitLetter{'R', 4}, BitLetter{'D', 2}, BitLetter{'M', 1}};

template <std::size_t N>
bool read_letters(std::string_view s, const std::array<BitLetter, N>& letters, std::uint8_t& out) {
    for (const char c : s) {
        bool known = false;
        for (const BitLetter& l : letters) {
            if (l.letter == c) {
                out = static_cast<std::uint8_t>(out | l.bit);
                known = true;
            }
        }
        if (!known) {
            return false;
        }
    }
    return !s.empty();
}

template <std::size_t N>
bool read_bits(std::string_view s, const std::array<BitLetter, N>& letters, Bits& out) {
    constexpr std::string_view kModifiers = "+*!";
    char modifier = ' ';
    s = lang::trim(s);
    if (!s.empty() && kModifiers.find(s.front()) != std::string_view::npos) {
        modifier = s.front();
        s.remove_prefix(1);
    } else if (!s.empty() && kModifiers.find(s.back()) != std::string_view::npos) {
        modifier = s.back();
        s.remove_suffix(1);
    }
    out.op = modifier == '*' ? CompareOp::kOr : modifier == ' ' ? CompareOp::kEq : CompareOp::kAnd;
    out.negated = modifier == '!';
    return read_letters(lang::trim(s), letters, out.value);
}

void put_bits(const Bits& bits, bundle::Item& item) {
    item.op = bits.op;
    item.lo = bits.value;
    item.flags |= bits.negated ? bundle::kNegated : 0U;
}

void read_flags(RuleDraft& draft, const Argument& arg) {
    const auto parts = split(arg.value, ',');
    Bits bits;
    std::uint8_t ignored = 0;
    if (parts.size() > 2 || !read_bits(parts[0], kTcpLetters, bits) ||
        (parts.size() == 2 && !read_letters(parts[1], kTcpLetters, ignored))) {
        draft.invalid(arg.option, "TCP flag letters out of FSRPAUEC120 expected");
        return;
    }
    bundle::Item& item = put(draft, arg, ItemKind::kTcpFlags).item;
    put_bits(bits, item);
    item.mask = ignored;
}

void read_fragbits(RuleDraft& draft, const Argument& arg) {
    Bits bits;
    if (!read_bits(arg.value, kFragLetters, bits)) {
        draft.invalid(arg.option, "fragment bit letters out of MDR expected");
        return;
    }
    put_bits(bits, put(draft, arg, ItemKind::kFragBits).item);
}

// The names that rules use; /etc/protocols differs between machines, a bundle must not.
struct ProtocolNumber {
    std::string_view name;
    std::uint8_t number;
};

constexpr std::array kProtocolNumbers{
    ProtocolNumber{"ip", 0},         ProtocolNumber{"icmp", 1},
    ProtocolNumber{"igmp", 2},       ProtocolNumber{"ggp", 3},
    ProtocolNumber{"ipencap", 4},    ProtocolNumber{"st", 5},
    ProtocolNumber{"tcp", 6},        ProtocolNumber{"egp", 8},
    ProtocolNumber{"igp", 9},        ProtocolNumber{"pup", 12},
    ProtocolNumber{"udp", 17},       ProtocolNumber{"hmp", 20},
    ProtocolNumber{"xns-idp", 22},   ProtocolNumber{"rdp", 27},
    ProtocolNumber{"iso-tp4", 29},   ProtocolNumber{"dccp", 33},
    ProtocolNumber{"xtp", 36},       ProtocolNumber{"ddp", 37},
    ProtocolNumber{"ipv6", 41},      ProtocolNumber{"ipv6-route", 43},
    ProtocolNumber{"ipv6-frag", 44}, ProtocolNumber{"idrp", 45},
    ProtocolNumber{"rsvp", 46},      ProtocolNumber{"gre", 47},
    ProtocolNumber{"esp", 50},       ProtocolNumber{"ah", 51},
    ProtocolNumber{"skip", 57},      ProtocolNumber{"ipv6-icmp", 58},
    ProtocolNumber{"icmpv6", 58},    ProtocolNumber{"ipv6-nonxt", 59},
    ProtocolNumber{"ipv6-opts", 60}, ProtocolNumber{"rspf", 73},
    ProtocolNumber{"vmtp", 81},      ProtocolNumber{"eigrp", 88},
    ProtocolNumber{"ospf", 89},      ProtocolNumber{"ax.25", 93},
    ProtocolNumber{"ipip", 94},      ProtocolNumber{"etherip", 97},
    ProtocolNumber{"encap", 98},     ProtocolNumber{"pim", 103},
    ProtocolNumber{"ipcomp", 108},   ProtocolNumber{"vrrp", 112},
    ProtocolNumber{"l2tp", 115},     ProtocolNumber{"isis", 124},
    ProtocolNumber{"sctp", 132},     ProtocolNumber{"fc", 133},
    ProtocolNumber{"udplite", 136},  ProtocolNumber{"hip", 139},
};

std::optional<std::uint64_t> protocol_number(std::string_view s) {
    for (const ProtocolNumber& p : kProtocolNumbers) {
        if (lang::equal_nocase(p.name, s)) {
            return p.number;
        }
    }
    return parse_decimal(s, UINT8_MAX);
}

void read_ip_proto(RuleDraft& draft, const Argument& arg) {
    if (draft.ast.proto != "ip" || draft.app != AppProto::kUnknown) {
        draft.invalid(arg.option, "ip_proto needs a rule for protocol ip");
        return;
    }
    std::string_view s = arg.value;
    CompareOp op = CompareOp::kEq;
    if (s.starts_with('<') || s.starts_with('>') || s.starts_with('!')) {
        op = s.front() == '<' ? CompareOp::kLt : s.front() == '>' ? CompareOp::kGt : CompareOp::kNe;
        s = lang::trim_left(s.substr(1));
    }
    const auto n = protocol_number(s);
    if (!n) {
        draft.invalid(arg.option, "unknown IP protocol '" + std::string(s) + "'");
        return;
    }
    for (const DraftItem& d : draft.header) {
        if (op == CompareOp::kEq && d.item.kind == ItemKind::kIpProto && d.item.op == op) {
            draft.invalid(arg.option, "ip_proto names two protocols");
            return;
        }
    }
    bundle::Item& item = put(draft, arg, ItemKind::kIpProto).item;
    item.lo = static_cast<std::int64_t>(*n);
    item.op = op;
}

constexpr std::array kRows{
    HandlerRow{"fragbits", read_fragbits},
    HandlerRow{"fragoffset", read_fragoffset},
    HandlerRow{"icmp_id", read_icmp_id},
    HandlerRow{"icmp_seq", read_icmp_seq},
    HandlerRow{"icode", read_icode},
    HandlerRow{"id", read_ip_id},
    HandlerRow{"ip_proto", read_ip_proto, Quotes::kOptional},
    HandlerRow{"itype", read_itype},
    HandlerRow{"sameip", read_sameip},
    HandlerRow{"tcp.ack", read_ack},
    HandlerRow{"tcp.flags", read_flags},
    HandlerRow{"tcp.mss", read_mss},
    HandlerRow{"tcp.seq", read_seq},
    HandlerRow{"tcp.window", read_window},
    HandlerRow{"tos", read_tos, Quotes::kOptional},
    HandlerRow{"ttl", read_ttl},
};

}  // namespace

std::span<const HandlerRow> header_handlers() {
    return kRows;
}

}  // namespace sluice::compile
