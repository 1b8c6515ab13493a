// SPDX-License-Identifier: Apache-2.0
// content and what refines it: nocase, offset, depth, distance, within, startswith, endswith,
// fast_pattern, rawbytes.
#include "signatures/compile/content_text.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

constexpr std::int64_t kMaxRelative = 1024 * 1024;
constexpr std::uint32_t kAbsolute = bundle::kHasOffset | bundle::kHasDepth;
constexpr std::uint32_t kRelativeFlags = bundle::kHasDistance | bundle::kHasWithin;

void read_content(RuleDraft& draft, const Argument& arg) {
    std::string bytes;
    if (const char* fault = read_content_text(arg.value, bytes); fault != nullptr) {
        draft.invalid(arg.option, fault);
        return;
    }
    DraftItem& d = draft.append(draft.here(arg.option), ItemKind::kContent, arg.option);
    d.bytes = std::move(bytes);
    d.item.data_len = static_cast<std::uint32_t>(d.bytes.size());
    d.item.flags = arg.negated ? bundle::kNegated : 0U;
}

void read_uricontent(RuleDraft& draft, const Argument& arg) {
    if (draft.sticky()) {
        draft.invalid(arg.option, "uricontent cannot be used after a sticky buffer");
        return;
    }
    read_content(draft, arg);
    if (!draft.broken() && draft.require_app(AppProto::kHttp1, arg.option)) {
        draft.move_last_payload_item("http.uri", arg.option);
    }
}

// The content that a modifier is about.
DraftItem* content_for(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = draft.last(kind_bit(ItemKind::kContent));
    if (d == nullptr) {
        draft.invalid(arg.option, arg.option.name + " needs a content before it");
    }
    return d;
}

void read_nocase(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr) {
        return;
    }
    if (d->has(bundle::kNocase)) {
        draft.invalid(arg.option, "nocase is given twice for one content");
        return;
    }
    d->item.flags |= bundle::kNocase;
}

void read_rawbytes(RuleDraft& draft, const Argument& arg) {
    DraftBuffer* where = nullptr;
    DraftItem* d = draft.last(kind_bit(ItemKind::kContent), &where);
    if (d == nullptr || where->keyword != "pkt_data") {
        draft.invalid(arg.option, "rawbytes needs a content over the payload before it");
        return;
    }
    if (d->has(bundle::kRawBytes)) {
        draft.invalid(arg.option, "rawbytes is given twice for one content");
        return;
    }
    d->item.flags |= bundle::kRawBytes;
}

// What all position modifiers forbid. 'own' is the flag that the keyword sets, 'other' those it
// cannot be with.
bool may_place(RuleDraft& draft, const Argument& arg, const DraftItem& d, std::uint32_t own,
               std::uint32_t other) {
    if (d.has(own)) {
        draft.invalid(arg.option, arg.option.name + " is given twice for one content");
    } else if (d.has(other)) {
        draft.invalid(arg.option, "offset and depth cannot be together with distance and within");
    } else if (d.has(bundle::kNegated) && d.fast_pattern) {
        draft.invalid(arg.option, "a negated fast_pattern content cannot have a position");
    } else if (d.fast_pattern_only) {
        draft.invalid(arg.option, "a fast_pattern:only content cannot have a position");
    }
    return !draft.broken();
}

struct Number {
    std::int32_t value = 0;
    bool is_var = false;
};

std::optional<Number> number_or_var(RuleDraft& draft, const Argument& arg, std::int64_t min,
                                    std::int64_t max) {
    const std::string_view text = arg.value;
    const bool numeric =
        !text.empty() && (lang::is_digit(text[0]) || text[0] == '-' || text[0] == '+');
    if (numeric) {
        if (const auto v = parse_integer(text, min, max)) {
            return Number{static_cast<std::int32_t>(*v), false};
        }
        draft.invalid(arg.option, "'" + std::string(text) + "' is not a number in range");
        return std::nullopt;
    }
    if (const auto slot = draft.find_var(text)) {
        return Number{static_cast<std::int32_t>(*slot), true};
    }
    draft.invalid(arg.option, "unknown variable '" + std::string(text) + "'");
    return std::nullopt;
}

void read_offset(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr || !may_place(draft, arg, *d, bundle::kHasOffset, kRelativeFlags)) {
        return;
    }
    if (d->has(bundle::kStartsWith)) {
        draft.invalid(arg.option, "offset cannot be together with startswith");
        return;
    }
    if (const auto n = number_or_var(draft, arg, 0, UINT16_MAX)) {
        d->item.offset = n->value;
        d->item.flags |= bundle::kHasOffset | (n->is_var ? bundle::kOffsetVar : 0U);
    }
}

void read_depth(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr || !may_place(draft, arg, *d, bundle::kHasDepth, kRelativeFlags)) {
        return;
    }
    const auto n = number_or_var(draft, arg, 0, UINT16_MAX);
    if (!n) {
        return;
    }
    if (!n->is_var && static_cast<std::size_t>(n->value) < d->bytes.size()) {
        draft.invalid(arg.option, "depth is smaller than the content");
        return;
    }
    d->item.depth = n->value;
    d->item.flags |= bundle::kHasDepth | (n->is_var ? bundle::kDepthVar : 0U);
}

// A content that is fast_pattern:only has no place, so nothing can be relative to it.
bool previous_allows_relative(RuleDraft& draft, const Argument& arg, const DraftItem& d) {
    for (const DraftBuffer& b : draft.buffers) {
        for (std::size_t i = 1; i < b.items.size(); ++i) {
            if (&b.items[i] == &d && b.items[i - 1].fast_pattern_only) {
                draft.invalid(arg.option, "the content before it is fast_pattern:only");
                return false;
            }
        }
    }
    return true;
}

void read_distance(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr || !may_place(draft, arg, *d, bundle::kHasDistance, kAbsolute) ||
        !previous_allows_relative(draft, arg, *d)) {
        return;
    }
    if (const auto n = number_or_var(draft, arg, -kMaxRelative, kMaxRelative)) {
        d->item.distance = n->value;
        d->item.flags |= bundle::kHasDistance | (n->is_var ? bundle::kDistanceVar : 0U);
    }
}

void read_within(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr || !may_place(draft, arg, *d, bundle::kHasWithin, kAbsolute) ||
        !previous_allows_relative(draft, arg, *d)) {
        return;
    }
    const auto n = number_or_var(draft, arg, -kMaxRelative, kMaxRelative);
    if (!n) {
        return;
    }
    if (!n->is_var && n->value < static_cast<std::int32_t>(d->bytes.size())) {
        draft.invalid(arg.option, "within is smaller than the content");
        return;
    }
    d->item.within = n->value;
    d->item.flags |= bundle::kHasWithin | (n->is_var ? bundle::kWithinVar : 0U);
}

void read_startswith(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr || !may_place(draft, arg, *d, bundle::kHasDepth, kRelativeFlags)) {
        return;
    }
    if (d->has(bundle::kHasOffset)) {
        draft.invalid(arg.option, "startswith cannot be together with offset");
        return;
    }
    d->item.depth = static_cast<std::int32_t>(d->bytes.size());
    d->item.flags |= bundle::kStartsWith | bundle::kHasDepth;
}

void read_endswith(RuleDraft& draft, const Argument& arg) {
    if (DraftItem* d = content_for(draft, arg)) {
        d->item.flags |= bundle::kEndsWith;
    }
}

bool one_fast_pattern(const RuleDraft& draft) {
    for (const DraftBuffer& b : draft.buffers) {
        for (const DraftItem& d : b.items) {
            if (d.fast_pattern) {
                return false;
            }
        }
    }
    return true;
}

// The author's choice of prefilter literal. The compiler makes its own, so only its correctness
// counts here.
void read_fast_pattern(RuleDraft& draft, const Argument& arg) {
    DraftItem* d = content_for(draft, arg);
    if (d == nullptr) {
        return;
    }
    if (!one_fast_pattern(draft)) {
        draft.invalid(arg.option, "fast_pattern is given twice");
        return;
    }
    const bool placed = d->has(kAbsolute | kRelativeFlags);
    d->fast_pattern = true;
    if (d->has(bundle::kNegated) && placed) {
        draft.invalid(arg.option, "a negated content with a position cannot be fast_pattern");
    } else if (arg.value == "only") {
        d->fast_pattern_only = true;
        if (d->has(bundle::kNegated) || placed) {
            draft.invalid(arg.option, "fast_pattern:only cannot be negated or have a position");
        }
    } else if (!arg.value.empty()) {
        const auto parts = split(arg.value, ',');
        const auto first = parse_decimal(parts[0], UINT16_MAX);
        const auto length = parts.size() == 2 ? parse_decimal(parts[1], UINT16_MAX) : std::nullopt;
        if (!first || !length) {
            draft.invalid(arg.option, "'only' or 'offset,length' expected");
        } else if (*first + *length > d->bytes.size()) {
            draft.invalid(arg.option, "fast_pattern reaches beyond the content");
        }
    }
}

constexpr std::array kRows{
    HandlerRow{"content", read_content, Quotes::kMandatory, true},
    HandlerRow{"uricontent", read_uricontent, Quotes::kMandatory, true},
    HandlerRow{"nocase", read_nocase},
    HandlerRow{"rawbytes", read_rawbytes},
    HandlerRow{"offset", read_offset},
    HandlerRow{"depth", read_depth},
    HandlerRow{"distance", read_distance},
    HandlerRow{"within", read_within},
    HandlerRow{"startswith", read_startswith},
    HandlerRow{"endswith", read_endswith},
    HandlerRow{"fast_pattern", read_fast_pattern},
};

}  // namespace

std::span<const HandlerRow> content_handlers() {
    return kRows;
}

}  // namespace sluice::compile
