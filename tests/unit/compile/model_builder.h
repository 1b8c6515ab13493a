// SPDX-License-Identifier: Apache-2.0
// Small rules by hand, for tests of what comes after the language. Single thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::compile::testing {

class ModelBuilder {
  public:
    ModelBuilder() {
        model.ports.push_back({{0, 65535}});
        model.addresses.push_back({bundle::AddressNode{}});
    }

    bundle::Rule& rule(std::uint32_t sid) {
        bundle::Rule r;
        r.sid = sid;
        r.proto = bundle::HeaderProto::kTcp;
        r.flow_flags = bundle::kRuleStream | bundle::kFlowToServer;
        model.rules.push_back(std::move(r));
        return model.rules.back();
    }

    std::uint32_t ports(bundle::PortSet set) {
        model.ports.push_back(std::move(set));
        return static_cast<std::uint32_t>(model.ports.size() - 1);
    }

    bundle::Item content(std::string_view bytes, std::uint32_t flags = 0) {
        bundle::Item item;
        item.kind = bundle::ItemKind::kContent;
        item.flags = flags;
        item.data = static_cast<std::uint32_t>(model.blob.size());
        item.data_len = static_cast<std::uint32_t>(bytes.size());
        model.blob.insert(model.blob.end(), bytes.begin(), bytes.end());
        return item;
    }

    bundle::Item pcre(std::string pattern, std::uint32_t pcre_flags = 0, std::uint32_t flags = 0) {
        bundle::Item item;
        item.kind = bundle::ItemKind::kPcre;
        item.flags = flags;
        item.data = static_cast<std::uint32_t>(model.pcres.size());
        model.pcres.push_back({std::move(pattern), pcre_flags});
        return item;
    }

    bundle::Item bit(bundle::FlowbitOp op, std::string name) {
        bundle::Item item;
        item.kind = bundle::ItemKind::kFlowbits;
        item.op = static_cast<bundle::CompareOp>(op);
        item.data = static_cast<std::uint32_t>(model.bit_names.size());
        item.data_len = 1;
        model.bit_names.push_back(std::move(name));
        return item;
    }

    static void add(bundle::Rule& rule, BufferId buffer, bundle::Item item) {
        for (bundle::Engine& engine : rule.engines) {
            if (engine.buffer == buffer) {
                engine.items.push_back(item);
                return;
            }
        }
        rule.engines.push_back({buffer, {}, {item}});
    }

    bundle::Model model;
};

}  // namespace sluice::compile::testing
