// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/explain.h"

#include "signatures/bundle/encode.h"
#include "signatures/bundle/format.h"
#include "signatures/compile/semantic_draft.h"
#include "tools/sluice/terminal.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace sluice::cli {
namespace {

using compile::CompileReport;
using compile::DatabaseCost;
using compile::PcreCost;
using compile::PrefilterKind;
using compile::RuleCost;
using nlohmann::ordered_json;

constexpr std::size_t kShown = 10;
constexpr std::size_t kListed = 100;  // in JSON
constexpr std::size_t kTextShown = 48;

// The 'most' of them that come first, in order.
template <typename T, typename Before>
std::vector<T> top(const std::vector<T>& all, std::size_t most, Before before) {
    std::vector<T> out(all);
    std::stable_sort(out.begin(), out.end(), before);
    out.resize(std::min(out.size(), most));
    return out;
}

std::vector<RuleCost> dearest_rules(const CompileReport& r, std::size_t most) {
    return top(r.rules, most, [](const RuleCost& a, const RuleCost& b) { return a.cost > b.cost; });
}

std::vector<PcreCost> slowest_pcres(const CompileReport& r, std::size_t most) {
    return top(r.pcres, most,
               [](const PcreCost& a, const PcreCost& b) { return a.seconds > b.seconds; });
}

std::vector<DatabaseCost> largest_databases(const CompileReport& r, std::size_t most) {
    return top(r.databases, most,
               [](const DatabaseCost& a, const DatabaseCost& b) { return a.bytes > b.bytes; });
}

struct Kinds {
    std::size_t literal = 0;
    std::size_t pcre = 0;
    std::size_t always = 0;
    std::size_t packet = 0;
};

Kinds count_kinds(const CompileReport& r) {
    Kinds k;
    for (const RuleCost& rule : r.rules) {
        switch (rule.kind) {
            case PrefilterKind::kLiteral:
                ++k.literal;
                break;
            case PrefilterKind::kPcre:
                ++k.pcre;
                break;
            case PrefilterKind::kAlways:
                ++k.always;
                break;
            case PrefilterKind::kPacket:
                ++k.packet;
                break;
        }
    }
    return k;
}

const char* kind_text(PrefilterKind kind) {
    switch (kind) {
        case PrefilterKind::kLiteral:
            return "literal";
        case PrefilterKind::kPcre:
            return "pcre";
        case PrefilterKind::kAlways:
            return "every look";
        case PrefilterKind::kPacket:
            break;
    }
    return "every packet";
}

std::string shortened(const std::string& text) {
    const std::string safe = printable(text);
    return safe.size() <= kTextShown ? safe : safe.substr(0, kTextShown - 3) + "...";
}

std::vector<std::pair<std::string, std::size_t>> section_sizes(const bundle::Model& model) {
    const bundle::Sections sections = bundle::encode_sections(model);
    std::vector<std::pair<std::string, std::size_t>> out;
    for (std::size_t i = 0; i < bundle::kSectionCount; ++i) {
        out.emplace_back(bundle::kSectionNames[i], sections[i].size());
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    return out;
}

const char* note_of(const PcreCost& pcre) {
    if (pcre.over_budget) {
        return "over the budget: PCRE2 alone";
    }
    if (pcre.remembered) {
        return "from the cache";
    }
    return pcre.usable ? "" : "no prefilter";
}

void print_rules(const CompileReport& r) {
    const Kinds k = count_kinds(r);
    std::printf(
        "\nrules that become candidates by a literal %zu, by a pcre %zu, at every look at a buffer "
        "%zu, at every packet %zu\n",
        k.literal, k.pcre, k.always, k.packet);
    std::printf("dearest, in verifications per ordinary transaction:\n");
    std::printf("  %10s  %-12s %-20s %-12s %9s  %s\n", "cost", "sid", "buffer", "by", "pcre bytes",
                "literal");
    for (const RuleCost& rule : dearest_rules(r, kShown)) {
        std::printf("  %10.4f  %-12u %-20s %-12s %9zu  %s\n", rule.cost, rule.sid,
                    std::string(compile::buffer_text(rule.buffer)).c_str(), kind_text(rule.kind),
                    rule.pcre_bytes, shortened(rule.literal).c_str());
    }
}

void print_pcres(const CompileReport& r) {
    std::printf("\n%zu pcre tried in %.2f s", r.pcres.size(), r.pcre_seconds);
    std::printf("; %zu over the time budget; slowest:\n", r.over_budget);
    for (const PcreCost& pcre : slowest_pcres(r, kShown)) {
        std::printf("  %8.3f s  %-*s  %s\n", pcre.seconds, static_cast<int>(kTextShown),
                    shortened(pcre.pattern).c_str(), note_of(pcre));
    }
}

void print_groups(const CompileReport& r) {
    std::size_t remembered = 0;
    for (const DatabaseCost& db : r.databases) {
        remembered += db.remembered ? 1U : 0U;
    }
    std::printf("\n%zu databases in %.2f s, %zu of them from the cache; largest:\n",
                r.databases.size(), r.database_seconds, remembered);
    std::printf("  %9s %9s %8s %7s %9s  %s\n", "KB", "patterns", "rules", "always", "seconds",
                "place");
    for (const DatabaseCost& db : largest_databases(r, kShown)) {
        std::printf("  %9zu %9zu %8zu %7zu %9.3f  %s\n", db.bytes / 1000, db.patterns, db.rules,
                    db.always, db.seconds, db.place.c_str());
    }
}

}  // namespace

void print_explanation(const compile::CompileOutput& output) {
    print_rules(output.report);
    print_pcres(output.report);
    print_groups(output.report);
    std::printf("\nroom in the bundle:\n");
    for (const auto& [name, bytes] : section_sizes(output.model)) {
        if (bytes >= 1000) {
            std::printf("  %9zu KB  %s\n", bytes / 1000, name.c_str());
        }
    }
}

ordered_json explanation_json(const compile::CompileOutput& output) {
    const CompileReport& r = output.report;
    const Kinds k = count_kinds(r);
    ordered_json j;
    j["candidates_by"] = {{"literal", k.literal},
                          {"pcre", k.pcre},
                          {"every_look", k.always},
                          {"every_packet", k.packet}};
    j["rules"] = ordered_json::array();
    for (const RuleCost& rule : dearest_rules(r, kListed)) {
        j["rules"].push_back({{"gid", rule.gid},
                              {"sid", rule.sid},
                              {"cost", rule.cost},
                              {"buffer", compile::buffer_text(rule.buffer)},
                              {"by", kind_text(rule.kind)},
                              {"literal", rule.literal},
                              {"pcre_bytes", rule.pcre_bytes}});
    }
    j["pcre_seconds"] = r.pcre_seconds;
    j["pcre_over_budget"] = r.over_budget;
    j["pcres"] = ordered_json::array();
    for (const PcreCost& pcre : slowest_pcres(r, kListed)) {
        j["pcres"].push_back({{"pattern", pcre.pattern},
                              {"seconds", pcre.seconds},
                              {"prefilter", pcre.usable},
                              {"over_budget", pcre.over_budget},
                              {"from_cache", pcre.remembered}});
    }
    j["database_seconds"] = r.database_seconds;
    j["databases"] = ordered_json::array();
    for (const DatabaseCost& db : largest_databases(r, r.databases.size())) {
        j["databases"].push_back({{"place", db.place},
                                  {"bytes", db.bytes},
                                  {"patterns", db.patterns},
                                  {"rules", db.rules},
                                  {"always", db.always},
                                  {"seconds", db.seconds},
                                  {"from_cache", db.remembered}});
    }
    for (const auto& [name, bytes] : section_sizes(output.model)) {
        j["sections"][name] = bytes;
    }
    return j;
}

}  // namespace sluice::cli
