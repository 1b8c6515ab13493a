// SPDX-License-Identifier: Apache-2.0
// Both directions of a connection through the SMTP parser, whole and cut: see TalkOracle.
#include "dataplane/app/smtp.h"
#include "tests/unit/app/talk_oracle.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    static app::Smtp* const parser = [] {
        app::AppConfig config;
        config.smtp_slabs = {4, 4, 4, 1, 0};
        return new app::Smtp(config);
    }();
    test::TalkOracle<app::Smtp, app::SmtpFlow>(*parser, std::size_t{16} * 1024,
                                               test::Talking::kTurns)
        .judge(data, size);
    return 0;
}
