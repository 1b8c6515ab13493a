// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/replay_rules.h"

#include "signatures/bundle/file_io.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/reader.h"
#include "signatures/bundle/writer.h"
#include "signatures/compile/compiler.h"
#include "tools/sluice/inputs.h"

#include <ctime>
#include <utility>

namespace sluice::cli {

namespace {

constexpr std::size_t kMaxBundle = 1U << 30;

bool ends_with(const std::string& s, const std::string& tail) {
    return s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0;
}

// Through bytes and back, under a key that lives for this call only: what is judged is what an
// appliance would load.
Result<bundle::Model> round_trip(const bundle::Model& model) {
    const bundle::SecretKey key = bundle::SecretKey::generate();
    Result<std::vector<std::uint8_t>> bytes = bundle::write_bundle(model, key);
    if (!bytes.ok()) {
        return bytes.error();
    }
    bundle::ReadOptions options;
    options.trusted = {key.public_key()};
    options.now_unix = std::time(nullptr);
    return bundle::read_bundle(bytes.value(), options);
}

}  // namespace

Result<ReplayRules> load_rule_files(const std::vector<std::string>& paths,
                                    const std::string& thresholds, const Variables& address_vars,
                                    const Variables& port_vars) {
    compile::CompileInput input;
    for (const std::string& path : paths) {
        Result<std::vector<std::uint8_t>> bytes = bundle::read_file(path, kMaxRuleFile);
        if (!bytes.ok()) {
            return bytes.error();
        }
        compile::SourceFile source;
        source.name = path;
        source.text.assign(bytes.value().begin(), bytes.value().end());
        source.kind =
            ends_with(path, ".toml") ? compile::SourceKind::kGuidance : compile::SourceKind::kRules;
        input.sources.push_back(std::move(source));
    }
    if (const Status s = read_thresholds(thresholds, input.sources); !s.ok()) {
        return s.error();
    }
    for (const auto& [name, value] : address_vars) {
        input.options.address_vars[name] = value;
    }
    for (const auto& [name, value] : port_vars) {
        input.options.port_vars[name] = value;
    }
    input.manifest.version = 1;
    input.manifest.name = "replay";
    input.manifest.created_at = std::time(nullptr);
    compile::CompileOutput output = compile::compile_sources(input);
    Result<bundle::Model> model = round_trip(output.model);
    if (!model.ok()) {
        return model.error();
    }
    ReplayRules rules;
    rules.model = std::make_shared<const bundle::Model>(std::move(model).value());
    rules.problems = std::move(output.problems);
    rules.rules = output.rules;
    rules.compiled = output.compiled;
    return rules;
}

Result<ReplayRules> load_bundle(const std::string& path, const std::string& trusted) {
    Result<std::vector<std::uint8_t>> bytes = bundle::read_file(path, kMaxBundle);
    if (!bytes.ok()) {
        return bytes.error();
    }
    Result<bundle::PublicKeys> keys = bundle::load_public_keys(trusted);
    if (!keys.ok()) {
        return keys.error();
    }
    bundle::ReadOptions options;
    options.trusted = keys.value();
    options.now_unix = std::time(nullptr);
    Result<bundle::Model> model = bundle::read_bundle(bytes.value(), options);
    if (!model.ok()) {
        Error error = model.error();
        error.where.file = path;
        return error;
    }
    ReplayRules rules;
    rules.rules = rules.compiled = model.value().rules.size();
    rules.model = std::make_shared<const bundle::Model>(std::move(model).value());
    return rules;
}

}  // namespace sluice::cli
