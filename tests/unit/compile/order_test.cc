// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/order.h"

#include "tests/unit/compile/model_builder.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::compile {
namespace {

using bundle::FlowbitOp;
using testing::ModelBuilder;

std::vector<std::uint32_t> sids(const bundle::Model& model) {
    std::vector<std::uint32_t> out;
    for (const bundle::Rule& rule : model.rules) {
        out.push_back(rule.sid);
    }
    return out;
}

void add_bit(ModelBuilder& b, std::uint32_t sid, FlowbitOp op, const char* name) {
    const auto it = std::find_if(b.model.rules.begin(), b.model.rules.end(),
                                 [&](const bundle::Rule& r) { return r.sid == sid; });
    bundle::Rule& rule = it == b.model.rules.end() ? b.rule(sid) : *it;
    ModelBuilder::add(rule, BufferId::kPacketHeader, b.bit(op, name));
}

TEST(Order, ActionThenPriorityThenSid) {
    ModelBuilder b;
    b.rule(5).priority = 1;
    b.rule(4).priority = 2;
    b.rule(3).priority = 1;
    b.rule(9).action = bundle::Action::kPass;
    b.rule(8).action = bundle::Action::kReject;
    b.rule(7).action = bundle::Action::kDrop;
    order_rules(b.model);
    EXPECT_EQ(sids(b.model), (std::vector<std::uint32_t>{9, 7, 8, 3, 5, 4}));
}

TEST(Order, SettersComeBeforeReaders) {
    ModelBuilder b;
    add_bit(b, 1, FlowbitOp::kIsSet, "b");  // reads what 2 sets
    add_bit(b, 2, FlowbitOp::kSet, "b");    // sets after reading what 3 sets
    add_bit(b, 2, FlowbitOp::kIsNotSet, "a");
    add_bit(b, 3, FlowbitOp::kSet, "a");
    order_rules(b.model);
    EXPECT_EQ(sids(b.model), (std::vector<std::uint32_t>{3, 2, 1}));
}

TEST(Order, RuleThatTestsAndSetsOneBitStandsBetween) {
    ModelBuilder b;
    add_bit(b, 1, FlowbitOp::kIsSet, "a");
    add_bit(b, 2, FlowbitOp::kIsNotSet, "a");
    add_bit(b, 2, FlowbitOp::kSet, "a");
    add_bit(b, 3, FlowbitOp::kSet, "a");
    order_rules(b.model);
    EXPECT_EQ(sids(b.model), (std::vector<std::uint32_t>{3, 2, 1}));
}

TEST(Order, CirclesEndAndKeepEveryRule) {
    ModelBuilder b;
    add_bit(b, 1, FlowbitOp::kIsSet, "a");
    add_bit(b, 1, FlowbitOp::kSet, "b");
    add_bit(b, 2, FlowbitOp::kIsSet, "b");
    add_bit(b, 2, FlowbitOp::kSet, "a");
    add_bit(b, 3, FlowbitOp::kIsSet, "a");
    order_rules(b.model);
    EXPECT_EQ(sids(b.model), (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(Order, BitsOfOtherActionsDoNotCount) {
    ModelBuilder b;
    add_bit(b, 1, FlowbitOp::kIsSet, "a");
    add_bit(b, 2, FlowbitOp::kSet, "a");
    b.model.rules[1].action = bundle::Action::kDrop;
    EXPECT_EQ(flowbit_levels(b.model), (std::vector<std::uint32_t>{0, 0}));
}

TEST(Order, InputOrderDoesNotMatter) {
    ModelBuilder b;
    for (std::uint32_t sid = 1; sid <= 200; ++sid) {
        add_bit(b, sid, sid % 3 == 0 ? FlowbitOp::kSet : FlowbitOp::kIsSet,
                sid % 2 == 0 ? "x" : "y");
    }
    bundle::Model reversed = b.model;
    std::reverse(reversed.rules.begin(), reversed.rules.end());
    order_rules(b.model);
    order_rules(reversed);
    EXPECT_EQ(sids(b.model), sids(reversed));
}

}  // namespace
}  // namespace sluice::compile
