// SPDX-License-Identifier: Apache-2.0
// write_bundle: a Model as a signed .sigb file, the same bytes for the same model and key. It
// refuses a model that read_bundle would refuse (validate.h), so a compiler's mistake shows at the
// compiler. Control side; any thread.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <vector>

namespace sluice::bundle {

Result<std::vector<std::uint8_t>> write_bundle(const Model& model, const SecretKey& key);

}  // namespace sluice::bundle
