// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/app/compress.h"

#include <brotli/encode.h>
#include <vector>
#include <zlib.h>

namespace sluice::test {

std::string compressed(std::string_view text, int window_bits) {
    z_stream z{};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return {};
    }
    std::vector<Bytef> in(text.begin(), text.end());
    std::vector<Bytef> out(deflateBound(&z, static_cast<uLong>(in.size())) + 64);
    z.next_in = in.data();
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = out.data();
    z.avail_out = static_cast<uInt>(out.size());
    (void)deflate(&z, Z_FINISH);
    out.resize(out.size() - z.avail_out);
    (void)deflateEnd(&z);
    return {out.begin(), out.end()};
}

std::string brotli(std::string_view text) {
    std::vector<std::uint8_t> in(text.begin(), text.end());
    std::size_t size = BrotliEncoderMaxCompressedSize(in.size()) + 64;
    std::vector<std::uint8_t> out(size);
    (void)BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, in.size(), in.data(),
                                &size, out.data());
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace sluice::test
