// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/coverage.h"

#include <algorithm>
#include <cstdint>
#include <map>

namespace sluice::compile {
namespace {

using Table = std::map<std::string, bundle::CveCoverage>;

Table from_rules(const bundle::Model& model) {
    Table table;
    for (const bundle::Rule& rule : model.rules) {
        for (const std::string& cve : rule.cves) {
            bundle::CveCoverage& row = table[cve];
            row.status = "covered";
            row.sids.push_back(rule.sid);
            row.required = row.required || rule.required;
        }
    }
    return table;
}

// Guidance knows whether its rules cover the flaw wholly; but nothing is covered without a rule.
void apply(const GuidanceStatus& said, bundle::CveCoverage& row) {
    row.required = row.required || said.required;
    const bool claims_rules =
        said.status == "covered" || said.status == "partial" || said.status == "updated-existing";
    if (row.sids.empty()) {
        row.status = claims_rules ? "pending" : said.status;
    } else if (claims_rules) {
        row.status = said.status;
    }
}

}  // namespace

std::vector<GuidanceStatus> fill_coverage(bundle::Model& model,
                                          const std::vector<GuidanceStatus>& guidance) {
    Table table = from_rules(model);
    std::vector<GuidanceStatus> uncovered;
    for (const GuidanceStatus& said : guidance) {
        bundle::CveCoverage& row = table[said.cve];
        apply(said, row);
        if (said.required && row.sids.empty()) {
            uncovered.push_back(said);
        }
    }
    model.coverage.clear();
    for (auto& [cve, row] : table) {
        row.cve = cve;
        std::sort(row.sids.begin(), row.sids.end());
        row.sids.erase(std::unique(row.sids.begin(), row.sids.end()), row.sids.end());
        model.coverage.push_back(std::move(row));
    }
    for (bundle::Rule& rule : model.rules) {
        rule.required =
            rule.required ||
            std::any_of(rule.cves.begin(), rule.cves.end(), [&](const std::string& cve) {
                const auto it = table.find(cve);
                return it != table.end() && it->second.required;
            });
    }
    return uncovered;
}

}  // namespace sluice::compile
