// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/keywords.h"

#include "signatures/compile/keyword_notes.h"
#include "tools/sluice/terminal.h"

#include <cstdio>

namespace sluice::cli {

void add_keywords(CLI::App& app, int& exit_code) {
    CLI::App* cmd =
        app.add_subcommand("keywords", "the rule language: every keyword and how it is understood");
    cmd->footer(
        "Examples:\n  sluice keywords | less\n"
        "  sluice keywords > signatures/lang/KEYWORDS.md");
    cmd->callback([&exit_code] {
        std::fputs(compile::keyword_page().c_str(), stdout);
        exit_code = kExitOk;
    });
}

}  // namespace sluice::cli
