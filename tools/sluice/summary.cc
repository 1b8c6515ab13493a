// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/summary.h"

#include "tools/sluice/explain.h"
#include "tools/sluice/terminal.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

namespace sluice::cli {
namespace {

using Group = std::vector<const lang::Problem*>;

// Reasons differ in quoted values and numbers; those are one group.
std::string group_of(const lang::Problem& p) {
    std::string key = p.unsupported ? "unsupported: " : "invalid: ";
    bool quoted = false;
    for (const char c : p.reason) {
        if (c == '\'' || c == '"') {
            quoted = !quoted;
            key += quoted ? "'...'" : "";
        } else if (!quoted) {
            key += c;
        }
    }
    return key;
}

std::vector<std::pair<std::string, Group>> groups_of(const compile::CompileOutput& output) {
    std::map<std::string, Group> by_reason;
    for (const lang::Problem& p : output.problems) {
        by_reason[group_of(p)].push_back(&p);
    }
    std::vector<std::pair<std::string, Group>> groups(by_reason.begin(), by_reason.end());
    // What is wrong comes before what is merely not supported.
    std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
        const bool a_later = a.second.front()->unsupported;
        const bool b_later = b.second.front()->unsupported;
        return a_later != b_later ? b_later : a.second.size() > b.second.size();
    });
    return groups;
}

std::string place_of(const lang::Problem& p) {
    std::string out = p.where.file;
    if (p.where.line != 0) {
        out += ':' + std::to_string(p.where.line);
        out += p.where.column != 0 ? ':' + std::to_string(p.where.column) : "";
    }
    if (p.sid != 0) {
        out += (out.empty() ? "sid " : ": sid ") + std::to_string(p.sid);
    }
    return out;
}

}  // namespace

std::string problems_json(const compile::CompileOutput& output, bool explain) {
    nlohmann::ordered_json j;
    j["rules"] = output.rules;
    j["compiled"] = output.compiled;
    j["unsupported"] = output.unsupported;
    j["invalid"] = output.invalid;
    j["problems"] = nlohmann::ordered_json::array();
    for (const lang::Problem& p : output.problems) {
        nlohmann::ordered_json problem;
        problem["file"] = p.where.file;
        problem["line"] = p.where.line;
        problem["column"] = p.where.column;
        problem["sid"] = p.sid;
        problem["keyword"] = p.keyword;
        problem["reason"] = p.reason;
        problem["unsupported"] = p.unsupported;
        j["problems"].push_back(std::move(problem));
    }
    if (explain) {
        j["explain"] = explanation_json(output);
    }
    // Rules may hold bytes that are no UTF-8.
    return j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_problems(const compile::CompileOutput& output, std::size_t places) {
    std::printf("%zu rules: %zu compiled, %zu unsupported, %zu invalid\n", output.rules,
                output.compiled, output.unsupported, output.invalid);
    for (const auto& [reason, problems] : groups_of(output)) {
        std::printf("\n%zu x %s\n", problems.size(), printable(reason).c_str());
        for (std::size_t i = 0; i < std::min(places, problems.size()); ++i) {
            const lang::Problem& p = *problems[i];
            std::printf("  %s: %s\n", printable(place_of(p)).c_str(), printable(p.reason).c_str());
        }
        if (problems.size() > places) {
            std::printf("  ... and %zu more (--verbose lists all)\n", problems.size() - places);
        }
    }
}

void print_databases(const bundle::Model& model) {
    std::size_t bytes = 0;
    std::size_t patterns = 0;
    std::size_t largest = 0;
    for (const bundle::PrefilterDb& db : model.databases) {
        bytes += db.serialized.size();
        patterns += db.pattern_length.size();
        largest = std::max(largest, db.pattern_length.size());
    }
    std::printf(
        "%zu databases, %zu patterns (largest %zu), %.1f MB; %zu buffers, %zu payload groups, %zu "
        "rules for every packet\n",
        model.databases.size(), patterns, largest, static_cast<double>(bytes) / 1e6,
        model.buffer_groups.size(), model.payload_groups.size(), model.packet_rules.size());
}

bool has_findings(const compile::CompileOutput& output) {
    return output.failed || output.invalid != 0 || !output.uncovered_required.empty();
}

}  // namespace sluice::cli
