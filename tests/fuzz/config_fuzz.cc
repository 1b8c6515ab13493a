// SPDX-License-Identifier: Apache-2.0
// sluice.toml and the control protocol: any text gives a value or an Error with a message, and what
// was accepted keeps its promises.
#include "control/config/toml_load.h"
#include "control/rpc/protocol.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::control;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const sluice::Result<Config> config = parse_config(text, "fuzz.toml");
    if (config) {
        require(!config.value().segments.empty() && config.value().dataplane.workers >= 1);
        for (const Segment& segment : config.value().segments) {
            require(segment.ports.size() == 2);
        }
    } else {
        require(!config.error().message.empty() && config.error().where.file == "fuzz.toml");
    }
    const sluice::Result<Request> request = parse_request(text);
    if (request) {
        std::string line = format_request(request.value());
        line.pop_back();
        const sluice::Result<Request> again = parse_request(line);
        require(again.ok() && again.value().command == request.value().command);
    }
    (void)parse_response(text);
    return 0;
}
