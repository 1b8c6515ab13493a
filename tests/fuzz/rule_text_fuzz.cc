// SPDX-License-Identifier: Apache-2.0
// Rule text as a stranger may send it: parse, then give it meaning. Every rule ends as signatures
// or as one problem, and what enters the model can be read back from it.
#include "dataplane/base/check.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/parser.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using sluice::bundle::ItemKind;
using sluice::bundle::Model;
using sluice::bundle::Rule;

void check_rule(const Rule& rule, const Model& model) {
    SLUICE_CHECK(rule.src < model.addresses.size() && rule.dst < model.addresses.size());
    SLUICE_CHECK(rule.src_ports < model.ports.size() && rule.dst_ports < model.ports.size());
    for (const auto& engine : rule.engines) {
        SLUICE_CHECK(!engine.items.empty());
        for (const auto& item : engine.items) {
            SLUICE_CHECK(item.kind != ItemKind::kContent ||
                         (item.data_len != 0 &&
                          std::size_t{item.data} + item.data_len <= model.blob.size()));
            SLUICE_CHECK(item.kind != ItemKind::kPcre || item.data < model.pcres.size());
            SLUICE_CHECK(item.kind != ItemKind::kFlowbits ||
                         std::size_t{item.data} + item.data_len <= model.bit_names.size());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const sluice::compile::CompileOptions kOptions =
        sluice::compile::default_compile_options();
    const std::vector<char> text(data, data + size);
    const auto parsed =
        sluice::lang::parse_rules(std::string_view(text.data(), text.size()), "fuzz");
    Model model;
    sluice::compile::Semantic semantic(kOptions, model);
    for (const auto& ast : parsed.rules) {
        std::vector<sluice::lang::Problem> problems;
        const auto rules = semantic.compile(ast, problems);
        SLUICE_CHECK(rules.empty() == (problems.size() == 1) && problems.size() <= 1);
        for (const Rule& rule : rules) {
            check_rule(rule, model);
        }
    }
    return 0;
}
