// SPDX-License-Identifier: Apache-2.0
// Both directions of a control connection through the FTP parser, whole and cut: see TalkOracle.
#include "dataplane/app/ftp.h"
#include "tests/unit/app/talk_oracle.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    static app::Ftp* const parser = new app::Ftp(app::AppConfig{});
    test::TalkOracle<app::Ftp, app::FtpFlow>(*parser, std::size_t{16} * 1024, test::Talking::kTurns)
        .judge(data, size);
    return 0;
}
