// SPDX-License-Identifier: Apache-2.0
// CompileCache: the compiler's cache in a folder of sealed entries. Any thread.
#pragma once

#include "signatures/bundle/sealed_cache.h"
#include "signatures/compile/emit.h"

#include <memory>
#include <string>

namespace sluice::cli {

class CompileCache final : public compile::DatabaseCache {
  public:
    explicit CompileCache(std::unique_ptr<bundle::SealedCache> sealed)
        : sealed_(std::move(sealed)) {}

    std::optional<std::vector<std::uint8_t>> find(const std::string& content) override {
        return sealed_->get(content);
    }

    void store(const std::string& content, const std::vector<std::uint8_t>& value) override {
        sealed_->put(content, value);
    }

    bundle::SealedCache& sealed() { return *sealed_; }

  private:
    std::unique_ptr<bundle::SealedCache> sealed_;
};

// $XDG_CACHE_HOME/sluice, or ~/.cache/sluice; empty when neither is known.
std::string default_cache_folder();

}  // namespace sluice::cli
