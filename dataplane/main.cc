// SPDX-License-Identifier: Apache-2.0
// sluice-dataplane: start-up only. Read the configuration, take the ports, give up privileges,
// start the workers, then wait for requests and signals.
#include "control/config/toml_load.h"
#include "control/rpc/server.h"
#include "dataplane/requests.h"
#include "platform/host/privileges.h"
#include "platform/service/notify.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace sluice;

constexpr int kTickMs = 250;
constexpr int kFailed = 1;

int fail(const Error& error) {
    log_line("error: " + error.to_string());
    return kFailed;
}

// SIGTERM and SIGINT stop, SIGHUP reopens the event file; blocked before any thread exists, so that
// only we see them.
int open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0 ||
        std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The runtime directory, made when it is not there, for the user that we become.
Status make_runtime_dir(const control::Config& config, const platform::UserIds& user) {
    const std::string& dir = config.dataplane.runtime_dir;
    std::error_code error;
    if (std::filesystem::create_directories(dir, error) &&
        ::lchown(dir.c_str(), user.uid, user.gid) != 0) {
        error = std::error_code(errno, std::generic_category());
    }
    if (error) {
        return Error{ErrorCode::kIo,
                     "cannot make runtime directory: " + error.message(),
                     {dir},
                     "start as root, or set [dataplane] runtime_dir"};
    }
    return ok_status();
}

// Until a signal or a request says stop.
void serve(worker::Appliance& appliance, control::ControlServer& server, int signals) {
    bool stop = false;
    const auto handler = [&](const control::Request& request) {
        return answer_request(appliance, request, [&stop] { stop = true; });
    };
    while (!stop) {
        pollfd waits[] = {{signals, POLLIN, 0}, {server.fd(), POLLIN, 0}};
        if (::poll(waits, 2, kTickMs) < 0) {
            continue;  // a signal that is not ours
        }
        signalfd_siginfo info{};
        if ((waits[0].revents & POLLIN) != 0 &&
            ::read(signals, &info, sizeof(info)) == sizeof(info)) {
            if (info.ssi_signo == SIGHUP) {
                appliance.reopen_events();
            } else {
                stop = true;
            }
        }
        if ((waits[1].revents & POLLIN) != 0) {
            server.serve_one(handler);
        }
        if (appliance.healthy()) {
            platform::notify_alive();  // a hung worker ends the heartbeat, and systemd starts us
                                       // anew
        }
    }
}

int run(const control::Config& config) {
    const int signals = open_signals();
    Result<platform::UserIds> user = platform::find_user(config.privileges.user);
    if (signals < 0 || !user) {
        return fail(user ? Error{ErrorCode::kIo, "cannot set up signals", {}, {}} : user.error());
    }
    if (Status made = make_runtime_dir(config, user.value()); !made) {
        return fail(made.error());
    }
    Result<std::unique_ptr<control::ControlServer>> server =
        control::ControlServer::listen(config.control.socket, user.value().uid);
    if (!server) {
        return fail(server.error());
    }
    Result<std::unique_ptr<worker::Appliance>> opened = worker::Appliance::open(config);
    if (!opened) {
        return fail(opened.error());
    }
    if (Status dropped = platform::drop_privileges(user.value()); !dropped) {
        return fail(dropped.error());
    }
    worker::Appliance& appliance = *opened.value();
    if (Status started = appliance.start(); !started) {
        return fail(started.error());
    }
    log_line("running: " + appliance.summary());
    platform::notify_ready(appliance.summary());
    serve(appliance, *server.value(), signals);
    platform::notify_stopping();
    appliance.stop();
    log_line("stopped");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("sluice-dataplane: inline intrusion prevention on two ports");
    std::string path = "/etc/sluice/sluice.toml";
    bool check = false;
    app.add_option("--config", path, "configuration file")->capture_default_str();
    app.add_flag("--check-config", check,
                 "read the configuration, say what is wrong with it, start nothing");
    app.set_version_flag("--version", "sluice-dataplane " SLUICE_VERSION);
    app.footer(
        "Examples:\n"
        "  sluice-dataplane --check-config --config sluice.toml\n"
        "  sudo sluice-dataplane --config sluice.toml\n"
        "  sluice status; sluice stats; sluice reload new.sigb\n"
        "All keys: control/config/sluice.toml.example. Signals: TERM and INT stop, HUP reopens the "
        "event file.");
    CLI11_PARSE(app, argc, argv);
    const Result<control::Config> config = control::load_config(path);
    if (!config) {
        return fail(config.error());
    }
    if (check) {
        std::printf("%s: good, %zu segment(s), %u worker(s)\n", path.c_str(),
                    config.value().segments.size(), config.value().dataplane.workers);
        return 0;
    }
    return run(config.value());
}
