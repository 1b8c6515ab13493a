// SPDX-License-Identifier: Apache-2.0
// threshold.config as a stranger may send it: each line ends as filters of rules or as one problem
// with its place, and what enters the model can be read back from it.
#include "dataplane/base/check.h"
#include "signatures/compile/threshold_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace sluice;

bundle::Model three_rules() {
    bundle::Model model;
    for (const std::uint32_t sid : {1U, 2U, 3U}) {
        bundle::Rule rule;
        rule.sid = sid;
        rule.threshold.kind =
            sid == 2 ? bundle::ThresholdKind::kLimit : bundle::ThresholdKind::kNone;
        model.rules.push_back(rule);
    }
    return model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const compile::CompileOptions kOptions = compile::default_compile_options();
    const std::string text(data, data + size);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    bundle::Model model = three_rules();
    std::vector<lang::Problem> problems;
    compile::apply_thresholds(text, "fuzz", kOptions, model, problems);
    SLUICE_CHECK(problems.size() <= lines);
    std::uint32_t last = 0;
    for (const lang::Problem& p : problems) {
        SLUICE_CHECK(p.where.line > last && p.where.line <= lines && !p.reason.empty());
        last = p.where.line;
    }
    SLUICE_CHECK(model.addresses.size() <= lines);
    for (const bundle::Rule& rule : model.rules) {
        SLUICE_CHECK(rule.filters.size() <= lines);
        for (const bundle::Filter& f : rule.filters) {
            SLUICE_CHECK(f.kind != bundle::FilterKind::kSuppress ||
                         f.addresses < model.addresses.size());
            SLUICE_CHECK(f.kind != bundle::FilterKind::kRate || f.count != 0);
        }
    }
    // Once more over the same text: the same problems.
    bundle::Model again = three_rules();
    std::vector<lang::Problem> same;
    compile::apply_thresholds(text, "fuzz", kOptions, again, same);
    SLUICE_CHECK(again.rules == model.rules && same.size() == problems.size());
    return 0;
}
