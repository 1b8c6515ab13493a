// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/sealed_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace sluice::bundle {
namespace {

namespace fs = std::filesystem;

using Value = std::vector<std::uint8_t>;

class SealedCacheTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "sluice-cache-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        dir_ = name;
    }

    void TearDown() override { fs::remove_all(dir_); }

    std::unique_ptr<SealedCache> open(const SecretKey& key, std::uint64_t max = 1 << 20) {
        auto cache = SealedCache::open((dir_ / "deep" / "cache").string(), key, max);
        EXPECT_TRUE(cache.ok()) << (cache.ok() ? "" : cache.error().to_string());
        return std::move(cache).value();
    }

    std::vector<fs::path> files() const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::directory_iterator(dir_ / "deep" / "cache")) {
            out.push_back(entry.path());
        }
        return out;
    }

    static std::string bytes_of(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    const SecretKey key_ = SecretKey::from_seed({1});
    fs::path dir_;
};

TEST_F(SealedCacheTest, GivesBackWhatWasPutByTheSameKey) {
    const Value value = {1, 2, 3};
    open(key_)->put("content", value);
    const auto cache = open(key_);
    EXPECT_EQ(cache->get("content"), value);
    EXPECT_EQ(cache->get("other"), std::nullopt);
    EXPECT_EQ(cache->hits(), 1U);
    EXPECT_EQ(cache->misses(), 1U);
    EXPECT_EQ(cache->damaged(), 0U);
}

TEST_F(SealedCacheTest, AnotherKeySeesNothing) {
    open(key_)->put("content", Value{1, 2, 3});
    const SecretKey other = SecretKey::from_seed({2});
    EXPECT_EQ(open(other)->get("content"), std::nullopt);
}

TEST_F(SealedCacheTest, EntriesShowNeitherContentNorValue) {
    const std::string secret = "embargoed pattern";
    open(key_)->put(secret, Value(secret.begin(), secret.end()));
    ASSERT_EQ(files().size(), 1U);
    EXPECT_EQ(bytes_of(files()[0]).find("embargoed"), std::string::npos);

    struct stat st {};

    ASSERT_EQ(::stat(files()[0].c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0077U, 0U);
}

TEST_F(SealedCacheTest, EveryChangedOrMissingByteIsNoEntry) {
    open(key_)->put("content", Value{7, 8});
    const fs::path file = files().at(0);
    const std::string good = bytes_of(file);
    const auto cache = open(key_);
    const auto read_with = [&](const std::string& bytes) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
        return cache->get("content");
    };
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_EQ(read_with(bad), std::nullopt) << i;
        EXPECT_EQ(read_with(good.substr(0, i)), std::nullopt) << i;
    }
    EXPECT_EQ(cache->damaged(), 2 * good.size());
    EXPECT_EQ(read_with(good), (Value{7, 8}));
}

// A good entry under another content's name is not that content's.
TEST_F(SealedCacheTest, EntriesCannotChangePlaces) {
    const auto cache = open(key_);
    cache->put("a", Value{1});
    const fs::path a = files().at(0);
    cache->put("b", Value{2});
    for (const fs::path& file : files()) {
        if (file != a) {
            fs::copy_file(a, file, fs::copy_options::overwrite_existing);
        }
    }
    EXPECT_EQ(cache->get("a"), Value{1});
    EXPECT_EQ(cache->get("b"), std::nullopt);
}

TEST_F(SealedCacheTest, TheOldestGoWhenItIsFull) {
    const auto cache = open(key_, 3000);
    const auto now = fs::file_time_type::clock::now();
    for (int i = 0; i < 4; ++i) {
        const std::vector<fs::path> before = files();
        cache->put(std::to_string(i), Value(1000, 1));
        for (const fs::path& file : files()) {
            if (std::find(before.begin(), before.end(), file) == before.end()) {
                fs::last_write_time(file, now - std::chrono::hours(10 - i));
            }
        }
    }
    EXPECT_TRUE(cache->get("0").has_value());  // used: the youngest now
    cache->trim();
    EXPECT_TRUE(cache->get("0").has_value());
    EXPECT_FALSE(cache->get("1").has_value());
    EXPECT_FALSE(cache->get("2").has_value());
    EXPECT_TRUE(cache->get("3").has_value());
    cache->put("large", Value(4000, 1));  // more than all of it
    EXPECT_FALSE(cache->get("large").has_value());
}

TEST_F(SealedCacheTest, AFolderThatOthersWriteIsRefused) {
    const fs::path folder = dir_ / "open";
    fs::create_directory(folder);
    for (const mode_t mode : {0770U, 0707U, 0777U}) {
        ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
        const auto refused = SealedCache::open(folder.string(), key_, 1000);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().where.file, folder.string());
    }
    fs::create_directory_symlink(dir_, dir_ / "link");
    EXPECT_FALSE(SealedCache::open((dir_ / "link").string(), key_, 1000).ok());
    std::ofstream(dir_ / "file") << "x";
    EXPECT_FALSE(SealedCache::open((dir_ / "file").string(), key_, 1000).ok());
}

}  // namespace
}  // namespace sluice::bundle
