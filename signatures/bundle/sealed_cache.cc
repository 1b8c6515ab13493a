// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/sealed_cache.h"

#include "dataplane/base/check.h"
#include "signatures/bundle/file_io.h"

#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sluice::bundle {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPurpose = "sluice compile cache 1";
constexpr std::string_view kSuffix = ".sealed";
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kMaxEntry = std::size_t{128} << 20U;

// An entry that somebody else could replace would only fail to open; but a folder that others write
// is a mistake worth telling.
Status check_folder(const std::string& folder) {
    struct stat st {};

    if (::lstat(folder.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) {
        return Error{.code = ErrorCode::kIo,
                     .message = "cannot use the cache folder",
                     .where = {.file = folder},
                     .hint = "name another one with --cache, or leave it out with --no-cache"};
    }
    if (st.st_uid != ::geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return Error{.code = ErrorCode::kInvalid,
                     .message = "the cache folder is another user's, or others may write it",
                     .where = {.file = folder},
                     .hint = "chmod 700, name another one with --cache, or use --no-cache"};
    }
    return ok_status();
}

const std::uint8_t* bytes_of(std::string_view text) {
    const void* first = text.data();
    return static_cast<const std::uint8_t*>(first);
}

bool write_whole(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Result<std::unique_ptr<SealedCache>> SealedCache::open(const std::string& folder,
                                                       const SecretKey& key,
                                                       std::uint64_t max_bytes) {
    std::error_code ignored;  // check_folder() says what is wrong
    const fs::path parent = fs::path(folder).parent_path();
    if (!parent.empty()) {
        fs::create_directories(parent, ignored);
    }
    (void)::mkdir(folder.c_str(), S_IRWXU);
    if (const Status usable = check_folder(folder); !usable.ok()) {
        return usable.error();
    }
    return std::unique_ptr<SealedCache>(new SealedCache(folder, key, max_bytes));
}

SealedCache::SealedCache(std::string folder, const SecretKey& key, std::uint64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {
    std::array<std::uint8_t, 2 * kKeyBytes> made{};
    // The seed is the first half of the secret key.
    SLUICE_CHECK(crypto_generichash(made.data(), made.size(), bytes_of(kPurpose), kPurpose.size(),
                                    key.bytes().data(), std::tuple_size_v<SecretKey::Seed>) == 0);
    std::copy_n(made.begin(), kKeyBytes, seal_key_.begin());
    std::copy_n(made.begin() + kKeyBytes, kKeyBytes, name_key_.begin());
    sodium_memzero(made.data(), made.size());
}

SealedCache::~SealedCache() {
    sodium_memzero(seal_key_.data(), seal_key_.size());
    sodium_memzero(name_key_.data(), name_key_.size());
}

SealedCache::Name SealedCache::name_of(std::string_view content) const {
    Name name{};
    (void)crypto_generichash(name.data(), name.size(), bytes_of(content), content.size(),
                             name_key_.data(), name_key_.size());
    return name;
}

std::string SealedCache::path_of(const Name& name) const {
    std::array<char, 2 * std::tuple_size_v<Name> + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), name.data(), name.size());
    return folder_ + "/" + hex.data() + std::string(kSuffix);
}

std::optional<std::vector<std::uint8_t>> SealedCache::get(std::string_view content) {
    const Name name = name_of(content);
    const std::string path = path_of(name);
    const Result<std::vector<std::uint8_t>> file = read_file(path, kMaxEntry);
    if (!file.ok()) {
        misses_.fetch_add(1);
        return std::nullopt;
    }
    const std::vector<std::uint8_t>& sealed = file.value();
    std::vector<std::uint8_t> value(sealed.size() < kNonce + kTag ? 0
                                                                  : sealed.size() - kNonce - kTag);
    unsigned long long size = 0;  // NOLINT(google-runtime-int): libsodium's
    if (sealed.size() < kNonce + kTag ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            value.data(), &size, nullptr, sealed.data() + kNonce, sealed.size() - kNonce,
            name.data(), name.size(), sealed.data(), seal_key_.data()) != 0) {
        damaged_.fetch_add(1);
        misses_.fetch_add(1);
        return std::nullopt;
    }
    hits_.fetch_add(1);
    (void)::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);  // used just now
    return value;
}

void SealedCache::put(std::string_view content, Bytes value) {
    if (value.size() > kMaxEntry - kNonce - kTag || value.size() > max_bytes_) {
        return;
    }
    const Name name = name_of(content);
    std::vector<std::uint8_t> sealed(kNonce + value.size() + kTag);
    randombytes_buf(sealed.data(), kNonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonce, nullptr, value.data(),
                                                     value.size(), name.data(), name.size(),
                                                     nullptr, sealed.data(), seal_key_.data());
    const std::string path = path_of(name);
    std::string temp = path + ".XXXXXX";
    const int fd = ::mkostemp(temp.data(), O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    // No fsync: half an entry does not open.
    const bool written = write_whole(fd, sealed);
    if ((::close(fd) != 0 || !written) || ::rename(temp.c_str(), path.c_str()) != 0) {
        (void)::unlink(temp.c_str());
    }
}

void SealedCache::trim() {
    struct Entry {
        fs::file_time_type used;
        std::uint64_t bytes = 0;
        fs::path path;
    };

    std::vector<Entry> entries;
    std::uint64_t total = 0;
    std::error_code error;
    for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
        // Also what a killed run left behind: NAME.sealed.XXXXXX.
        const std::string name = it->path().filename().string();
        std::error_code gone;
        if (name.find(kSuffix) == std::string::npos || !it->is_regular_file(gone)) {
            continue;
        }
        Entry entry{it->last_write_time(gone), it->file_size(gone), it->path()};
        if (!gone) {
            total += entry.bytes;
            entries.push_back(std::move(entry));
        }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.used < b.used; });
    for (const Entry& entry : entries) {
        if (total <= max_bytes_) {
            break;
        }
        fs::remove(entry.path, error);
        total -= entry.bytes;
    }
}

}  // namespace sluice::bundle
