// SPDX-License-Identifier: Apache-2.0
// What the bundle tests and the bundle fuzz target share: a fixed key, models small and rich, and
// reseal(), which makes changed bytes look honest (length, digests, key id, signature), so that
// what lies behind the signature is reached.
#pragma once

#include "signatures/bundle/keys.h"
#include "signatures/bundle/model.h"
#include "signatures/bundle/reader.h"

#include <cstdint>
#include <vector>

namespace sluice::bundle {

SecretKey test_key();
ReadOptions test_options();

Model small_model();  // one rule with one content: about 2 KB as a file
Model rich_model();   // at least one of everything

// Leaves bytes shorter than a header alone.
void reseal(std::vector<std::uint8_t>& file, const SecretKey& key);

}  // namespace sluice::bundle
