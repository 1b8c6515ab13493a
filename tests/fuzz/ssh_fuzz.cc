// SPDX-License-Identifier: Apache-2.0
// Both directions of a connection through the SSH parser, whole and cut: see TalkOracle.
#include "dataplane/app/ssh.h"
#include "tests/unit/app/talk_oracle.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    static app::Ssh* const parser = [] {
        app::AppConfig config;
        config.max_ssh_packet = 8192;
        config.ssh_slabs = {8, 4, 2, 2, 1};
        return new app::Ssh(config);
    }();
    test::TalkOracle<app::Ssh, app::SshFlow>(*parser, 1024).judge(data, size);
    return 0;
}
