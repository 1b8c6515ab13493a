// SPDX-License-Identifier: Apache-2.0
// The bundle reader over anything. The first byte chooses: even, the rest is read as it is; odd, it
// is first given an honest length, digests and signature, so that decoding and validation are
// reached. What is accepted must survive a round trip.
#include "signatures/bundle/reader.h"
#include "signatures/bundle/writer.h"
#include "tests/unit/bundle/bundle_support.h"

#include <cstdint>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::bundle;
    static const SecretKey key = test_key();
    static const ReadOptions options = test_options();
    if (size == 0) {
        return 0;
    }
    std::vector<std::uint8_t> file(data + 1, data + size);
    if (data[0] % 2 == 1) {
        reseal(file, key);
    }
    const sluice::Result<Model> model = read_bundle(file, options);
    if (!model.ok()) {
        return 0;
    }
    const sluice::Result<std::vector<std::uint8_t>> again = write_bundle(model.value(), key);
    if (!again.ok()) {
        std::abort();
    }
    const sluice::Result<Model> back = read_bundle(again.value(), options);
    if (!back.ok() || !(back.value() == model.value())) {
        std::abort();
    }
    return 0;
}
