// SPDX-License-Identifier: Apache-2.0
// Ed25519 keys that sign and check bundles. A SecretKey owns its bytes, cannot be copied and wipes
// them when it goes. On disk a key is one line of text, "sluice-ed25519-secret:BASE64" (the 32-byte
// seed) or "sluice-ed25519-public:BASE64". Any thread. Errors: kIo, kNotFound, kInvalid with the
// file's name and line.
#pragma once

#include "dataplane/base/result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bundle {

using KeyId = std::array<std::uint8_t, 8>;

struct PublicKey {
    std::array<std::uint8_t, 32> bytes{};

    friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

using PublicKeys = std::vector<PublicKey>;

class SecretKey {
  public:
    using Seed = std::array<std::uint8_t, 32>;

    static SecretKey generate();
    static SecretKey from_seed(const Seed& seed);  // deterministic; for tests and for loading

    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&& other) noexcept;
    SecretKey(const SecretKey&) = delete;
    SecretKey& operator=(const SecretKey&) = delete;
    ~SecretKey();

    // libsodium's form: seed, then public key.
    const std::array<std::uint8_t, 64>& bytes() const { return bytes_; }

    PublicKey public_key() const;

  private:
    SecretKey() = default;
    void wipe();

    std::array<std::uint8_t, 64> bytes_{};
};

// The first 8 bytes of BLAKE2b-256 over the public key; in hex for people.
KeyId key_id(const PublicKey& key);
std::string to_hex(const KeyId& id);

// One line without its line end. The secret form holds the seed: treat the text like the key.
std::string to_text(const PublicKey& key);
Result<PublicKey> parse_public_key(std::string_view text);

// Refuses to replace a file. Mode 0600.
Status save_secret_key(const std::string& path, const SecretKey& key);

// Refuses a file that its group or others may read or write, and anything but a regular file.
Result<SecretKey> load_secret_key(const std::string& path);

// Replaces the file atomically. Mode 0644.
Status save_public_key(const std::string& path, const PublicKey& key);
Result<PublicKey> load_public_key(const std::string& path);

// One key per line; empty lines and lines that begin with # do not count. No key at all is an
// error.
Result<PublicKeys> load_public_keys(const std::string& path);

}  // namespace sluice::bundle
