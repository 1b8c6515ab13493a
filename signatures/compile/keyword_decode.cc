// SPDX-License-Identifier: Apache-2.0
// Bytes that are decoded before they are looked at: base64_decode with base64_data, and asn1.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

// "bytes 10" -> 10; null: another word, or no number.
std::optional<std::uint64_t> number_after(std::string_view part, std::string_view word,
                                          std::uint64_t max) {
    if (!part.starts_with(word) || part.size() == word.size() ||
        !lang::is_blank(part[word.size()])) {
        return std::nullopt;
    }
    return parse_decimal(lang::trim(part.substr(word.size())), max);
}

// "bytes N, offset N, relative", each or none of them, in this order. Suricata's expression does
// not reach the end of the value, so what stands behind 'relative' is not read.
bool read_decode_options(std::string_view value, bundle::Item& item) {
    const auto parts = split(value, ',');
    std::size_t i = 0;
    if (i < parts.size() && parts[i].starts_with("bytes")) {
        const auto n = number_after(parts[i++], "bytes", UINT16_MAX);
        if (!n) {
            return false;
        }
        item.depth = static_cast<std::int32_t>(*n);
    }
    if (i < parts.size() && parts[i].starts_with("offset")) {
        const auto n = number_after(parts[i++], "offset", INT32_MAX);
        if (!n) {
            return false;
        }
        item.offset = static_cast<std::int32_t>(*n);
    }
    if (i < parts.size()) {
        item.flags |= bundle::kRelative;
        return parts[i] == "relative";
    }
    return true;
}

void read_base64_decode(RuleDraft& draft, const Argument& arg) {
    bundle::Item item;
    item.kind = ItemKind::kBase64Decode;
    if (!arg.value.empty() && !read_decode_options(arg.value, item)) {
        draft.invalid(arg.option, "'bytes N', 'offset N', 'relative' expected, in this order");
        return;
    }
    DraftBuffer* where = nullptr;
    if (draft.sticky() || draft.last(kByteKinds, &where) == nullptr) {
        where = &draft.here(arg.option);
    }
    draft.append(*where, ItemKind::kBase64Decode, arg.option).item = item;
}

void read_base64_data(RuleDraft& draft, const Argument& arg) {
    bool decoded = false;
    for (const DraftBuffer& b : draft.buffers) {
        for (const DraftItem& d : b.items) {
            decoded = decoded || d.item.kind == ItemKind::kBase64Decode;
        }
    }
    if (!decoded) {
        draft.invalid(arg.option, "base64_data needs a base64_decode before it");
        return;
    }
    draft.open_sticky(kDecodedBuffer, arg.option);
}

bool read_asn1_number(std::string_view word, std::string_view value, bundle::Item& item) {
    if (word == "oversize_length") {
        const auto n = parse_decimal(value, UINT32_MAX);
        item.lo = static_cast<std::int64_t>(n.value_or(0));
        item.mask |= bundle::kAsn1Oversize;
        return n.has_value();
    }
    const bool relative = word == "relative_offset";
    const auto n =
        relative ? parse_integer(value, INT32_MIN, INT32_MAX) : parse_integer(value, 0, UINT16_MAX);
    item.offset = static_cast<std::int32_t>(n.value_or(0));
    item.flags = relative ? bundle::kRelative : 0U;
    return n.has_value();
}

// Words, and words with a number, between blanks or commas.
bool read_asn1_options(std::string_view value, bundle::Item& item) {
    static constexpr std::string_view kBetween = ", \t";
    const auto next = [&value] {
        const std::size_t first = std::min(value.find_first_not_of(kBetween), value.size());
        const std::size_t last = std::min(value.find_first_of(kBetween, first), value.size());
        const std::string_view word = value.substr(first, last - first);
        value.remove_prefix(last);
        return word;
    };
    for (std::string_view word = next(); !word.empty(); word = next()) {
        if (word == "bitstring_overflow") {
            item.mask |= bundle::kAsn1Bitstring;
        } else if (word == "double_overflow") {
            item.mask |= bundle::kAsn1Double;
        } else if (word != "oversize_length" && word != "absolute_offset" &&
                   word != "relative_offset") {
            return false;
        } else if (!read_asn1_number(word, next(), item)) {
            return false;
        }
    }
    return true;
}

// Looks at the payload after all other matches in it, wherever it stands (finish() moves it).
void read_asn1(RuleDraft& draft, const Argument& arg) {
    bundle::Item item;
    item.kind = ItemKind::kAsn1;
    if (!read_asn1_options(arg.value, item)) {
        draft.invalid(
            arg.option,
            "oversize_length N, bitstring_overflow, double_overflow, absolute_offset N or "
            "relative_offset N expected");
        return;
    }
    draft.append(draft.buffer("pkt_data", arg.option), ItemKind::kAsn1, arg.option).item = item;
}

constexpr std::array kRows{
    HandlerRow{"asn1", read_asn1},
    HandlerRow{"base64_data", read_base64_data},
    HandlerRow{"base64_decode", read_base64_decode},
};

}  // namespace

std::span<const HandlerRow> decode_handlers() {
    return kRows;
}

}  // namespace sluice::compile
