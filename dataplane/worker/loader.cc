// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/loader.h"

#include "signatures/bundle/file_io.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/reader.h"
#include "signatures/bundle/validate.h"
#include "signatures/compile/threshold_file.h"

#include <ctime>
#include <utility>

namespace sluice::worker {
namespace {

constexpr std::size_t kMaxBundleBytes = std::size_t{1} << 30;

Error with_place(Error error, const std::string& path) {
    if (error.where.file.empty()) {
        error.where.file = path;
    }
    return error;
}

Result<bundle::Model> read_model(const LoadRequest& request) {
    if (request.path.empty()) {
        return bundle::Model{};
    }
    bundle::ReadOptions options;
    options.now_unix = std::time(nullptr);
    options.running_version = request.running_version;
    options.allow_same_version = request.same_version;
    for (const std::string& file : request.trusted_keys) {
        Result<bundle::PublicKeys> keys = bundle::load_public_keys(file);
        if (!keys) {
            return with_place(keys.error(), file);
        }
        options.trusted.insert(options.trusted.end(), keys.value().begin(), keys.value().end());
    }
    Result<std::vector<std::uint8_t>> bytes = bundle::read_file(request.path, kMaxBundleBytes);
    if (!bytes) {
        return with_place(bytes.error(), request.path);
    }
    Result<bundle::Model> model = bundle::read_bundle(bytes.value(), options);
    if (!model) {
        return with_place(model.error(), request.path);
    }
    return model;
}

}  // namespace

Status apply_site_thresholds(const std::string& path, const detect::SiteVars& vars,
                             bundle::Model& model, std::size_t& unmatched) {
    constexpr std::size_t kMaxThresholds = std::size_t{16} << 20;
    const Result<std::vector<std::uint8_t>> text = bundle::read_file(path, kMaxThresholds);
    if (!text) {
        return with_place(text.error(), path);
    }
    compile::CompileOptions options = compile::default_compile_options();
    for (const auto& [name, value] : vars.addresses) {
        options.address_vars[name] = value;
    }
    std::vector<lang::Problem> problems;
    compile::apply_thresholds({text.value().begin(), text.value().end()}, path, options, model,
                              problems);
    for (const lang::Problem& problem : problems) {
        if (!problem.unsupported) {
            return Error{ErrorCode::kInvalid,
                         problem.reason,
                         {problem.where.file, problem.where.line, problem.where.column},
                         "correct the line; the rules in force stay"};
        }
        ++unmatched;
    }
    return bundle::validate(model);
}

Result<std::unique_ptr<Snapshot>> load_snapshot(const LoadRequest& request) {
    Result<bundle::Model> model = read_model(request);
    if (!model) {
        return model.error();
    }
    auto snapshot = std::make_unique<Snapshot>();
    if (!request.thresholds.empty()) {
        if (Status applied = apply_site_thresholds(request.thresholds, request.vars, model.value(),
                                                   snapshot->unmatched_thresholds);
            !applied) {
            return applied.error();
        }
    }
    snapshot->model = std::make_shared<const bundle::Model>(std::move(model).value());
    Result<std::unique_ptr<const detect::Ruleset>> ruleset =
        detect::Ruleset::build(snapshot->model, request.vars, request.generation);
    if (!ruleset) {
        return with_place(ruleset.error(), request.path);
    }
    snapshot->ruleset = std::move(ruleset).value();
    for (std::uint16_t w = 0; w < request.workers; ++w) {
        Result<std::unique_ptr<detect::WorkerScratch>> scratch =
            detect::WorkerScratch::create(*snapshot->ruleset);
        if (!scratch) {
            return with_place(scratch.error(), request.path);
        }
        snapshot->scratch.push_back(std::move(scratch).value());
    }
    return snapshot;
}

}  // namespace sluice::worker
