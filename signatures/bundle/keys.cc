// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/keys.h"

#include "dataplane/base/check.h"
#include "signatures/bundle/file_io.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::bundle {

namespace {

constexpr std::string_view kSecretPrefix = "sluice-ed25519-secret:";
constexpr std::string_view kPublicPrefix = "sluice-ed25519-public:";
constexpr std::size_t kMaxKeyFileBytes = 4096;
constexpr std::size_t kBase64Bytes = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL);

using Raw32 = std::array<std::uint8_t, 32>;

std::string encode(std::string_view prefix, const Raw32& raw) {
    std::array<char, kBase64Bytes> text{};
    sodium_bin2base64(text.data(), text.size(), raw.data(), raw.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    std::string out(prefix);
    out += text.data();
    sodium_memzero(text.data(), text.size());
    return out;
}

bool decode(std::string_view prefix, std::string_view text, Raw32& raw) {
    if (!text.starts_with(prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    std::size_t n = 0;
    return sodium_base642bin(raw.data(), raw.size(), text.data(), text.size(), nullptr, &n, nullptr,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == raw.size();
}

std::string_view trim(std::string_view s) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!s.empty() && blank(s.front())) {
        s.remove_prefix(1);
    }
    while (!s.empty() && blank(s.back())) {
        s.remove_suffix(1);
    }
    return s;
}

Result<std::string> read_text(const std::string& path, FileGuard guard) {
    Result<std::vector<std::uint8_t>> bytes = read_file(path, kMaxKeyFileBytes, guard);
    if (!bytes.ok()) {
        return bytes.error();
    }
    std::string text(bytes.value().begin(), bytes.value().end());
    sodium_memzero(bytes.value().data(), bytes.value().size());
    return text;
}

Error not_a_key(const std::string& path, std::string_view what, std::uint32_t line) {
    return Error{.code = ErrorCode::kInvalid,
                 .message = "not a " + std::string(what) +
                            " key: expected one line \"sluice-ed25519-" + std::string(what) +
                            ":BASE64\"",
                 .where = {.file = path, .line = line}};
}

std::vector<std::uint8_t> line_bytes(std::string text) {
    text += '\n';
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    sodium_memzero(text.data(), text.size());
    return bytes;
}

}  // namespace

SecretKey SecretKey::generate() {
    SLUICE_CHECK(sodium_init() >= 0);
    Seed seed{};
    randombytes_buf(seed.data(), seed.size());
    SecretKey key = from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

SecretKey SecretKey::from_seed(const Seed& seed) {
    SLUICE_CHECK(sodium_init() >= 0);
    SecretKey key;
    PublicKey unused;
    SLUICE_CHECK(crypto_sign_seed_keypair(unused.bytes.data(), key.bytes_.data(), seed.data()) ==
                 0);
    return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
    other.wipe();
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
    if (this != &other) {
        bytes_ = other.bytes_;
        other.wipe();
    }
    return *this;
}

SecretKey::~SecretKey() {
    wipe();
}

void SecretKey::wipe() {
    sodium_memzero(bytes_.data(), bytes_.size());
}

PublicKey SecretKey::public_key() const {
    PublicKey key;
    std::copy_n(bytes_.begin() + 32, key.bytes.size(), key.bytes.begin());
    return key;
}

KeyId key_id(const PublicKey& key) {
    SLUICE_CHECK(sodium_init() >= 0);
    std::array<std::uint8_t, 32> digest{};
    (void)crypto_generichash(digest.data(), digest.size(), key.bytes.data(), key.bytes.size(),
                             nullptr, 0);
    KeyId id{};
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

std::string to_hex(const KeyId& id) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (std::uint8_t b : id) {
        out += kDigits[b >> 4U];
        out += kDigits[b & 15U];
    }
    return out;
}

std::string to_text(const PublicKey& key) {
    return encode(kPublicPrefix, key.bytes);
}

Result<PublicKey> parse_public_key(std::string_view text) {
    PublicKey key;
    if (!decode(kPublicPrefix, trim(text), key.bytes)) {
        return not_a_key("", "public", 0);
    }
    return key;
}

Status save_secret_key(const std::string& path, const SecretKey& key) {
    SecretKey::Seed seed{};
    std::copy_n(key.bytes().begin(), seed.size(), seed.begin());
    std::vector<std::uint8_t> line = line_bytes(encode(kSecretPrefix, seed));
    Status status = write_file_new(path, line, 0600);
    sodium_memzero(seed.data(), seed.size());
    sodium_memzero(line.data(), line.size());
    return status;
}

Result<SecretKey> load_secret_key(const std::string& path) {
    Result<std::string> text = read_text(path, FileGuard::kPrivate);
    if (!text.ok()) {
        return text.error();
    }
    SecretKey::Seed seed{};
    const bool good = decode(kSecretPrefix, trim(text.value()), seed);
    sodium_memzero(text.value().data(), text.value().size());
    if (!good) {
        return not_a_key(path, "secret", 0);
    }
    SecretKey key = SecretKey::from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

Status save_public_key(const std::string& path, const PublicKey& key) {
    return write_file_atomic(path, line_bytes(to_text(key)), 0644);
}

Result<PublicKey> load_public_key(const std::string& path) {
    Result<PublicKeys> keys = load_public_keys(path);
    if (!keys.ok()) {
        return keys.error();
    }
    if (keys.value().size() != 1) {
        return Error{
            .code = ErrorCode::kInvalid,
            .message = "expected one public key, found " + std::to_string(keys.value().size()),
            .where = {.file = path}};
    }
    return keys.value().front();
}

Result<PublicKeys> load_public_keys(const std::string& path) {
    Result<std::string> text = read_text(path, FileGuard::kAny);
    if (!text.ok()) {
        return text.error();
    }
    PublicKeys keys;
    std::string_view rest = text.value();
    for (std::uint32_t line = 1; !rest.empty(); ++line) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view entry = trim(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (entry.empty() || entry.front() == '#') {
            continue;
        }
        PublicKey key;
        if (!decode(kPublicPrefix, entry, key.bytes)) {
            return not_a_key(path, "public", line);
        }
        keys.push_back(key);
    }
    if (keys.empty()) {
        return not_a_key(path, "public", 0);
    }
    return keys;
}

}  // namespace sluice::bundle
