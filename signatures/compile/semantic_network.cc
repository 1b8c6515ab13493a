// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic_network.h"

#include "signatures/compile/keyword_number.h"
#include "signatures/lang/header.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <optional>
#include <sys/socket.h>

namespace sluice::compile {
namespace {

using bundle::AddressNode;
using bundle::PortRange;
using bundle::PortSet;
using lang::Expr;

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr std::size_t kV4Prefix = 96;  // IPv4 sits in ::ffff:0:0/96

struct Parsed {
    Bytes16 bytes{};
    bool v4 = false;
};

std::optional<Parsed> parse_ip(std::string_view s) {
    const std::string text(s);
    Parsed p;
    if (inet_pton(AF_INET, text.c_str(), p.bytes.data() + 12) == 1) {
        p.bytes[10] = 0xff;
        p.bytes[11] = 0xff;
        p.v4 = true;
        return p;
    }
    if (inet_pton(AF_INET6, text.c_str(), p.bytes.data()) == 1) {
        return p;
    }
    return std::nullopt;
}

// Netmask as dotted quad -> number of leading ones; nothing when they are not together.
std::optional<std::size_t> mask_bits(std::string_view s) {
    const auto mask = parse_ip(s);
    if (!mask || !mask->v4) {
        return std::nullopt;
    }
    std::size_t ones = 0;
    bool ended = false;
    for (std::size_t i = 0; i < 32; ++i) {
        const bool one =
            ((static_cast<unsigned>(mask->bytes[12 + i / 8]) >> (7 - i % 8)) & 1U) != 0;
        if (one && ended) {
            return std::nullopt;
        }
        ended = ended || !one;
        ones += one ? 1 : 0;
    }
    return ones;
}

void fill_cidr(const Bytes16& ip, std::size_t bits, AddressNode& out) {
    for (std::size_t i = 0; i < 16; ++i) {
        const std::size_t first = i * 8;
        const std::size_t kept = bits <= first ? 0 : std::min<std::size_t>(bits - first, 8);
        const auto host = static_cast<std::uint8_t>(0xffU >> kept);
        out.lo[i] = static_cast<std::uint8_t>(ip[i] & static_cast<std::uint8_t>(~host));
        out.hi[i] = static_cast<std::uint8_t>(ip[i] | host);
    }
}

bool fill_literal(std::string_view s, AddressNode& out) {
    out.kind = AddressNode::Kind::kRange;
    if (const std::size_t slash = s.find('/'); slash != std::string_view::npos) {
        const auto ip = parse_ip(s.substr(0, slash));
        if (!ip) {
            return false;
        }
        const std::string_view mask = s.substr(slash + 1);
        const auto bits = mask.find('.') == std::string_view::npos
                              ? parse_decimal(mask, ip->v4 ? 32 : 128)
                              : mask_bits(mask);
        if (!bits || (!ip->v4 && mask.find('.') != std::string_view::npos)) {
            return false;
        }
        fill_cidr(ip->bytes, static_cast<std::size_t>(*bits) + (ip->v4 ? kV4Prefix : 0), out);
        return true;
    }
    const std::size_t dash = s.find('-');
    const auto lo = parse_ip(s.substr(0, dash));
    const auto hi = dash == std::string_view::npos ? lo : parse_ip(s.substr(dash + 1));
    if (!lo || !hi || lo->v4 != hi->v4 || hi->bytes < lo->bytes) {
        return false;
    }
    out.lo = lo->bytes;
    out.hi = hi->bytes;
    return true;
}

bool fail(NetworkFault& fault, const Expr& at, std::string reason) {
    fault = {std::move(reason), at.line, at.column};
    return false;
}

// Sorted and disjoint, neighbours joined.
PortSet normal(PortSet set) {
    std::sort(set.begin(), set.end(),
              [](const PortRange& a, const PortRange& b) { return a.lo < b.lo; });
    PortSet out;
    for (const PortRange& r : set) {
        if (!out.empty() && std::uint32_t{out.back().hi} + 1 >= r.lo) {
            out.back().hi = std::max(out.back().hi, r.hi);
        } else {
            out.push_back(r);
        }
    }
    return out;
}

PortSet complement(const PortSet& set) {
    PortSet out;
    std::uint32_t next = 0;
    for (const PortRange& r : set) {
        if (r.lo > next) {
            out.push_back({static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(r.lo - 1)});
        }
        next = std::uint32_t{r.hi} + 1;
    }
    if (next <= UINT16_MAX) {
        out.push_back({static_cast<std::uint16_t>(next), UINT16_MAX});
    }
    return out;
}

PortSet minus(const PortSet& a, const PortSet& b) {
    PortSet out;
    for (const PortRange& keep : complement(b)) {
        for (const PortRange& r : a) {
            const std::uint16_t lo = std::max(r.lo, keep.lo);
            const std::uint16_t hi = std::min(r.hi, keep.hi);
            if (lo <= hi) {
                out.push_back({lo, hi});
            }
        }
    }
    return normal(std::move(out));
}

std::optional<PortRange> parse_port_range(std::string_view s) {
    const std::size_t colon = s.find(':');
    const std::string_view first = s.substr(0, colon);
    const std::string_view second = colon == std::string_view::npos ? first : s.substr(colon + 1);
    if (first.empty() && second.empty()) {
        return std::nullopt;
    }
    const auto lo =
        first.empty() ? std::optional<std::uint64_t>(0) : parse_decimal(first, UINT16_MAX);
    const auto hi = second.empty() ? std::optional<std::uint64_t>(UINT16_MAX)
                                   : parse_decimal(second, UINT16_MAX);
    if (!lo || !hi || *lo > *hi) {
        return std::nullopt;
    }
    return PortRange{static_cast<std::uint16_t>(*lo), static_cast<std::uint16_t>(*hi)};
}

}  // namespace

bool NetworkReader::address(const Expr& e, int depth, bundle::AddressExpr& out,
                            NetworkFault& fault) const {
    if (depth > lang::kMaxDepth) {
        return fail(fault, e, "lists are nested too deeply");
    }
    const std::size_t at = out.size();
    out.emplace_back();
    out[at].negated = e.negated;
    switch (e.kind) {
        case Expr::Kind::kAny:
            return !e.negated || fail(fault, e, "!any leaves no address");
        case Expr::Kind::kLiteral:
            return fill_literal(e.text, out[at]) ||
                   fail(fault, e, "'" + e.text + "' is not an address");
        case Expr::Kind::kVariable:
            out[at].kind = AddressNode::Kind::kVariable;
            out[at].variable = e.text;
            return options_.address_vars.count(e.text) != 0 ||
                   fail(fault, e, "address variable $" + e.text + " is not defined");
        case Expr::Kind::kList:
            break;
    }
    out[at].kind = AddressNode::Kind::kList;
    for (const Expr& item : e.items) {
        if (!address(item, depth + 1, out, fault)) {
            return false;
        }
    }
    out[at].count = static_cast<std::uint32_t>(out.size() - at - 1);
    return !e.items.empty() || fail(fault, e, "list without addresses");
}

bundle::AddressExpr NetworkReader::addresses(const Expr& e, NetworkFault& fault) const {
    bundle::AddressExpr out;
    address(e, 0, out, fault);
    return out;
}

bool NetworkReader::port_variable(const Expr& e, int depth, PortSet& out, NetworkFault& fault) {
    if (const auto known = port_cache_.find(e.text); known != port_cache_.end()) {
        out = known->second;
        return true;
    }
    const auto definition = options_.port_vars.find(e.text);
    if (definition == options_.port_vars.end()) {
        return fail(fault, e, "port variable $" + e.text + " is not defined");
    }
    Expr value;
    lang::Fault wrong;
    if (!lang::parse_expr(definition->second, value, wrong)) {
        return fail(fault, e, "port variable $" + e.text + ": " + wrong.reason);
    }
    NetworkFault inner;
    if (!port(value, depth + 1, out, inner)) {
        return fail(fault, e, "port variable $" + e.text + ": " + inner.reason);
    }
    if (value.negated) {
        out = complement(out);
    }
    port_cache_.emplace(e.text, out);
    return true;
}

bool NetworkReader::port_list(const Expr& e, int depth, PortSet& out, NetworkFault& fault) {
    PortSet positive;
    PortSet negative;
    bool any_positive = false;
    for (const Expr& item : e.items) {
        PortSet set;
        if (!port(item, depth + 1, set, fault)) {
            return false;
        }
        PortSet& to = item.negated ? negative : positive;
        to.insert(to.end(), set.begin(), set.end());
        any_positive = any_positive || !item.negated;
    }
    // Only negated elements: all ports but these.
    out = any_positive ? minus(normal(std::move(positive)), normal(std::move(negative)))
                       : complement(normal(std::move(negative)));
    return true;
}

bool NetworkReader::port(const Expr& e, int depth, PortSet& out, NetworkFault& fault) {
    if (depth > lang::kMaxDepth) {
        return fail(fault, e, "lists or variables are nested too deeply");
    }
    switch (e.kind) {
        case Expr::Kind::kAny:
            out = {PortRange{0, UINT16_MAX}};
            return true;
        case Expr::Kind::kLiteral: {
            const auto range = parse_port_range(e.text);
            if (!range) {
                return fail(fault, e, "'" + e.text + "' is not a port or range of ports");
            }
            out = {*range};
            return true;
        }
        case Expr::Kind::kVariable:
            return port_variable(e, depth, out, fault);
        case Expr::Kind::kList:
            return port_list(e, depth, out, fault);
    }
    return false;
}

PortSet NetworkReader::ports(const Expr& e, NetworkFault& fault) {
    PortSet out;
    if (!port(e, 0, out, fault)) {
        return out;
    }
    if (e.negated) {
        out = complement(out);
    }
    if (out.empty()) {
        fail(fault, e, "no port is left");
    }
    return out;
}

}  // namespace sluice::compile
