// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/status.h"

#include "control/rpc/client.h"
#include "tools/sluice/status_text.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace sluice::cli {
namespace {

constexpr int kAskMs = 5000;
constexpr int kReloadMs = 60000;  // a big bundle is read, checked and resolved first

struct Options {
    std::string socket = control::kDefaultSocket;
    std::string bundle;
    bool json = false;
};

using Format = std::string (*)(const std::string& json);

int ask_and_print(const Options& options, const control::Request& request, int timeout_ms,
                  Format format) {
    const Result<std::string> answer = control::ask(options.socket, request, timeout_ms);
    if (!answer) {
        std::fprintf(stderr, "sluice: %s\n", answer.error().to_string().c_str());
        return 1;
    }
    const std::string text = options.json ? answer.value() + '\n' : format(answer.value());
    std::fputs(text.c_str(), stdout);
    return 0;
}

std::shared_ptr<Options> add_common(CLI::App& command) {
    auto options = std::make_shared<Options>();
    command.add_option("--socket", options->socket, "control socket of sluice-dataplane")
        ->capture_default_str();
    command.add_flag("--json", options->json, "the answer as JSON");
    return options;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("status", "what the running dataplane is doing, and with which rules");
    command->footer("Examples:\n  sluice status\n  sluice status --json | jq .bundle.version");
    const std::shared_ptr<Options> options = add_common(*command);
    command->callback([options, &exit_code] {
        exit_code = ask_and_print(*options, {control::Command::kStatus, {}}, kAskMs, format_status);
    });
}

void add_stats(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("stats", "counters: packets, flows, reasons for drops, ports");
    const std::shared_ptr<Options> options = add_common(*command);
    command->callback([options, &exit_code] {
        exit_code = ask_and_print(*options, {control::Command::kStats, {}}, kAskMs, format_stats);
    });
}

void add_reload(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand(
        "reload", "new rules for the running dataplane, without losing a connection");
    const std::shared_ptr<Options> options = add_common(*command);
    command->add_option("bundle", options->bundle, "bundle file; left out: the configured one")
        ->check(CLI::ExistingFile);
    command->callback([options, &exit_code] {
        std::error_code error;
        control::Request request{control::Command::kReload, {}};
        if (!options->bundle.empty()) {
            request.bundle = std::filesystem::absolute(options->bundle, error)
                                 .string();  // its working directory is not ours
        }
        exit_code = ask_and_print(*options, request, kReloadMs, format_status);
    });
}

}  // namespace sluice::cli
