// SPDX-License-Identifier: Apache-2.0
// A form, whole and in pieces: the same files. Input: a byte for the size of the pieces, one for
// that of the boundary, the boundary, the form.
#include "tests/unit/app/form_reader.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sluice;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

test::Reading read(std::string_view boundary, std::string_view body, std::size_t piece) {
    test::FormReader reader(boundary, body);
    test::Reading out = reader.run(piece);
    if (!reader.broken().empty()) {
        fail(reader.broken());
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3 || size > 16 * 1024) {
        return 0;
    }
    const std::string text(data + 2, data + size);
    const std::string_view all = text;
    const std::string_view boundary = all.substr(0, data[1]);
    const std::string_view body = all.substr(boundary.size());
    if (!app::FormData::usable(test::form_bytes(boundary))) {
        return 0;
    }
    const test::Reading whole = read(boundary, body, body.size() + 1);
    const test::Reading cut = read(boundary, body, 1U + data[0]);
    if (!(whole == cut)) {
        fail("pieces of " + std::to_string(1 + data[0]) + " give other files");
    }
    return 0;
}
