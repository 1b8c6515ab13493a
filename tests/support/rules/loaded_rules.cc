// SPDX-License-Identifier: Apache-2.0
#include "tests/support/rules/loaded_rules.h"

#include "signatures/compile/compiler.h"

#include <stdexcept>

namespace sluice::test {

LoadedRules load_rules(const std::string& text, std::uint64_t version) {
    compile::CompileInput input;
    compile::SourceFile source;
    source.name = "test.rules";
    source.kind = compile::SourceKind::kRules;
    source.text = text;
    input.sources.push_back(source);
    input.manifest.version = version;
    compile::CompileOutput output = compile::compile_sources(input);
    if (!output.problems.empty()) {
        throw std::runtime_error("rule not compiled: " + output.problems[0].reason + "\n" + text);
    }
    LoadedRules rules;
    rules.model = std::make_shared<const bundle::Model>(std::move(output.model));
    Result<std::unique_ptr<const detect::Ruleset>> built =
        detect::Ruleset::build(rules.model, detect::SiteVars::defaults(), version);
    if (!built.ok()) {
        throw std::runtime_error(built.error().to_string());
    }
    rules.ruleset = std::move(built).value();
    Result<std::unique_ptr<detect::WorkerScratch>> scratch =
        detect::WorkerScratch::create(*rules.ruleset);
    if (!scratch.ok()) {
        throw std::runtime_error(scratch.error().to_string());
    }
    rules.scratch = std::move(scratch).value();
    return rules;
}

}  // namespace sluice::test
