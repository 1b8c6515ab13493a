// SPDX-License-Identifier: Apache-2.0
// Transforms: what a buffer is made into before its items see it.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_pcre.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::Transform;

constexpr std::size_t kMaxKey = 256;  // Suricata: 255 bytes

struct TransformRow {
    std::string_view keyword;
    Transform transform;
};

constexpr std::array kTransforms{
    TransformRow{"compress_whitespace", Transform::kCompressWhitespace},
    TransformRow{"dotprefix", Transform::kDotPrefix},
    TransformRow{"header_lowercase", Transform::kHeaderLowercase},
    TransformRow{"strip_pseudo_headers", Transform::kStripPseudoHeaders},
    TransformRow{"strip_whitespace", Transform::kStripWhitespace},
    TransformRow{"to_lowercase", Transform::kToLowercase},
    TransformRow{"to_md5", Transform::kToMd5},
    TransformRow{"to_sha1", Transform::kToSha1},
    TransformRow{"to_sha256", Transform::kToSha256},
    TransformRow{"to_uppercase", Transform::kToUppercase},
    TransformRow{"url_decode", Transform::kUrlDecode},
};

bool follows_buffer(RuleDraft& draft, const Argument& arg) {
    if (!draft.sticky()) {
        draft.invalid(arg.option, "a transform must follow a sticky buffer");
    }
    return draft.sticky();
}

void read_transform(RuleDraft& draft, const Argument& arg) {
    if (!follows_buffer(draft, arg)) {
        return;
    }
    for (const TransformRow& row : kTransforms) {
        if (row.keyword == arg.keyword.canonical) {
            draft.add_transform({row.transform, {}, {}});
        }
    }
}

// The first group of the expression becomes the buffer; where it does not match, nothing changes.
void read_pcrexform(RuleDraft& draft, const Argument& arg) {
    if (!follows_buffer(draft, arg)) {
        return;
    }
    const bundle::Pcre pcre{std::string(arg.value), 0};
    const PcreFacts facts = examine_pcre(pcre);
    if (!facts.fault.empty()) {
        draft.invalid(arg.option, "pcre2: " + facts.fault);
    } else if (facts.groups != 1) {
        draft.invalid(arg.option, "an expression with one group in parentheses expected");
    } else {
        draft.add_transform({Transform::kPcreXform, pcre, {}});
    }
}

int nibble(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void read_xor(RuleDraft& draft, const Argument& arg) {
    if (!follows_buffer(draft, arg)) {
        return;
    }
    std::string key;
    bool good = arg.value.size() % 2 == 0 && arg.value.size() / 2 < kMaxKey;
    for (std::size_t i = 0; good && i < arg.value.size(); i += 2) {
        const int high = nibble(arg.value[i]);
        const int low = nibble(arg.value[i + 1]);
        good = high >= 0 && low >= 0;
        key += static_cast<char>(high * 16 + low);
    }
    if (!good) {
        draft.invalid(arg.option, "key of pairs of hex digits expected, at most 255 bytes");
        return;
    }
    draft.add_transform({Transform::kXor, {}, std::move(key)});
}

constexpr std::array kRows{
    HandlerRow{"compress_whitespace", read_transform},
    HandlerRow{"dotprefix", read_transform},
    HandlerRow{"header_lowercase", read_transform},
    HandlerRow{"pcrexform", read_pcrexform, Quotes::kMandatory},
    HandlerRow{"strip_pseudo_headers", read_transform},
    HandlerRow{"strip_whitespace", read_transform},
    HandlerRow{"to_lowercase", read_transform},
    HandlerRow{"to_md5", read_transform},
    HandlerRow{"to_sha1", read_transform},
    HandlerRow{"to_sha256", read_transform},
    HandlerRow{"to_uppercase", read_transform},
    HandlerRow{"url_decode", read_transform},
    HandlerRow{"xor", read_xor, Quotes::kMandatory},
};

}  // namespace

std::span<const HandlerRow> transform_handlers() {
    return kRows;
}

}  // namespace sluice::compile
