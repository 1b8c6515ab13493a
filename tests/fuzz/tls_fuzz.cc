// SPDX-License-Identifier: Apache-2.0
// Both directions of a connection through the TLS parser, whole and cut: see TalkOracle.
#include "dataplane/app/tls.h"
#include "tests/unit/app/talk_oracle.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    static app::Tls* const parser = [] {
        app::AppConfig config;
        config.max_tls_message = 8192;
        config.tls_slabs = {8, 4, 2, 2, 1};
        return new app::Tls(config);
    }();
    test::TalkOracle<app::Tls, app::TlsFlow>(*parser, 64).judge(data, size);
    return 0;
}
