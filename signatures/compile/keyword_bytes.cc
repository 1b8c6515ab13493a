// SPDX-License-Identifier: Apache-2.0
// Numbers inside the bytes, and how many bytes there are: byte_test, byte_jump, byte_extract,
// isdataat.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;

constexpr std::int64_t kMaxPosition = 65535;
constexpr std::uint8_t kMaxBinaryBytes = 8;
constexpr std::uint8_t kMaxTextBytes = 23;

// Where a byte keyword looks: with the match that it is relative to, when older modifiers moved
// that one to a buffer.
DraftBuffer& place(RuleDraft& draft, const Argument& arg, bool relative) {
    DraftBuffer* where = nullptr;
    if (!draft.sticky() && relative && draft.last(kByteKinds, &where) != nullptr) {
        return *where;
    }
    return draft.here(arg.option);
}

bool is_number(std::string_view s) {
    return !s.empty() && (lang::is_digit(s[0]) || s[0] == '-' || s[0] == '+');
}

// One byte_* keyword while its parts are read.
class ByteReader {
  public:
    ByteReader(RuleDraft& draft, const Argument& arg)
        : draft_(draft), arg_(arg), parts_(split(arg.value, ',')) {}

    std::size_t size() const { return parts_.size(); }

    std::string_view part(std::size_t i) const { return parts_[i]; }

    bundle::Item& item() { return item_; }

    bool relative() const { return (item_.flags & bundle::kRelative) != 0; }

    bool fail(std::string reason) {
        draft_.invalid(arg_.option, std::move(reason));
        return false;
    }

    bool variable(std::string_view name, std::uint32_t& slot) {
        const auto found = draft_.find_var(name);
        if (!found) {
            return fail("unknown variable '" + std::string(name) + "'");
        }
        slot = *found;
        return true;
    }

    bool nbytes(std::string_view s, bool may_be_var) {
        if (may_be_var && !is_number(s)) {
            std::uint32_t slot = 0;
            item_.flags |= bundle::kNbytesVar;
            const bool good = variable(s, slot);
            item_.nbytes = static_cast<std::uint8_t>(slot);
            return good;
        }
        const auto n = parse_unsigned(s);
        if (!n || *n > kMaxTextBytes) {
            return fail("number of bytes is not 0 to 23");
        }
        item_.nbytes = static_cast<std::uint8_t>(*n);
        return true;
    }

    bool offset(std::string_view s, bool may_be_var, std::int64_t max = kMaxPosition) {
        if (may_be_var && !is_number(s)) {
            std::uint32_t slot = 0;
            item_.flags |= bundle::kOffsetVar;
            const bool good = variable(s, slot);
            item_.offset = static_cast<std::int32_t>(slot);
            return good;
        }
        const auto n = parse_integer(s, -max, max);
        item_.offset = n ? static_cast<std::int32_t>(*n) : 0;
        return n.has_value() || fail("offset '" + std::string(s) + "' is not a number in range");
    }

    // Options that all three share. False and no problem: not one of them.
    bool common(std::string_view word) {
        if (word == "relative") {
            item_.flags |= bundle::kRelative;
        } else if (word == "big") {
            item_.flags &= ~std::uint32_t{bundle::kLittleEndian};
        } else if (word == "little") {
            item_.flags |= bundle::kLittleEndian;
        } else if (word == "string") {
            item_.flags |= bundle::kString;
        } else if (word == "hex" || word == "dec" || word == "oct") {
            item_.base = word == "hex" ? 16 : word == "dec" ? 10 : 8;
        } else if (word == "dce") {
            item_.flags |= bundle::kDce;
            draft_.unsupported(arg_.option,
                               "dce: protocol dcerpc is not inspected by this version");
        } else {
            return false;
        }
        return true;
    }

    bool multiplier(std::string_view s) {
        const auto n = parse_decimal(s, kMaxPosition);
        item_.multiplier = n ? static_cast<std::uint32_t>(*n) : 1;
        return (n && *n != 0) || fail("multiplier is not 1 to 65535");
    }

    bool check_size() {
        const bool text = (item_.flags & bundle::kString) != 0;
        if (!text && item_.base != 0) {
            return fail("a number base needs 'string'");
        }
        if (!text && (item_.flags & bundle::kNbytesVar) == 0 && item_.nbytes > kMaxBinaryBytes) {
            return fail("more than 8 bytes need 'string'");
        }
        return true;
    }

    DraftItem& put(ItemKind kind) {
        DraftItem& d = draft_.append(place(draft_, arg_, relative()), kind, arg_.option);
        item_.kind = kind;
        d.item = item_;
        return d;
    }

  private:
    RuleDraft& draft_;
    const Argument& arg_;
    std::vector<std::string_view> parts_;
    bundle::Item item_;
};

// "multiplier 4" -> "4"; empty: another word.
std::string_view after_word(std::string_view part, std::string_view word) {
    if (!part.starts_with(word) || part.size() == word.size() ||
        !lang::is_blank(part[word.size()])) {
        return {};
    }
    return lang::trim(part.substr(word.size()));
}

bool read_operator(std::string_view s, bundle::Item& item) {
    if (!s.empty() && s.front() == '!') {
        item.flags |= bundle::kNegated;
        s = lang::trim_left(s.substr(1));
    }

    struct Row {
        std::string_view text;
        CompareOp op;
    };

    constexpr std::array kRows{Row{"<", CompareOp::kLt},  Row{">", CompareOp::kGt},
                               Row{"=", CompareOp::kEq},  Row{"<=", CompareOp::kLe},
                               Row{">=", CompareOp::kGe}, Row{"&", CompareOp::kAnd},
                               Row{"^", CompareOp::kOr}};
    if (s.empty() && (item.flags & bundle::kNegated) != 0) {
        item.op = CompareOp::kEq;
        return true;
    }
    for (const Row& row : kRows) {
        if (row.text == s) {
            item.op = row.op;
            return true;
        }
    }
    return false;
}

bool test_value(ByteReader& in, std::string_view s) {
    if (!is_number(s)) {
        in.item().flags |= bundle::kValueVar;
        return in.variable(s, in.item().var);
    }
    // As strtoull: a negative value stands for its two's complement.
    const auto v = parse_unsigned(s.front() == '-' ? s.substr(1) : s);
    in.item().lo = v ? static_cast<std::int64_t>(s.front() == '-' ? std::uint64_t{0} - *v : *v) : 0;
    return v.has_value() || in.fail("value '" + std::string(s) + "' is not a number");
}

bool bitmask(ByteReader& in, std::string_view s) {
    if (s.starts_with("0x") || s.starts_with("0X")) {
        s.remove_prefix(2);
    }
    const auto v = parse_unsigned("0x" + std::string(s));
    in.item().mask = v.value_or(0);
    return in.item().mask != 0 || in.fail("bitmask is not a hex number");
}

void read_byte_test(RuleDraft& draft, const Argument& arg) {
    ByteReader in(draft, arg);
    if (in.size() < 4) {
        in.fail("bytes, operator, value and offset expected");
        return;
    }
    if (!in.nbytes(in.part(0), true)) {
        return;
    }
    if (!read_operator(in.part(1), in.item())) {
        in.fail("unknown operator '" + std::string(in.part(1)) + "'");
        return;
    }
    if (!test_value(in, in.part(2)) || !in.offset(in.part(3), true, INT32_MAX)) {
        return;
    }
    for (std::size_t i = 4; i < in.size(); ++i) {
        const std::string_view mask = after_word(in.part(i), "bitmask");
        const bool good = mask.empty() ? in.common(in.part(i)) : bitmask(in, mask);
        if (!good) {
            in.fail("unknown option '" + std::string(in.part(i)) + "'");
            return;
        }
    }
    if (in.check_size()) {
        in.put(ItemKind::kByteTest);
    }
}

bool jump_option(ByteReader& in, std::string_view word) {
    if (in.common(word)) {
        return true;
    }
    if (const std::string_view n = after_word(word, "multiplier"); !n.empty()) {
        return in.multiplier(n);
    }
    if (const std::string_view n = after_word(word, "post_offset"); !n.empty()) {
        const auto v = parse_integer(n, -kMaxPosition, kMaxPosition);
        in.item().post_offset = v ? static_cast<std::int32_t>(*v) : 0;
        return v.has_value() || in.fail("post_offset is not a number in range");
    }
    if (word == "align") {
        in.item().flags |= bundle::kAlign4;
    } else if (word == "from_beginning") {
        in.item().flags |= bundle::kFromBeginning;
    } else if (word == "from_end") {
        in.item().flags |= bundle::kFromEnd;
    } else {
        return in.fail("unknown option '" + std::string(word) + "'");
    }
    return true;
}

void read_byte_jump(RuleDraft& draft, const Argument& arg) {
    ByteReader in(draft, arg);
    if (in.size() < 2) {
        in.fail("bytes and offset expected");
        return;
    }
    if (!in.nbytes(in.part(0), true) || !in.offset(in.part(1), true)) {
        return;
    }
    for (std::size_t i = 2; i < in.size(); ++i) {
        if (!jump_option(in, in.part(i))) {
            return;
        }
    }
    constexpr std::uint32_t kBothEnds = bundle::kFromBeginning | bundle::kFromEnd;
    if ((in.item().flags & kBothEnds) == kBothEnds) {
        in.fail("from_beginning and from_end cannot be together");
        return;
    }
    if (in.check_size()) {
        in.put(ItemKind::kByteJump);
    }
}

bool extract_option(ByteReader& in, std::string_view word) {
    if (in.common(word)) {
        return true;
    }
    if (const std::string_view n = after_word(word, "multiplier"); !n.empty()) {
        return in.multiplier(n);
    }
    if (const std::string_view n = after_word(word, "align"); !n.empty()) {
        in.item().flags |= n == "4" ? bundle::kAlign4 : n == "2" ? bundle::kAlign2 : 0U;
        return n == "2" || n == "4" || in.fail("align is not 2 or 4");
    }
    return in.fail("unknown option '" + std::string(word) + "'");
}

void read_byte_extract(RuleDraft& draft, const Argument& arg) {
    ByteReader in(draft, arg);
    if (in.size() < 3 || in.part(2).empty()) {
        in.fail("bytes, offset and name expected");
        return;
    }
    if (!in.nbytes(in.part(0), false) || !in.offset(in.part(1), false)) {
        return;
    }
    for (std::size_t i = 3; i < in.size(); ++i) {
        if (!extract_option(in, in.part(i))) {
            return;
        }
    }
    if (!in.check_size()) {
        return;
    }
    if (draft.find_var(in.part(2))) {
        draft.unsupported(arg.option,
                          "a variable that is extracted twice is not compiled by this version");
        return;
    }
    const auto slot = draft.add_var(in.part(2));
    if (!slot) {
        draft.unsupported(arg.option,
                          "more than " + std::to_string(bundle::kMaxVars) + " variables");
        return;
    }
    in.item().var = *slot;
    in.put(ItemKind::kByteExtract);
}

void read_isdataat(RuleDraft& draft, const Argument& arg) {
    auto parts = split(arg.value, ',');
    bundle::Item item;
    item.kind = ItemKind::kIsDataAt;
    std::string_view where = parts[0];
    if (where.starts_with('!')) {
        item.flags |= bundle::kNegated;
        where.remove_prefix(1);
    }
    const bool relative = parts.size() > 1 && parts[1] == "relative";
    const bool raw = parts.size() > 2 && parts[2] == "rawbytes";
    const std::size_t expected = 1 + (relative ? std::size_t{1} : 0) + (raw ? std::size_t{1} : 0);
    if (parts.size() != expected || where.empty() || lang::is_blank(where.front())) {
        draft.invalid(arg.option, "position[,relative[,rawbytes]] expected");
        return;
    }
    item.flags |= (relative ? bundle::kRelative : 0U) | (raw ? bundle::kRawBytes : 0U);
    if (is_number(where)) {
        const auto n = parse_decimal(where.front() == '+' ? where.substr(1) : where, kMaxPosition);
        if (!n) {
            draft.invalid(arg.option, "position is not 0 to 65535");
            return;
        }
        item.offset = static_cast<std::int32_t>(*n);
    } else if (const auto slot = draft.find_var(where)) {
        item.offset = static_cast<std::int32_t>(*slot);
        item.flags |= bundle::kOffsetVar;
    } else {
        draft.invalid(arg.option, "unknown variable '" + std::string(where) + "'");
        return;
    }
    draft.append(place(draft, arg, relative), ItemKind::kIsDataAt, arg.option).item = item;
}

constexpr std::array kRows{
    HandlerRow{"byte_extract", read_byte_extract},
    HandlerRow{"byte_jump", read_byte_jump},
    HandlerRow{"byte_test", read_byte_test},
    HandlerRow{"isdataat", read_isdataat},
};

}  // namespace

std::span<const HandlerRow> byte_handlers() {
    return kRows;
}

}  // namespace sluice::compile
