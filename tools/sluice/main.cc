// SPDX-License-Identifier: Apache-2.0
// sluice: the command line. Registers subcommands; each lives in its own file. Exit codes:
// terminal.h.
#include "tools/sluice/bundle_show.h"
#include "tools/sluice/check.h"
#include "tools/sluice/compile.h"
#include "tools/sluice/keygen.h"
#include "tools/sluice/keywords.h"
#include "tools/sluice/terminal.h"

#include <CLI/CLI.hpp>
#include <sodium.h>

#include <cstdio>
#include <exception>
#ifdef SLUICE_CLI_REPLAY
#include "tools/sluice/replay.h"
#endif
#ifdef SLUICE_CLI_STATUS
#include "tools/sluice/status.h"
#endif

namespace {

// One line per subcommand, in the order of the help.
void add_subcommands(CLI::App& app, int& exit_code) {
    sluice::cli::add_check(app, exit_code);
    sluice::cli::add_compile(app, exit_code);
    sluice::cli::add_keygen(app, exit_code);
    sluice::cli::add_keywords(app, exit_code);
    sluice::cli::add_bundle(app, exit_code);
#ifdef SLUICE_CLI_REPLAY
    sluice::cli::add_replay(app, exit_code);
#endif
#ifdef SLUICE_CLI_STATUS
    sluice::cli::add_status(app, exit_code);
    sluice::cli::add_stats(app, exit_code);
    sluice::cli::add_reload(app, exit_code);
#endif
}

int run(int argc, char** argv) {
    int exit_code = sluice::cli::kExitOk;
    CLI::App app("Sluice: network intrusion prevention. 'sluice COMMAND --help' shows examples.",
                 "sluice");
    app.set_version_flag("--version", SLUICE_VERSION);
    app.require_subcommand(1);
    add_subcommands(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? sluice::cli::kExitOk : sluice::cli::kExitUsage;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    if (sodium_init() < 0) {
        std::fputs("sluice: libsodium does not start\n", stderr);
        return sluice::cli::kExitUsage;
    }
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "sluice: %s\n", e.what());
        return sluice::cli::kExitUsage;
    }
}
