// SPDX-License-Identifier: Apache-2.0
// What PCRE2 says about an expression. Internal to signatures/compile. Any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <string>

namespace sluice::compile {

struct PcreFacts {
    std::string fault;  // "": it compiles
    std::uint32_t groups = 0;
};

// Compiles it once to see; the engine compiles its own when the bundle is loaded.
PcreFacts examine_pcre(const bundle::Pcre& pcre);

}  // namespace sluice::compile
