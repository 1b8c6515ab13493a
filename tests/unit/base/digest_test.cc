// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sluice {
namespace {

Bytes bytes_of(std::string_view s) {
    const void* p = s.data();
    return {static_cast<const std::uint8_t*>(p), s.size()};
}

template <typename Value>
std::string hex(const Value& v) {
    std::string out;
    for (const std::uint8_t b : v) {
        out += "0123456789abcdef"[b >> 4];
        out += "0123456789abcdef"[b & 15];
    }
    return out;
}

struct Case {
    std::string in;
    std::string md5;
    std::string sha1;
    std::string sha256;
};

// RFC 1321 appendix A.5 and NIST's examples; the long ones from coreutils.
const Case kCases[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "8215ef0796a20bcaaae116d3876c664a",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {std::string(1000, 'a'), "cabe45dcc9ae5b66ba86600cca6b8ba8",
     "291e9a6c66994949b57ba5e650361e98fc36b1ba",
     "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
};

TEST(Digest, KnownAnswers) {
    for (const Case& c : kCases) {
        EXPECT_EQ(hex(Md5::of(bytes_of(c.in))), c.md5) << c.in;
        EXPECT_EQ(hex(Sha1::of(bytes_of(c.in))), c.sha1) << c.in;
        EXPECT_EQ(hex(Sha256::of(bytes_of(c.in))), c.sha256) << c.in;
    }
}

// Every length around the block's end, and every cut of it.
TEST(Digest, CutsDoNotMatter) {
    for (std::size_t n = 0; n < 200; ++n) {
        std::string in(n, ' ');
        for (std::size_t i = 0; i < n; ++i) {
            in[i] = static_cast<char>(i * 7);
        }
        for (const std::size_t cut : {std::size_t{0}, n / 3, n / 2, n}) {
            Sha1 d;
            d.update(bytes_of(in).first(cut));
            d.update(bytes_of(in).subspan(cut));
            EXPECT_EQ(d.finish(), Sha1::of(bytes_of(in))) << n << " cut at " << cut;
        }
    }
}

}  // namespace
}  // namespace sluice
