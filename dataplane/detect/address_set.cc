// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/address_set.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace sluice::detect {
namespace {

constexpr int kMaxNesting = 16;  // of variables in variables and lists in lists

struct U128 {
    std::uint64_t hi = 0;
    std::uint64_t lo = 0;

    friend constexpr auto operator<=>(const U128&, const U128&) = default;
};

constexpr U128 kMax{~std::uint64_t{0}, ~std::uint64_t{0}};
constexpr U128 kV4First{0, 0xffff00000000ULL};
constexpr U128 kV4Last{0, 0xffffffffffffULL};

constexpr U128 next(U128 v) {
    ++v.lo;
    v.hi += v.lo == 0 ? 1 : 0;
    return v;
}

constexpr U128 previous(U128 v) {
    v.hi -= v.lo == 0 ? 1 : 0;
    --v.lo;
    return v;
}

U128 from_bytes(const std::array<std::uint8_t, 16>& b) {
    Cursor c{Bytes(b)};
    const std::uint64_t hi = c.be64().host();
    return {hi, c.be64().host()};
}

packet::IpAddr to_address(U128 v) {
    packet::IpAddr a;
    for (std::size_t i = 0; i < 8; ++i) {
        a.bytes[i] = static_cast<std::uint8_t>(v.hi >> (56 - 8 * i));
        a.bytes[8 + i] = static_cast<std::uint8_t>(v.lo >> (56 - 8 * i));
    }
    return a;
}

struct Range {
    U128 lo;
    U128 hi;
};

using Ranges = std::vector<Range>;

Ranges normalized(Ranges r) {
    std::sort(r.begin(), r.end(), [](const Range& a, const Range& b) { return a.lo < b.lo; });
    Ranges out;
    for (const Range& x : r) {
        if (x.hi < x.lo) {
            continue;
        }
        if (!out.empty() && (out.back().hi == kMax || x.lo <= next(out.back().hi))) {
            out.back().hi = std::max(out.back().hi, x.hi);
        } else {
            out.push_back(x);
        }
    }
    return out;
}

// a without b; both normalized.
Ranges minus(const Ranges& a, const Ranges& b) {
    Ranges out;
    std::size_t j = 0;
    for (Range x : a) {
        while (j < b.size() && b[j].hi < x.lo) {
            ++j;
        }
        bool alive = true;
        for (std::size_t k = j; alive && k < b.size() && b[k].lo <= x.hi; ++k) {
            if (b[k].lo > x.lo) {
                out.push_back({x.lo, previous(b[k].lo)});
            }
            alive = b[k].hi < x.hi;
            if (alive) {
                x.lo = next(b[k].hi);
            }
        }
        if (alive) {
            out.push_back(x);
        }
    }
    return out;
}

std::string_view trimmed(std::string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) {
        s.remove_prefix(1);
    }
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) {
        s.remove_suffix(1);
    }
    return s;
}

Error bad(std::string_view what, std::string_view text) {
    return Error{ErrorCode::kInvalid, std::string(what) + " '" + std::string(text) + "'", {}, {}};
}

bool parse_host(std::string_view text, U128& out, bool& v4) {
    const std::string z(text);
    std::array<std::uint8_t, 16> b{};
    if (inet_pton(AF_INET, z.c_str(), b.data() + 12) == 1) {
        b[10] = 0xff;
        b[11] = 0xff;
        v4 = true;
    } else if (inet_pton(AF_INET6, z.c_str(), b.data()) == 1) {
        v4 = false;
    } else {
        return false;
    }
    out = from_bytes(b);
    return true;
}

Range prefix_range(U128 a, unsigned bits) {
    U128 mask{0, 0};
    mask.hi = bits == 0 ? 0 : bits >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - bits);
    mask.lo = bits <= 64 ? 0 : bits >= 128 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (128 - bits);
    return {{a.hi & mask.hi, a.lo & mask.lo}, {a.hi | ~mask.hi, a.lo | ~mask.lo}};
}

bool parse_prefix_length(std::string_view text, unsigned limit, unsigned& out) {
    out = 0;
    if (text.empty() || text.size() > 3) {
        return false;
    }
    for (char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
        out = out * 10 + static_cast<unsigned>(c - '0');
    }
    return out <= limit;
}

// "1.2.3.4", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "1.2.3.4-1.2.3.9", the same for IPv6.
bool parse_literal(std::string_view text, Range& out) {
    bool v4 = false;
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        bool other = false;
        return parse_host(trimmed(text.substr(0, dash)), out.lo, v4) &&
               parse_host(trimmed(text.substr(dash + 1)), out.hi, other) && v4 == other &&
               out.lo <= out.hi;
    }
    const auto slash = text.find('/');
    U128 host;
    if (!parse_host(text.substr(0, slash), host, v4)) {
        return false;
    }
    unsigned bits = v4 ? 32 : 128;
    if (slash != std::string_view::npos) {
        const std::string_view rest = text.substr(slash + 1);
        U128 mask;
        bool mask4 = false;
        if (v4 && rest.find('.') != std::string_view::npos && parse_host(rest, mask, mask4) &&
            mask4) {
            const auto m = static_cast<std::uint32_t>(mask.lo);
            out = {{0, host.lo & ~std::uint64_t{~m}}, {0, host.lo | std::uint64_t{~m}}};
            return true;
        }
        if (!parse_prefix_length(rest, bits, bits)) {
            return false;
        }
    }
    out = prefix_range(host, v4 ? bits + 96 : bits);
    return true;
}

// Collects what is positive and what is negated, through lists and variables.
class Resolver {
  public:
    explicit Resolver(const SiteVars& vars) : vars_(vars) {}

    Status text(std::string_view s, bool negated, int depth);
    Status variable(const std::string& name, bool negated, int depth);
    Status nodes(const bundle::AddressExpr& expr);

    Ranges result() {
        Ranges base =
            positive_.empty() && !any_ ? Ranges{{U128{}, kMax}} : normalized(std::move(positive_));
        if (any_) {
            base = Ranges{{U128{}, kMax}};
        }
        return minus(base, normalized(std::move(negative_)));
    }

    void add(Range r, bool negated) { (negated ? negative_ : positive_).push_back(r); }

    void add_any(bool negated) {
        if (negated) {
            negative_.push_back({U128{}, kMax});
        } else {
            any_ = true;
        }
    }

  private:
    Status list(std::string_view inner, bool negated, int depth);

    const SiteVars& vars_;
    Ranges positive_;
    Ranges negative_;
    bool any_ = false;
};

Status Resolver::variable(const std::string& name, bool negated, int depth) {
    const auto it = vars_.addresses.find(name);
    if (it == vars_.addresses.end()) {
        return Error{ErrorCode::kNotFound,
                     "address variable $" + name + " is used by a rule but not defined",
                     {},
                     "define it in the site's [vars] section"};
    }
    return text(it->second, negated, depth + 1);
}

Status Resolver::list(std::string_view inner, bool negated, int depth) {
    int level = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= inner.size(); ++i) {
        const char c = i < inner.size() ? inner[i] : ',';
        level += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (c != ',' || level != 0) {
            continue;
        }
        const std::string_view element = trimmed(inner.substr(start, i - start));
        start = i + 1;
        if (element.empty()) {
            continue;
        }
        if (Status s = text(element, negated, depth + 1); !s) {
            return s;
        }
    }
    return level == 0 ? ok_status() : Status(bad("unbalanced brackets in address list", inner));
}

Status Resolver::text(std::string_view s, bool negated, int depth) {
    if (depth > kMaxNesting) {
        return bad("address expression nested too deeply", s);
    }
    s = trimmed(s);
    while (!s.empty() && s.front() == '!') {
        negated = !negated;
        s = trimmed(s.substr(1));
    }
    if (s.size() >= 2 && s.front() == '[' && s.back() == ']') {
        return list(s.substr(1, s.size() - 2), negated, depth);
    }
    if (!s.empty() && s.front() == '$') {
        return variable(std::string(s.substr(1)), negated, depth);
    }
    if (s == "any") {
        add_any(negated);
        return ok_status();
    }
    if (s.find(',') != std::string_view::npos) {
        return list(s, negated, depth);
    }
    Range r;
    if (!parse_literal(s, r)) {
        return bad("not an address", s);
    }
    add(r, negated);
    return ok_status();
}

Status Resolver::nodes(const bundle::AddressExpr& expr) {
    using Kind = bundle::AddressNode::Kind;
    std::vector<std::pair<std::size_t, bool>>
        open;  // end of each list that we are inside of, and its negation
    for (std::size_t i = 0; i < expr.size(); ++i) {
        while (!open.empty() && i >= open.back().first) {
            open.pop_back();
        }
        const bundle::AddressNode& n = expr[i];
        const bool negated = n.negated != (!open.empty() && open.back().second);
        switch (n.kind) {
            case Kind::kAny:
                add_any(negated);
                break;
            case Kind::kRange:
                add({from_bytes(n.lo), from_bytes(n.hi)}, negated);
                break;
            case Kind::kVariable:
                if (Status s = variable(n.variable, negated, 0); !s) {
                    return s;
                }
                break;
            case Kind::kList:
                open.emplace_back(std::min(expr.size(), i + 1 + std::size_t{n.count}), negated);
                break;
        }
    }
    return ok_status();
}

}  // namespace

SiteVars SiteVars::defaults() {
    SiteVars v;
    v.addresses["HOME_NET"] = "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]";
    v.addresses["EXTERNAL_NET"] = "!$HOME_NET";
    for (const char* name :
         {"HTTP_SERVERS", "SMTP_SERVERS", "SQL_SERVERS", "DNS_SERVERS", "TELNET_SERVERS",
          "FTP_SERVERS", "SSH_SERVERS", "SIP_SERVERS", "RDP_SERVERS", "DC_SERVERS", "DNP3_SERVER",
          "DNP3_CLIENT", "MODBUS_SERVER", "MODBUS_CLIENT", "ENIP_SERVER", "ENIP_CLIENT"}) {
        v.addresses[name] = "$HOME_NET";
    }
    v.addresses["AIM_SERVERS"] = "$EXTERNAL_NET";
    return v;
}

Result<AddressSet> AddressSet::resolve(const bundle::AddressExpr& expr, const SiteVars& vars) {
    AddressSet out;
    if (expr.empty()) {
        return out;
    }
    Resolver resolver(vars);
    if (Status s = resolver.nodes(expr); !s) {
        return s.error();
    }
    const Ranges ranges = resolver.result();
    out.any_ = ranges.size() == 1 && ranges[0].lo == U128{} && ranges[0].hi == kMax;
    for (const Range& r : ranges) {
        const U128 lo = std::max(r.lo, kV4First);
        const U128 hi = std::min(r.hi, kV4Last);
        if (lo <= hi) {
            out.v4_.push_back(
                {static_cast<std::uint32_t>(lo.lo), static_cast<std::uint32_t>(hi.lo)});
        }
        if (r.lo < kV4First) {
            out.v6_.push_back({to_address(r.lo), to_address(std::min(r.hi, previous(kV4First)))});
        }
        if (r.hi > kV4Last) {
            out.v6_.push_back({to_address(std::max(r.lo, next(kV4Last))), to_address(r.hi)});
        }
    }
    return out;
}

bool AddressSet::contains(const packet::IpAddr& a) const {
    if (any_) {
        return true;
    }
    if (a.is_v4()) {
        const std::uint32_t v = v4_of(a);
        const auto it = std::upper_bound(v4_.begin(), v4_.end(), v,
                                         [](std::uint32_t x, const Range4& r) { return x < r.lo; });
        return it != v4_.begin() && v <= std::prev(it)->hi;
    }
    const auto it =
        std::upper_bound(v6_.begin(), v6_.end(), a,
                         [](const packet::IpAddr& x, const Range6& r) { return x < r.lo; });
    return it != v6_.begin() && a <= std::prev(it)->hi;
}

}  // namespace sluice::detect
