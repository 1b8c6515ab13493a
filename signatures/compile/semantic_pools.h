// SPDX-License-Identifier: Apache-2.0
// What many rules share, put into the model once: addresses, ports, content bytes, expressions, bit
// names. The model belongs to the caller. Internal to signatures/compile. One thread per object.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::compile {

class Pools {
  public:
    explicit Pools(bundle::Model& model) : model_(model) {}

    std::uint32_t addresses(const bundle::AddressExpr& e);
    std::uint32_t ports(const bundle::PortSet& set);
    std::uint32_t content(const std::string& bytes);  // first byte in the blob
    std::uint32_t pcre(const bundle::Pcre& pcre);
    std::uint32_t bit_names(
        const std::vector<std::string>& names);  // of the first; they stand together

  private:
    using Index = std::unordered_map<std::string, std::uint32_t>;

    bundle::Model& model_;
    Index addresses_;
    Index ports_;
    Index contents_;
    Index pcres_;
    Index bit_names_;
};

}  // namespace sluice::compile
