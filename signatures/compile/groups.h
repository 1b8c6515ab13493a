// SPDX-License-Identifier: Apache-2.0
// Decides which database holds each rule's prefilter: one per application buffer, and for raw
// payload one per protocol, direction and class of server ports (design decision 8). Fills
// Model::buffer_groups, payload_groups and packet_rules, marks contents that equal their literal,
// and returns what the databases shall contain. Any thread.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/emit.h"
#include "signatures/compile/literal.h"

#include <vector>

namespace sluice::compile {

// 'prefilters' has one entry per rule, in rule order. Result: plans in the order of the group's
// database numbers.
std::vector<DbPlan> plan_groups(bundle::Model& model, const std::vector<Prefilter>& prefilters);

// Ports of the server that a packet of this direction may have when the rule matches it: a superset
// when the rule does not say who is the server.
bundle::PortSet server_ports(const bundle::Model& model, const bundle::Rule& rule,
                             Direction direction);

}  // namespace sluice::compile
