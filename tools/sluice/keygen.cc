// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/keygen.h"

#include "signatures/bundle/keys.h"
#include "tools/sluice/terminal.h"

#include <cstdio>
#include <memory>
#include <string>

namespace sluice::cli {
namespace {

int run_keygen(const std::string& name) {
    const bundle::SecretKey key = bundle::SecretKey::generate();
    if (const Status s = bundle::save_secret_key(name + ".key", key); !s.ok()) {
        return report("keygen", s.error());
    }
    const bundle::PublicKey pub = key.public_key();
    if (const Status s = bundle::save_public_key(name + ".pub", pub); !s.ok()) {
        return report("keygen", s.error());
    }
    std::printf("%s.key (keep it secret) and %s.pub (give it to appliances), key id %s\n",
                printable(name).c_str(), printable(name).c_str(),
                bundle::to_hex(bundle::key_id(pub)).c_str());
    return kExitOk;
}

}  // namespace

void add_keygen(CLI::App& app, int& exit_code) {
    auto name = std::make_shared<std::string>();
    CLI::App* cmd = app.add_subcommand("keygen", "make a key pair that signs bundles");
    cmd->footer(
        "Examples:\n"
        "  sluice keygen -o lab      # makes lab.key and lab.pub\n"
        "An existing lab.key is never replaced: bundles signed with it would lose their key.");
    cmd->add_option("-o,--output", *name, "path without .key and .pub")->required();
    cmd->callback([name, &exit_code] { exit_code = run_keygen(*name); });
}

}  // namespace sluice::cli
