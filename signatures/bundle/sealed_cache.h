// SPDX-License-Identifier: Apache-2.0
// SealedCache: what was computed from some content, kept in a folder by the content's hash. Entries
// are encrypted and authenticated (XChaCha20-Poly1305) with a key made from the key that signs
// bundles, and named by a keyed hash: who cannot sign bundles can neither put anything in that is
// believed, nor learn what rules there are. What does not open (damaged, another key, another
// content) counts as missing. Bounded in size: the entries not used for longest go first. Not for
// the packet path. get() and put(): any thread. Errors: kIo, kInvalid (a folder that others may
// write).
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "signatures/bundle/keys.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bundle {

class SealedCache {
  public:
    // Creates the folder (mode 0700) when it is not there.
    static Result<std::unique_ptr<SealedCache>> open(const std::string& folder,
                                                     const SecretKey& key, std::uint64_t max_bytes);

    SealedCache(const SealedCache&) = delete;
    SealedCache& operator=(const SealedCache&) = delete;
    ~SealedCache();

    std::optional<std::vector<std::uint8_t>> get(std::string_view content);

    // Best effort: a full disk only costs the entry.
    void put(std::string_view content, Bytes value);

    // Removes the oldest entries until the folder is within its size.
    void trim();

    std::uint64_t hits() const { return hits_.load(); }

    std::uint64_t misses() const { return misses_.load(); }

    // Of misses: there was an entry, and it was not what was put there.
    std::uint64_t damaged() const { return damaged_.load(); }

  private:
    static constexpr std::size_t kKeyBytes = 32;

    SealedCache(std::string folder, const SecretKey& key, std::uint64_t max_bytes);

    using Name = std::array<std::uint8_t, 32>;

    Name name_of(std::string_view content) const;
    std::string path_of(const Name& name) const;

    std::string folder_;
    std::uint64_t max_bytes_;
    std::array<std::uint8_t, kKeyBytes> seal_key_{};
    std::array<std::uint8_t, kKeyBytes> name_key_{};
    std::atomic<std::uint64_t> hits_{0};
    std::atomic<std::uint64_t> misses_{0};
    std::atomic<std::uint64_t> damaged_{0};
};

}  // namespace sluice::bundle
