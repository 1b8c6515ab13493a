// SPDX-License-Identifier: Apache-2.0
// Sizes: of a buffer (bsize), of a packet's payload (dsize), of the URI (urilen), of a stream
// (stream_size).
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <limits>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;

void read_bsize(RuleDraft& draft, const Argument& arg) {
    if (!draft.sticky()) {
        draft.invalid(arg.option, "bsize needs a sticky buffer");
        return;
    }
    const auto range = parse_range(arg.value, std::numeric_limits<std::uint64_t>::max());
    if (!range) {
        draft.invalid(arg.option, "size or range expected");
        return;
    }
    put_range(*range, draft.append(draft.here(arg.option), ItemKind::kBsize, arg.option).item);
}

void read_dsize(RuleDraft& draft, const Argument& arg) {
    const auto range = parse_range(arg.value, UINT16_MAX);
    if (!range) {
        draft.invalid(arg.option, "size or range up to 65535 expected");
        return;
    }
    if (draft.has_dsize) {
        draft.invalid(arg.option, "dsize is given twice");
        return;
    }
    draft.has_dsize = true;
    draft.needs_packet = true;
    put_range(*range, draft.append_header(ItemKind::kDsize, arg.option).item);
}

void read_urilen(RuleDraft& draft, const Argument& arg) {
    const auto parts = split(arg.value, ',');
    const auto range = parse_range(parts[0], UINT16_MAX, 1);
    if (!range || parts.size() > 2) {
        draft.invalid(arg.option, "size or range expected, then 'norm' or 'raw'");
        return;
    }
    if (!draft.require_app(AppProto::kHttp1, arg.option)) {
        return;
    }
    const bool raw = parts.size() == 2 && lang::equal_nocase(parts[1], "raw");
    DraftBuffer& where = draft.buffer(raw ? "http.uri.raw" : "http.uri", arg.option);
    put_range(*range, draft.append(where, ItemKind::kUrilen, arg.option).item);
}

struct SideRow {
    std::string_view name;
    std::uint32_t side;
};

constexpr std::array kSides{SideRow{"server", 1}, SideRow{"client", 2}, SideRow{"both", 3},
                            SideRow{"either", 4}};

struct OperatorRow {
    std::string_view text;
    CompareOp op;
};

constexpr std::array kOperators{
    OperatorRow{"<", CompareOp::kLt},  OperatorRow{">", CompareOp::kGt},
    OperatorRow{"=", CompareOp::kEq},  OperatorRow{"!", CompareOp::kNe},
    OperatorRow{"!=", CompareOp::kNe}, OperatorRow{"<=", CompareOp::kLe},
    OperatorRow{">=", CompareOp::kGe},
};

void read_stream_size(RuleDraft& draft, const Argument& arg) {
    const auto parts = split(arg.value, ',');
    bundle::Item item;
    item.kind = ItemKind::kStreamSize;
    bool good = parts.size() == 3;
    const auto size = good ? parse_decimal(parts[2], UINT32_MAX) : std::nullopt;
    bool side = false;
    bool op = false;
    for (const SideRow& row : kSides) {
        if (good && lang::equal_nocase(row.name, parts[0])) {
            item.var = row.side;
            side = true;
        }
    }
    for (const OperatorRow& row : kOperators) {
        if (good && row.text == parts[1]) {
            item.op = row.op;
            op = true;
        }
    }
    good = good && side && op && size.has_value();
    if (!good) {
        draft.invalid(arg.option, "side, operator and size expected");
        return;
    }
    item.lo = static_cast<std::int64_t>(*size);
    draft.has_stream_size = true;
    draft.append_header(ItemKind::kStreamSize, arg.option).item = item;
}

constexpr std::array kRows{
    HandlerRow{"bsize", read_bsize},
    HandlerRow{"dsize", read_dsize},
    HandlerRow{"stream_size", read_stream_size},
    HandlerRow{"urilen", read_urilen},
};

}  // namespace

std::span<const HandlerRow> size_handlers() {
    return kRows;
}

}  // namespace sluice::compile
