// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/order.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

namespace sluice::compile {
namespace {

using bundle::Item;
using bundle::ItemKind;

// Bits of one action: rules that change it and rules that test it.
struct BitUse {
    std::vector<std::uint32_t> setters;
    std::vector<std::uint32_t> readers;
};

bool tests_bit(const Item& item) {
    if (item.kind == ItemKind::kFlowint) {
        const auto what = static_cast<bundle::FlowintOp>(item.nbytes);
        return what == bundle::FlowintOp::kTest || what == bundle::FlowintOp::kIsSet ||
               what == bundle::FlowintOp::kIsNotSet;
    }
    const auto op = static_cast<bundle::FlowbitOp>(item.op);
    return op == bundle::FlowbitOp::kIsSet || op == bundle::FlowbitOp::kIsNotSet;
}

using BitKey = std::tuple<bundle::Action, ItemKind, std::string>;

std::map<BitKey, BitUse> collect_bits(const bundle::Model& model) {
    std::map<BitKey, BitUse> bits;
    for (std::uint32_t r = 0; r < model.rules.size(); ++r) {
        const bundle::Rule& rule = model.rules[r];
        for (const bundle::Engine& engine : rule.engines) {
            for (const Item& item : engine.items) {
                if (item.kind != ItemKind::kFlowbits && item.kind != ItemKind::kXbits &&
                    item.kind != ItemKind::kFlowint) {
                    continue;
                }
                for (std::uint32_t i = item.data; i < item.data + item.data_len; ++i) {
                    BitUse& use = bits[{rule.action, item.kind, model.bit_names.at(i)}];
                    auto& list = tests_bit(item) ? use.readers : use.setters;
                    if (list.empty() || list.back() != r) {
                        list.push_back(r);
                    }
                }
            }
        }
    }
    return bits;
}

// Nodes are rules and bits, not pairs of rules: a bit with n setters and m readers costs n + m. A
// rule that tests and sets the same bit comes after the plain setters and before the plain readers,
// so each name makes two nodes.
struct BitGraph {
    explicit BitGraph(const bundle::Model& model)
        : rule_sets(model.rules.size()), rule_waits(model.rules.size()) {
        for (const auto& [key, use] : collect_bits(model)) {
            std::vector<std::uint32_t> plain_setters;
            std::vector<std::uint32_t> plain_readers;
            std::vector<std::uint32_t> both;
            std::set_difference(use.setters.begin(), use.setters.end(), use.readers.begin(),
                                use.readers.end(), std::back_inserter(plain_setters));
            std::set_difference(use.readers.begin(), use.readers.end(), use.setters.begin(),
                                use.setters.end(), std::back_inserter(plain_readers));
            std::set_intersection(use.setters.begin(), use.setters.end(), use.readers.begin(),
                                  use.readers.end(), std::back_inserter(both));
            add_bit(plain_setters, use.readers);
            add_bit(both, plain_readers);
        }
    }

    void add_bit(const std::vector<std::uint32_t>& setters,
                 const std::vector<std::uint32_t>& readers) {
        if (setters.empty() || readers.empty()) {
            return;
        }
        const auto bit = static_cast<std::uint32_t>(bit_readers.size());
        for (const std::uint32_t r : setters) {
            rule_sets[r].push_back(bit);
        }
        for (const std::uint32_t r : readers) {
            ++rule_waits[r];
        }
        bit_readers.push_back(readers);
        bit_waits.push_back(static_cast<std::uint32_t>(setters.size()));
        bit_level.push_back(0);
    }

    std::vector<std::vector<std::uint32_t>> bit_readers;
    std::vector<std::uint32_t> bit_waits;               // setters without a level yet
    std::vector<std::uint32_t> bit_level;               // above every setter so far
    std::vector<std::vector<std::uint32_t>> rule_sets;  // bits that a rule changes
    std::vector<std::uint32_t> rule_waits;              // bits that a rule tests, not settled yet
};

// Topological levels (Kahn). In a circle no rule is free: then the first waiting rule goes next,
// which cuts the circle at a place that depends on the input order only.
class Leveller {
  public:
    explicit Leveller(const bundle::Model& model)
        : graph_(model), levels_(model.rules.size(), 0), done_(model.rules.size(), false) {}

    std::vector<std::uint32_t> run() {
        for (std::uint32_t r = 0; r < levels_.size(); ++r) {
            if (graph_.rule_waits[r] == 0) {
                push(r);
            }
        }
        drain();
        for (std::uint32_t r = 0; r < levels_.size(); ++r) {
            push(r);
            drain();
        }
        return std::move(levels_);
    }

  private:
    void push(std::uint32_t rule) {
        if (!done_[rule]) {
            done_[rule] = true;
            queue_.push_back(rule);
        }
    }

    void drain() {
        while (!queue_.empty()) {
            const std::uint32_t rule = queue_.back();
            queue_.pop_back();
            for (const std::uint32_t bit : graph_.rule_sets[rule]) {
                graph_.bit_level[bit] = std::max(graph_.bit_level[bit], levels_[rule] + 1);
                if (--graph_.bit_waits[bit] == 0) {
                    settle_bit(bit);
                }
            }
        }
    }

    void settle_bit(std::uint32_t bit) {
        for (const std::uint32_t reader : graph_.bit_readers[bit]) {
            if (done_[reader]) {
                continue;  // went early to cut a circle
            }
            levels_[reader] = std::max(levels_[reader], graph_.bit_level[bit]);
            if (--graph_.rule_waits[reader] == 0) {
                push(reader);
            }
        }
    }

    BitGraph graph_;
    std::vector<std::uint32_t> levels_;
    std::vector<bool> done_;
    std::vector<std::uint32_t> queue_;
};

}  // namespace

std::vector<std::uint32_t> flowbit_levels(const bundle::Model& model) {
    return Leveller(model).run();
}

void order_rules(bundle::Model& model) {
    const std::vector<std::uint32_t> levels = flowbit_levels(model);
    std::vector<std::uint32_t> order(model.rules.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto key = [&](std::uint32_t r) {
        const bundle::Rule& rule = model.rules[r];
        return std::make_tuple(rule.action, levels[r], rule.priority, rule.sid, rule.gid, r);
    };
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
    std::vector<bundle::Rule> sorted;
    sorted.reserve(order.size());
    for (const std::uint32_t r : order) {
        sorted.push_back(std::move(model.rules[r]));
    }
    model.rules = std::move(sorted);
}

}  // namespace sluice::compile
