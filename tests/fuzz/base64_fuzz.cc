// SPDX-License-Identifier: Apache-2.0
// base64_decode: what a library that shares no code with it encodes comes back; of anything else,
// a prefix of the input gives a prefix of the output, however it is cut, and nothing is written
// beyond the room.
#include "dataplane/base/check.h"
#include "dataplane/detect/base64.h"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using sluice::Bytes;
using sluice::detect::decode_base64;
using sluice::detect::Decoded;

std::vector<std::uint8_t> decode(Bytes in, std::size_t room, Decoded& d) {
    std::vector<std::uint8_t> out(room);
    d = decode_base64(in, out);
    SLUICE_CHECK(d.size <= room && d.size <= in.size());
    out.resize(d.size);
    return out;
}

void check_round_trip(Bytes bytes) {
    std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();  // the terminator
    Decoded d;
    const auto out = decode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                            bytes.size() + 3, d);
    SLUICE_CHECK(std::equal(out.begin(), out.end(), bytes.begin(), bytes.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t cut = data[0] % size;
    const std::size_t room = data[1];
    const Bytes bytes(data + 1, size - 1);
    check_round_trip(bytes);
    Decoded whole;
    Decoded part;
    const auto all = decode(bytes, bytes.size(), whole);
    // The last group of a prefix may be cut short and gives the bytes it has; whole groups agree.
    const auto some = decode(bytes.first(cut), bytes.size(), part);
    const std::size_t groups = some.size() / 3 * 3;
    SLUICE_CHECK(
        all.size() >= groups &&
        std::equal(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(groups), all.begin()));
    SLUICE_CHECK(!part.ended || all == some);
    Decoded small;
    const auto little = decode(bytes, room, small);
    SLUICE_CHECK(little.size() <= all.size() &&
                 std::equal(little.begin(), little.end(), all.begin()));
    return 0;
}
