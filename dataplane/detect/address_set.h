// SPDX-License-Identifier: Apache-2.0
// AddressSet: the addresses that one side of a rule covers at this site, resolved at load from the
// bundle's symbolic expression and the site's variables to sorted disjoint ranges. Semantics of
// Suricata: in any positive element and in no negated one; only negated elements means any but
// these; an inner negation flips. Lookup allocates nothing; any thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/packet/packet.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::detect {

// What the site that loads a bundle knows: names without '$' to address expressions
// ("[10.0.0.0/8,!10.9.0.0/16]").
struct SiteVars {
    std::map<std::string, std::string> addresses;

    // HOME_NET private ranges, EXTERNAL_NET the rest, every *_SERVERS name of the usual rule sets
    // HOME_NET.
    static SiteVars defaults();
};

class AddressSet {
  public:
    struct Range4 {
        std::uint32_t lo = 0;
        std::uint32_t hi = 0;
    };

    struct Range6 {
        packet::IpAddr lo;
        packet::IpAddr hi;
    };

    static Result<AddressSet> resolve(const bundle::AddressExpr& expr, const SiteVars& vars);

    bool any() const { return any_; }

    bool contains(const packet::IpAddr& a) const;

    const std::vector<Range4>& v4() const { return v4_; }

    const std::vector<Range6>& v6() const { return v6_; }

  private:
    bool any_ = true;
    std::vector<Range4> v4_;
    std::vector<Range6> v6_;
};

// Host-order value of an IPv4 mapped address. REQUIRES: a.is_v4()
inline std::uint32_t v4_of(const packet::IpAddr& a) {
    return (std::uint32_t{a.bytes[12]} << 24) | (std::uint32_t{a.bytes[13]} << 16) |
           (std::uint32_t{a.bytes[14]} << 8) | std::uint32_t{a.bytes[15]};
}

}  // namespace sluice::detect
