// SPDX-License-Identifier: Apache-2.0
// ModelMaker: a bundle Model from a few calls, with prefilter databases compiled on the spot, so
// that detection can be tested without the rule language. Test support; allocates; one thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

class ModelMaker;

// One rule being written. Item setters apply to the last item added.
class RuleMaker {
  public:
    RuleMaker(ModelMaker& maker, std::size_t index) : maker_(maker), index_(index) {}

    RuleMaker& proto(bundle::HeaderProto p);
    RuleMaker& app(AppProto a);
    RuleMaker& action(bundle::Action a);
    RuleMaker& flow(std::uint32_t flags);  // adds FlowFlag bits
    RuleMaker& src(bundle::AddressExpr e);
    RuleMaker& dst(bundle::AddressExpr e);
    RuleMaker& dst_ports(bundle::PortSet p);
    RuleMaker& src_ports(bundle::PortSet p);

    RuleMaker& buffer(BufferId b);  // following items go here; kPayload at first
    RuleMaker& transform(bundle::TransformStep t);

    RuleMaker& content(std::string_view text);
    RuleMaker& nocase();
    RuleMaker& negated();
    RuleMaker& offset(int v);
    RuleMaker& depth(int v);
    RuleMaker& distance(int v);
    RuleMaker& within(int v);
    RuleMaker& startswith();
    RuleMaker& endswith();
    RuleMaker& flags(std::uint32_t v);

    RuleMaker& pcre(std::string_view pattern, std::uint32_t pcre_flags = 0,
                    std::uint32_t item_flags = 0);
    RuleMaker& isdataat(int n, std::uint32_t item_flags = 0);
    RuleMaker& item(const bundle::Item& i);
    RuleMaker& number(bundle::ItemKind k, bundle::CompareOp op, std::int64_t lo,
                      std::int64_t hi = 0);
    RuleMaker& flowbit(bundle::FlowbitOp op, const std::vector<std::string>& names);
    RuleMaker& header_item(bundle::Item i, const std::vector<std::string>& names);

  private:
    bundle::Rule& rule();
    bundle::Item& last();
    bundle::Engine& engine();
    bundle::Engine& header();

    ModelMaker& maker_;
    std::size_t index_;
    BufferId buffer_ = BufferId::kPayload;
};

class ModelMaker {
  public:
    ModelMaker();

    // Rules are evaluated in the order in which they are made.
    RuleMaker rule(std::uint32_t sid);

    // Literals are at most this long, taken from this offset (both bounded by the content).
    std::size_t literal_length = 64;
    std::size_t literal_offset = 0;

    // Chooses literals, compiles databases, fills the groups. Call once.
    std::shared_ptr<const bundle::Model> finish();

    bundle::Model model;
};

}  // namespace sluice::test
