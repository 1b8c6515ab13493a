// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/check.h"

#include "tools/sluice/inputs.h"
#include "tools/sluice/summary.h"
#include "tools/sluice/terminal.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cli {
namespace {

constexpr std::size_t kPlacesShown = 3;

struct Options {
    std::vector<std::string> paths;
    std::vector<std::string> vars;
    std::string thresholds;
    bool json = false;
    bool verbose = false;
};

int run_check(const Options& o) {
    compile::CompileInput input;
    for (const std::string& var : o.vars) {
        if (const Status s = set_variable(var, input.options); !s.ok()) {
            return report("check", s.error());
        }
    }
    Result<std::vector<compile::SourceFile>> sources = read_sources(o.paths);
    if (!sources.ok()) {
        return report("check", sources.error());
    }
    input.sources = std::move(sources).value();
    if (const Status s = read_thresholds(o.thresholds, input.sources); !s.ok()) {
        return report("check", s.error());
    }
    ProgressLine progress("check");
    input.progress = [&](std::string_view step, std::size_t done, std::size_t total) {
        progress.update(step, done, total);
    };
    const compile::CompileOutput output = compile::compile_sources(input);
    progress.clear();
    if (o.json) {
        std::printf("%s\n", problems_json(output).c_str());
    } else {
        print_problems(output, o.verbose ? output.problems.size() : kPlacesShown);
        if (o.verbose) {
            print_databases(output.model);
        }
    }
    return has_findings(output) ? kExitFindings : kExitOk;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* cmd = app.add_subcommand(
        "check", "would these rules load? counts, and every problem with its place");
    cmd->footer(
        "Examples:\n"
        "  sluice check my.rules\n"
        "  sluice check --json rules/ guidance.toml | jq .problems\n"
        "  zstdcat emerging-all.rules.zst | sluice check -\n"
        "Exit code: 0 no invalid rule, 1 some rule is invalid or a required CVE has none, 2 wrong "
        "arguments or unreadable file.\n"
        "A rule that is well-formed but beyond this version is 'unsupported': listed, left out, "
        "not an error.");
    cmd->add_option("RULES", options->paths,
                    "rule files, guidance (.toml), folders, or - for standard input")
        ->required();
    cmd->add_option("--thresholds", options->thresholds,
                    "threshold.config: suppress, threshold, event_filter, rate_filter");
    cmd->add_option("--var", options->vars,
                    "NAME=VALUE: a port group (PORT in the name) or address group")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    cmd->add_flag("--json", options->json, "one JSON object with counts and problems");
    cmd->add_flag("--verbose", options->verbose,
                  "list every place; show what the databases look like");
    cmd->callback([options, &exit_code] { exit_code = run_check(*options); });
}

}  // namespace sluice::cli
