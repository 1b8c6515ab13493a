// SPDX-License-Identifier: Apache-2.0
// Divides the 65536 ports into a few classes, so that traffic of a port is scanned for the rules of
// that port and hardly for others (design decision 8). Exact classes, one per distinct set of
// rules, are merged pair by pair, first those that put the fewest foreign rules on the least busy
// ports. A class never lacks a rule that its ports may match. Values only; any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::compile {

// Rules that share a set of ports. Rule indices are ascending, and no rule is in two members.
struct PortMember {
    bundle::PortSet ports;
    std::vector<std::uint32_t> rules;
};

struct PortClassLimits {
    std::size_t classes = 48;
    std::size_t entries = 20000;  // rules summed over all classes: bounds compile time and memory
};

struct PortClassRange {
    bundle::PortRange range;
    std::uint32_t index = 0;  // into PortClasses::rules
};

struct PortClasses {
    std::vector<PortClassRange> ranges;             // sorted, disjoint, cover 0..65535
    std::vector<std::vector<std::uint32_t>> rules;  // per class, ascending
};

PortClasses classify_ports(const std::vector<PortMember>& members, const PortClassLimits& limits);

}  // namespace sluice::compile
