// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/keys.h"

#include "signatures/bundle/file_io.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace sluice::bundle {

namespace {

class Keys : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-keys-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        dir_ = name;
    }

    void TearDown() override { std::filesystem::remove_all(dir_); }

    std::string path(const char* name) const { return (dir_ / name).string(); }

    static void put(const std::string& file, const std::string& text) {
        std::ofstream(file, std::ios::binary) << text;
        (void)::chmod(file.c_str(), 0600);
    }

    static unsigned mode(const std::string& file) {
        struct stat st {};

        return ::stat(file.c_str(), &st) == 0 ? st.st_mode & 07777U : 0;
    }

    std::filesystem::path dir_;
};

TEST_F(Keys, SecretKeyComesBackFromItsFile) {
    const SecretKey key = SecretKey::generate();
    ASSERT_TRUE(save_secret_key(path("k"), key).ok());
    EXPECT_EQ(mode(path("k")), 0600U);
    const Result<SecretKey> back = load_secret_key(path("k"));
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back.value().bytes(), key.bytes());
    EXPECT_EQ(back.value().public_key(), key.public_key());
}

TEST_F(Keys, SecretKeyIsNeverReplaced) {
    ASSERT_TRUE(save_secret_key(path("k"), SecretKey::generate()).ok());
    EXPECT_FALSE(save_secret_key(path("k"), SecretKey::generate()).ok());
}

TEST_F(Keys, SecretKeyThatOthersCanReadIsRefused) {
    ASSERT_TRUE(save_secret_key(path("k"), SecretKey::generate()).ok());
    for (mode_t open : {0640U, 0604U, 0620U, 0602U}) {
        ASSERT_EQ(::chmod(path("k").c_str(), open), 0);
        const Result<SecretKey> back = load_secret_key(path("k"));
        ASSERT_FALSE(back.ok()) << open;
        EXPECT_NE(back.error().message.find("by group or others"), std::string::npos);
    }
}

TEST_F(Keys, PublicKeyComesBackFromItsFile) {
    const PublicKey key = SecretKey::generate().public_key();
    ASSERT_TRUE(save_public_key(path("p"), key).ok());
    EXPECT_EQ(mode(path("p")), 0644U);
    const Result<PublicKey> back = load_public_key(path("p"));
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back.value(), key);
    const Result<PublicKey> parsed = parse_public_key(to_text(key));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value(), key);
}

TEST_F(Keys, ListOfPublicKeys) {
    const PublicKey a = SecretKey::generate().public_key();
    const PublicKey b = SecretKey::generate().public_key();
    put(path("list"), "# ours\n" + to_text(a) + "\n\n" + to_text(b));
    const Result<PublicKeys> keys = load_public_keys(path("list"));
    ASSERT_TRUE(keys.ok()) << keys.error().to_string();
    EXPECT_EQ(keys.value(), (PublicKeys{a, b}));
    EXPECT_FALSE(load_public_key(path("list")).ok());
    put(path("list"), to_text(a) + "\nnonsense\n");
    const Result<PublicKeys> bad = load_public_keys(path("list"));
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().where.line, 2U);
}

TEST_F(Keys, MalformedKeysAreRefused) {
    const std::string good = to_text(SecretKey::generate().public_key());
    for (const std::string& text :
         {std::string(), std::string("\n"), good.substr(0, good.size() - 2), good + "A", good + "=",
          "sluice-ed25519-secret:" + good.substr(22), std::string("sluice-ed25519-public:"),
          std::string("sluice-ed25519-public:QUJD")}) {
        put(path("p"), text);
        EXPECT_FALSE(load_public_key(path("p")).ok()) << text;
    }
    put(path("s"), good);
    EXPECT_FALSE(load_secret_key(path("s")).ok());
    EXPECT_EQ(load_secret_key(path("none")).error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(load_secret_key(dir_.string()).ok());
}

TEST_F(Keys, KeyIdIsStable) {
    SecretKey::Seed seed{};
    const SecretKey key = SecretKey::from_seed(seed);
    EXPECT_EQ(to_hex(key_id(key.public_key())).size(), 16U);
    EXPECT_EQ(key_id(key.public_key()), key_id(SecretKey::from_seed(seed).public_key()));
    // BLAKE2b-256 of the public key of the all-zero seed, from Python's hashlib.
    EXPECT_EQ(to_hex(key_id(key.public_key())), "689dae2f77b048dc");
}

TEST_F(Keys, MovedFromKeyIsWiped) {
    SecretKey a = SecretKey::generate();
    const SecretKey b = std::move(a);
    EXPECT_EQ(a.bytes(), (std::array<std::uint8_t, 64>{}));  // NOLINT(bugprone-use-after-move): the
                                                             // point of the test
    EXPECT_NE(b.bytes(), (std::array<std::uint8_t, 64>{}));
}

TEST_F(Keys, FilesAreCappedAndReplacedWhole) {
    const std::vector<std::uint8_t> ten(10, 'x');
    ASSERT_TRUE(write_file_atomic(path("f"), ten).ok());
    const Result<std::vector<std::uint8_t>> back = read_file(path("f"), 10);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value(), ten);
    const Result<std::vector<std::uint8_t>> over = read_file(path("f"), 9);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::kExhausted);
    const std::vector<std::uint8_t> five(5, 'y');
    ASSERT_TRUE(write_file_atomic(path("f"), five).ok());
    EXPECT_EQ(read_file(path("f"), 10).value(), five);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_),
                            std::filesystem::directory_iterator{}),
              1);
    EXPECT_FALSE(write_file_atomic(path("no/such/folder"), five).ok());
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    EXPECT_FALSE(read_file(path("fifo"), 10).ok());  // must not hang
}

}  // namespace

}  // namespace sluice::bundle
