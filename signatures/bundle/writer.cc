// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/writer.h"

#include "signatures/bundle/container.h"
#include "signatures/bundle/encode.h"
#include "signatures/bundle/validate.h"

#include <string>

namespace sluice::bundle {

Result<std::vector<std::uint8_t>> write_bundle(const Model& model, const SecretKey& key) {
    if (Status s = validate(model); !s.ok()) {
        return s.error();
    }
    std::vector<std::uint8_t> bytes = seal_container(encode_sections(model), key);
    if (bytes.empty()) {
        return Error{
            .code = ErrorCode::kExhausted,
            .message = "bundle is larger than " + std::to_string(kMaxBundleBytes) + " bytes"};
    }
    return bytes;
}

}  // namespace sluice::bundle
