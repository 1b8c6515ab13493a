// SPDX-License-Identifier: Apache-2.0
// Numbers of a DNS message: opcode, rcode, rrtype. Each is a buffer of two bytes in network order,
// and the keyword a comparison of them. Suricata 7.0.10 knows dns.opcode with one number; ranges,
// names and the others are Suricata 8's.
#include "dataplane/base/dns_names.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;

// "NXDOMAIN", "!servfail".
template <std::size_t N>
std::optional<NumberRange> parse_name(std::string_view s,
                                      const std::array<DnsNumberName, N>& names) {
    NumberRange r;
    s = lang::trim(s);
    if (s.starts_with('!')) {
        r.op = CompareOp::kNe;
        s = lang::trim_left(s.substr(1));
    }
    for (const DnsNumberName& row : names) {
        if (lang::equal_nocase(row.name, s)) {
            r.lo = row.number;
            return r;
        }
    }
    return std::nullopt;
}

void put(RuleDraft& draft, const Argument& arg, const std::optional<NumberRange>& range,
         std::string_view expected) {
    if (!range) {
        draft.invalid(arg.option, std::string(expected) + " or range of them expected");
        return;
    }
    if (!draft.require_app(AppProto::kDns, arg.option)) {
        return;
    }
    DraftBuffer& buffer = draft.own_buffer(arg.keyword.canonical, arg.option);
    bundle::Item& item = draft.append(buffer, bundle::ItemKind::kByteTest, arg.option).item;
    item.nbytes = 2;
    put_range(*range, item);
}

void read_opcode(RuleDraft& draft, const Argument& arg) {
    put(draft, arg, parse_range(arg.value, UINT8_MAX), "number up to 255");
}

void read_rcode(RuleDraft& draft, const Argument& arg) {
    const auto named = parse_name(arg.value, kDnsRcodes);
    put(draft, arg, named ? named : parse_range(arg.value, UINT8_MAX),
        "response code, number up to 255");
}

void read_rrtype(RuleDraft& draft, const Argument& arg) {
    const auto named = parse_name(arg.value, kDnsTypes);
    put(draft, arg, named ? named : parse_range(arg.value, UINT16_MAX),
        "record type, number up to 65535");
}

constexpr std::array kRows{
    HandlerRow{"dns.opcode", read_opcode},
    HandlerRow{"dns.rcode", read_rcode},
    HandlerRow{"dns.rrtype", read_rrtype},
};

}  // namespace

std::span<const HandlerRow> dns_handlers() {
    return kRows;
}

}  // namespace sluice::compile
