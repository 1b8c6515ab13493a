// SPDX-License-Identifier: Apache-2.0
// Round trips and refusals of whole bundles; validate_test.cc has the inner checks.
#include "signatures/bundle/format.h"
#include "signatures/bundle/reader.h"
#include "signatures/bundle/writer.h"
#include "tests/unit/bundle/bundle_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

namespace sluice::bundle {

namespace {

std::vector<std::uint8_t> written(const Model& model) {
    Result<std::vector<std::uint8_t>> bytes = write_bundle(model, test_key());
    EXPECT_TRUE(bytes.ok()) << (bytes.ok() ? "" : bytes.error().to_string());
    return bytes.ok() ? bytes.value() : std::vector<std::uint8_t>{};
}

void expect_refused(Bytes file, const ReadOptions& options, ErrorCode code,
                    const std::string& text) {
    const Result<Model> model = read_bundle(file, options);
    ASSERT_FALSE(model.ok()) << "accepted; expected: " << text;
    EXPECT_EQ(model.error().code, code) << model.error().message;
    EXPECT_NE(model.error().message.find(text), std::string::npos) << model.error().message;
}

TEST(Bundle, SmallModelComesBackEqual) {
    const Result<Model> back = read_bundle(written(small_model()), test_options());
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_TRUE(back.value() == small_model());
}

TEST(Bundle, RichModelComesBackEqual) {
    const Result<Model> back = read_bundle(written(rich_model()), test_options());
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_TRUE(back.value() == rich_model());
}

TEST(Bundle, EmptyModelComesBackEqual) {
    Model m;
    m.manifest.version = 1;
    const Result<Model> back = read_bundle(written(m), test_options());
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_TRUE(back.value() == m);
}

TEST(Bundle, SameModelGivesSameBytes) {
    EXPECT_EQ(written(rich_model()), written(rich_model()));
    Model other = rich_model();
    other.rules[2].metadata[1].second = "x";
    EXPECT_NE(written(rich_model()), written(other));
}

TEST(Bundle, SectionsAreAlignedAndInOrder) {
    const std::vector<std::uint8_t> file = written(rich_model());
    Cursor toc(Bytes(file).subspan(kHeaderBytes));
    for (std::uint32_t id = 1; id <= kSectionCount; ++id) {
        EXPECT_EQ(toc.le32(), id);
        toc.skip(4);
        EXPECT_EQ(toc.le64() % kAlign, 0U) << id;
        toc.skip(8 + kDigestBytes);
    }
}

TEST(Bundle, RefusesWhatIsNoBundle) {
    const std::vector<std::uint8_t> text = {'h', 'e', 'l', 'l', 'o'};
    expect_refused(text, test_options(), ErrorCode::kInvalid, "not a Sluice bundle");
    expect_refused({}, test_options(), ErrorCode::kInvalid, "not a Sluice bundle");
}

TEST(Bundle, RefusesTruncatedAndOverlong) {
    std::vector<std::uint8_t> file = written(small_model());
    const Bytes all = file;
    expect_refused(all.first(20), test_options(), ErrorCode::kInvalid, "truncated");
    expect_refused(all.first(all.size() - 1), test_options(), ErrorCode::kInvalid, "truncated");
    file.push_back(0);
    expect_refused(file, test_options(), ErrorCode::kInvalid, "bytes after the end");
}

TEST(Bundle, NamesTheDamagedSection) {
    const std::vector<std::uint8_t> file = written(rich_model());
    for (std::size_t i = 0; i < kSectionCount; ++i) {
        Cursor entry(Bytes(file).subspan(kHeaderBytes + i * kTocEntryBytes + 8));
        const std::uint64_t offset = entry.le64();
        std::vector<std::uint8_t> bad = file;
        bad[offset] ^= 1;
        expect_refused(bad, test_options(), ErrorCode::kSignature,
                       "section " + std::string(kSectionNames[i]) + " is damaged");
    }
}

TEST(Bundle, RefusesUnknownSigner) {
    const Result<std::vector<std::uint8_t>> file =
        write_bundle(small_model(), SecretKey::generate());
    ASSERT_TRUE(file.ok());
    expect_refused(file.value(), test_options(), ErrorCode::kSignature, "signed by an unknown key");
    ReadOptions none = test_options();
    none.trusted.clear();
    expect_refused(written(small_model()), none, ErrorCode::kSignature, "signed by an unknown key");
}

TEST(Bundle, RefusesBadSignature) {
    std::vector<std::uint8_t> file = written(small_model());
    file[kHeaderBytes + kSectionCount * kTocEntryBytes + 3] ^= 0x10;
    expect_refused(file, test_options(), ErrorCode::kSignature, "bad signature");
}

TEST(Bundle, AnyTrustedKeyWill) {
    ReadOptions options = test_options();
    options.trusted.insert(options.trusted.begin(), SecretKey::generate().public_key());
    EXPECT_TRUE(read_bundle(written(small_model()), options).ok());
}

TEST(Bundle, RefusesExpired) {
    ReadOptions options = test_options();
    options.now_unix = small_model().manifest.expires_at - 1;
    EXPECT_TRUE(read_bundle(written(small_model()), options).ok());
    options.now_unix += 1;
    expect_refused(written(small_model()), options, ErrorCode::kExpired, "version 5 expired");
    Model forever = small_model();
    forever.manifest.expires_at = 0;
    EXPECT_TRUE(read_bundle(written(forever), options).ok());
}

TEST(Bundle, RefusesDowngrade) {
    ReadOptions options = test_options();
    options.running_version = 4;
    EXPECT_TRUE(read_bundle(written(small_model()), options).ok());
    options.running_version = 5;
    expect_refused(written(small_model()), options, ErrorCode::kDowngrade,
                   "is the running version");
    options.allow_same_version = true;
    EXPECT_TRUE(read_bundle(written(small_model()), options).ok());
    options.running_version = 6;
    expect_refused(written(small_model()), options, ErrorCode::kDowngrade,
                   "older than the running version 6");
}

TEST(Bundle, RefusesNewerEngine) {
    Model m = small_model();
    m.manifest.min_engine = kEngineVersion + 1;
    expect_refused(written(m), test_options(), ErrorCode::kIncompatible, "made for engine 2");
}

TEST(Bundle, RefusesOtherHyperscan) {
    ReadOptions options = test_options();
    options.hs_version = "5.4.0 2023-03-03";  // the day of the build does not matter
    EXPECT_TRUE(read_bundle(written(small_model()), options).ok());
    options.hs_version = "5.4.2 2023-04-19";
    expect_refused(written(small_model()), options, ErrorCode::kIncompatible,
                   "needs Hyperscan 5.4.0");
}

TEST(Bundle, RefusesNewerFormat) {
    std::vector<std::uint8_t> file = written(small_model());
    file[8] = kFormatVersion + 1;
    reseal(file, test_key());
    expect_refused(file, test_options(), ErrorCode::kIncompatible,
                   "format version " + std::to_string(kFormatVersion + 1));
}

// The seeds of bundle_fuzz, which chooses by the first byte whether to seal the rest again. With
// another version of the format they would be refused at once, and the target would see nothing.
TEST(Bundle, SeedsOfTheFuzzTargetAreOfThisFormat) {
    const std::vector<std::tuple<std::string, std::uint8_t, Model>> seeds = {
        {"small_raw", 0, small_model()},
        {"small_resealed", 1, small_model()},
        {"rich_resealed", 1, rich_model()}};
    const bool write = std::getenv("SLUICE_WRITE_SEEDS") != nullptr;
    for (const auto& [name, first, model] : seeds) {
        std::vector<std::uint8_t> expected = written(model);
        expected.insert(expected.begin(), first);
        const std::string path = std::string(SLUICE_BUNDLE_SEEDS "/") + name;
        if (write) {
            std::ofstream(path, std::ios::binary)
                .write(reinterpret_cast<const char*>(expected.data()),
                       static_cast<std::streamsize>(expected.size()));
        }
        std::ifstream in(path, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        EXPECT_TRUE(
            std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end(),
                       [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
            << path << ": write it anew with SLUICE_WRITE_SEEDS=1";
    }
}

// Puts one more section at the end of a bundle and signs it again.
std::vector<std::uint8_t> with_section(std::uint32_t id, std::uint32_t flags) {
    const std::vector<std::uint8_t> file = written(small_model());
    const std::size_t toc_end = kHeaderBytes + kSectionCount * kTocEntryBytes;
    // The table grows by 56 bytes, so everything behind it, being 8-aligned, moves by 56.
    std::vector<std::uint8_t> out(file.begin(),
                                  file.begin() + static_cast<std::ptrdiff_t>(toc_end));
    out[32] = kSectionCount + 1;
    for (std::size_t i = 0; i < kSectionCount; ++i) {
        const std::size_t at = kHeaderBytes + i * kTocEntryBytes + 8;
        const std::uint64_t moved = Cursor(Bytes(out).subspan(at)).le64() + kTocEntryBytes;
        for (unsigned k = 0; k < 8; ++k) {
            out[at + k] = static_cast<std::uint8_t>(moved >> (8 * k));
        }
    }
    const std::uint64_t start = align_up(file.size() + kTocEntryBytes);
    for (std::uint64_t v :
         {std::uint64_t{id} | std::uint64_t{flags} << 32U, start, std::uint64_t{8}}) {
        for (unsigned k = 0; k < 8; ++k) {
            out.push_back(static_cast<std::uint8_t>(v >> (8 * k)));
        }
    }
    out.resize(out.size() + kDigestBytes);
    out.insert(out.end(), file.begin() + static_cast<std::ptrdiff_t>(toc_end), file.end());
    out.resize(start);
    out.resize(start + 8, 0x77);
    reseal(out, test_key());
    return out;
}

TEST(Bundle, UnknownSectionsMustBeOptional) {
    expect_refused(with_section(kSealedFirst, 0), test_options(), ErrorCode::kIncompatible,
                   "mandatory section 256");
    expect_refused(with_section(99, 2), test_options(), ErrorCode::kInvalid, "order or flags");
    expect_refused(with_section(3, 0), test_options(), ErrorCode::kInvalid, "order or flags");
    const Result<Model> model = read_bundle(with_section(99, kSectionOptional), test_options());
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    EXPECT_TRUE(model.value() == small_model());
}

TEST(Bundle, EverySingleBitFlipIsRefused) {
    std::vector<std::uint8_t> file = written(small_model());
    const ReadOptions options = test_options();
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            file[i] = static_cast<std::uint8_t>(file[i] ^ (1U << bit));
            ASSERT_FALSE(read_bundle(file, options).ok()) << "byte " << i << " bit " << bit;
            file[i] = static_cast<std::uint8_t>(file[i] ^ (1U << bit));
        }
    }
    EXPECT_TRUE(read_bundle(file, options).ok());
}

TEST(Bundle, EveryTruncationIsRefused) {
    const std::vector<std::uint8_t> file = written(small_model());
    for (std::size_t n = 0; n < file.size(); ++n) {
        // An allocation of exactly n bytes, so that a sanitizer sees a read beyond.
        const std::vector<std::uint8_t> part(file.begin(),
                                             file.begin() + static_cast<std::ptrdiff_t>(n));
        ASSERT_FALSE(read_bundle(part, test_options()).ok()) << n;
    }
}

// Behind a valid signature: no change of a byte may crash the reader, and what it accepts must be
// writable again.
TEST(Bundle, EveryResealedByteChangeIsJudged) {
    const std::vector<std::uint8_t> file = written(rich_model());
    const SecretKey key = test_key();
    std::size_t accepted = 0;
    for (std::size_t i = kHeaderBytes; i < file.size(); ++i) {
        for (std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0x80}, std::uint8_t{0xff}}) {
            std::vector<std::uint8_t> bad = file;
            bad[i] ^= flip;
            reseal(bad, key);
            const Result<Model> model = read_bundle(bad, test_options());
            if (model.ok()) {
                ++accepted;
                ASSERT_TRUE(write_bundle(model.value(), key).ok()) << i;
            }
        }
    }
    EXPECT_GT(accepted, 0U);  // else reseal() does not reach the inside
}

// A count that promises 4 GB in a small file must not be believed.
TEST(Bundle, HugeCountsAreRefusedCheaply) {
    const std::vector<std::uint8_t> file = written(rich_model());
    for (std::size_t i = 0; i < kSectionCount; ++i) {
        Cursor entry(Bytes(file).subspan(kHeaderBytes + i * kTocEntryBytes + 8));
        const std::size_t offset = static_cast<std::size_t>(entry.le64());
        const std::size_t size = static_cast<std::size_t>(entry.le64());
        if (i == index_of(SectionId::kBlob) || i == index_of(SectionId::kManifest)) {
            continue;
        }
        for (std::size_t at = offset; at + 4 <= offset + std::min<std::size_t>(size, 24); at += 4) {
            std::vector<std::uint8_t> bad = file;
            for (std::size_t k = 0; k < 4; ++k) {
                bad[at + k] = k == 3 ? 0x7f : 0xff;
            }
            reseal(bad, test_key());
            const Result<Model> model = read_bundle(bad, test_options());
            if (at == offset) {
                ASSERT_FALSE(model.ok()) << kSectionNames[i];
                EXPECT_NE(model.error().message.find("malformed"), std::string::npos)
                    << model.error().message;
            }
        }
    }
}

}  // namespace

}  // namespace sluice::bundle
