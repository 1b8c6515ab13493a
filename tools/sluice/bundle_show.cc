// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/bundle_show.h"

#include "signatures/bundle/file_io.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/reader.h"
#include "tools/sluice/summary.h"
#include "tools/sluice/terminal.h"
#include "tools/sluice/when.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxBundleFile = std::size_t{1} << 30U;

struct Options {
    std::string bundle;
    std::string pub;
    bool json = false;
    bool rules = false;
};

std::array<std::size_t, 4> count_actions(const bundle::Model& model) {
    std::array<std::size_t, 4> n{};
    for (const bundle::Rule& rule : model.rules) {
        ++n[static_cast<std::size_t>(rule.action)];
    }
    return n;
}

constexpr std::array kActionNames = {"pass", "drop", "reject", "alert"};

nlohmann::ordered_json manifest_json(const bundle::Manifest& m) {
    nlohmann::ordered_json j;
    j["version"] = m.version;
    j["previous_version"] = m.previous_version;
    j["created_at"] = m.created_at;
    j["expires_at"] = m.expires_at;
    j["min_engine"] = m.min_engine;
    j["name"] = m.name;
    j["hs_version"] = m.hs_version;
    return j;
}

nlohmann::ordered_json rule_json(const bundle::Rule& rule) {
    nlohmann::ordered_json j;
    j["gid"] = rule.gid;
    j["sid"] = rule.sid;
    j["rev"] = rule.rev;
    j["action"] = kActionNames[static_cast<std::size_t>(rule.action)];
    j["msg"] = rule.msg;
    j["cves"] = rule.cves;
    j["required"] = rule.required;
    return j;
}

void print_json(const bundle::Model& model, bool with_rules) {
    nlohmann::ordered_json j;
    j["manifest"] = manifest_json(model.manifest);
    const auto actions = count_actions(model);
    j["rules"] = model.rules.size();
    for (std::size_t i = 0; i < actions.size(); ++i) {
        j["actions"][kActionNames[i]] = actions[i];
    }
    j["databases"] = model.databases.size();
    j["coverage"] = nlohmann::ordered_json::array();
    for (const bundle::CveCoverage& c : model.coverage) {
        j["coverage"].push_back(
            {{"cve", c.cve}, {"status", c.status}, {"required", c.required}, {"sids", c.sids}});
    }
    if (with_rules) {
        j["rule_list"] = nlohmann::ordered_json::array();
        for (const bundle::Rule& rule : model.rules) {
            j["rule_list"].push_back(rule_json(rule));
        }
    }
    std::printf("%s\n",
                j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

void print_text(const bundle::Model& model, bool with_rules) {
    const bundle::Manifest& m = model.manifest;
    std::printf("version   %llu", static_cast<unsigned long long>(m.version));
    if (m.previous_version != 0) {
        std::printf(" (after %llu)", static_cast<unsigned long long>(m.previous_version));
    }
    std::printf("\nname      %s\ncreated   %s\nexpires   %s\nengine    %u or newer, Hyperscan %s\n",
                printable(m.name).c_str(), format_utc(m.created_at).c_str(),
                m.expires_at == 0 ? "never" : format_utc(m.expires_at).c_str(), m.min_engine,
                printable(m.hs_version).c_str());
    const auto actions = count_actions(model);
    std::printf("rules     %zu (", model.rules.size());
    for (std::size_t i = 0; i < actions.size(); ++i) {
        std::printf("%s%s %zu", i == 0 ? "" : ", ", kActionNames[i], actions[i]);
    }
    std::printf(")\n");
    print_databases(model);
    std::size_t required = 0;
    for (const bundle::CveCoverage& c : model.coverage) {
        required += c.required ? 1 : 0;
    }
    std::printf("CVEs      %zu, of them required %zu\n", model.coverage.size(), required);
    for (const bundle::CveCoverage& c : model.coverage) {
        if (c.required) {
            std::printf("  %s %s, %zu rules\n", printable(c.cve).c_str(),
                        printable(c.status).c_str(), c.sids.size());
        }
    }
    for (std::size_t i = 0; with_rules && i < model.rules.size(); ++i) {
        const bundle::Rule& r = model.rules[i];
        std::printf("%s %u:%u:%u %s\n", kActionNames[static_cast<std::size_t>(r.action)], r.gid,
                    r.sid, r.rev, printable(r.msg).c_str());
    }
}

int run_show(const Options& o) {
    Result<bundle::PublicKeys> keys = bundle::load_public_keys(o.pub);
    if (!keys.ok()) {
        return report("bundle show", keys.error());
    }
    Result<std::vector<std::uint8_t>> bytes = bundle::read_file(o.bundle, kMaxBundleFile);
    if (!bytes.ok()) {
        return report("bundle show", bytes.error());
    }
    bundle::ReadOptions options;
    options.trusted = std::move(keys).value();
    options.now_unix = 0;  // an expired bundle can be looked at; it says so
    const Result<bundle::Model> model = bundle::read_bundle(bytes.value(), options);
    if (!model.ok()) {
        Error error = model.error();
        error.where.file = o.bundle;
        report("bundle show", error);
        return kExitFindings;
    }
    if (o.json) {
        print_json(model.value(), o.rules);
    } else {
        print_text(model.value(), o.rules);
        const std::int64_t expires = model.value().manifest.expires_at;
        if (expires != 0 && expires <= std::time(nullptr)) {
            std::printf("This bundle has expired: no appliance loads it.\n");
        }
    }
    return kExitOk;
}

}  // namespace

void add_bundle(CLI::App& app, int& exit_code) {
    auto o = std::make_shared<Options>();
    CLI::App* group = app.add_subcommand("bundle", "look into a compiled bundle");
    group->require_subcommand(1);
    CLI::App* cmd = group->add_subcommand(
        "show", "check a bundle's signature and every index, then say what is in it");
    cmd->footer(
        "Examples:\n"
        "  sluice bundle show monthly.sigb --pub lab.pub\n"
        "  sluice bundle show monthly.sigb --pub lab.pub --json --rules | jq '.rule_list[].sid'\n"
        "Nothing is shown before the signature has been checked. Exit code: 0 sound, 1 not, 2 "
        "wrong arguments or unreadable file.");
    cmd->add_option("BUNDLE", o->bundle, "bundle to look into (.sigb)")->required();
    cmd->add_option("--pub", o->pub,
                    "public key that it must be signed by; one per line if several")
        ->required();
    cmd->add_flag("--json", o->json, "one JSON object");
    cmd->add_flag("--rules", o->rules, "list every rule");
    cmd->callback([o, &exit_code] { exit_code = run_show(*o); });
}

}  // namespace sluice::cli
