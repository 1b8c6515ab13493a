// SPDX-License-Identifier: Apache-2.0
// How often a literal occurs in ordinary traffic, by byte bigrams counted in real files
// (byte_model.inc, made by tools/make_byte_model.py). Only a ranking is needed, so a bigram model
// is enough. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::compile {

enum class Traffic : std::uint8_t { kText, kBinary };

// Expected occurrences of the literal per byte of such traffic, between 0 and 1; in any mix of
// cases when 'nocase'. An empty literal occurs everywhere: 1.
double occurrences_per_byte(std::string_view literal, bool nocase, Traffic traffic);

}  // namespace sluice::compile
