// SPDX-License-Identifier: Apache-2.0
// TLS keywords that are no sticky buffers: numbers, dates and states are contents and byte tests
// over buffers of a few bytes; the older keywords with a string are contents of the sticky buffers
// of the same meaning.
#include "dataplane/base/tls_values.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <ctime>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;

DraftBuffer& buffer(RuleDraft& draft, const Argument& arg, std::string_view keyword) {
    return draft.buffer(keyword, arg.option);
}

void add_content(RuleDraft& draft, const Argument& arg, std::string_view keyword,
                 std::string bytes) {
    DraftItem& d = draft.append(buffer(draft, arg, keyword), ItemKind::kContent, arg.option);
    d.bytes = std::move(bytes);
    d.item.data_len = static_cast<std::uint32_t>(d.bytes.size());
    d.item.flags = arg.negated ? bundle::kNegated : 0U;
}

void add_test(RuleDraft& draft, const Argument& arg, std::string_view keyword, std::uint8_t bytes,
              CompareOp op, std::uint64_t value) {
    bundle::Item& item =
        draft.append(buffer(draft, arg, keyword), ItemKind::kByteTest, arg.option).item;
    item.nbytes = bytes;
    item.op = op;
    item.lo = static_cast<std::int64_t>(value);
}

bool is_tls(RuleDraft& draft, const Argument& arg) {
    return draft.require_app(AppProto::kTls, arg.option);
}

// ---- versions

struct VersionRow {
    std::string_view name;
    std::string_view bytes;
};

using namespace std::string_view_literals;

constexpr std::array kVersions{
    VersionRow{"1.0", "\3\1"sv},
    VersionRow{"1.1", "\3\2"sv},
    VersionRow{"1.2", "\3\3"sv},
    VersionRow{"1.3", "\3\4"sv},
};

constexpr std::array kSslVersions{
    VersionRow{"sslv2", "\0\2"sv},  VersionRow{"sslv3", "\3\0"sv},  VersionRow{"tls1.0", "\3\1"sv},
    VersionRow{"tls1.1", "\3\2"sv}, VersionRow{"tls1.2", "\3\3"sv}, VersionRow{"tls1.3", "\3\4"sv},
};

template <std::size_t N>
std::string_view bytes_of(const std::array<VersionRow, N>& rows, std::string_view name) {
    for (const VersionRow& row : rows) {
        if (row.name == name) {
            return row.bytes;
        }
    }
    return {};
}

void read_version(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    constexpr std::size_t kHexSize = 6;  // "0x7f12"
    std::string bytes(bytes_of(kVersions, arg.value));
    if (bytes.empty() && arg.value.size() == kHexSize && arg.value.starts_with("0x")) {
        if (const auto n = parse_unsigned(arg.value)) {
            bytes = {static_cast<char>(*n >> 8), static_cast<char>(*n & 0xff)};
        }
    }
    if (arg.value == "1.3") {
        // And all its drafts.
        DraftItem& d = draft.append(buffer(draft, arg, "tls.version"), ItemKind::kPcre, arg.option);
        d.pcre.pattern = "^(?:\\x03\\x04|\\x7f)";
        return;
    }
    if (bytes.empty()) {
        draft.invalid(arg.option, "1.0, 1.1, 1.2, 1.3 or a version like 0x7f12 expected");
        return;
    }
    add_content(draft, arg, "tls.version", bytes);
}

// "tls1.0,tls1.2": any of them. With '!' Suricata 7.0.10 matches nothing, and so does this.
void read_ssl_version(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    std::string any;
    unsigned negated = 0;
    unsigned count = 0;
    std::string_view left = arg.value;
    while (!(left = lang::trim_left(left)).empty()) {
        const std::size_t end = std::min(left.find_first_of(", "), left.size());
        std::string word(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
        if (word.empty()) {
            continue;
        }
        if (word[0] == '!') {
            ++negated;
            word.erase(0, 1);
        }
        for (char& c : word) {
            c = lang::to_lower(c);
        }
        const std::string_view bytes = bytes_of(kSslVersions, word);
        if (bytes.empty()) {
            draft.invalid(arg.option,
                          "'" + word + "' is not one of sslv2, sslv3, tls1.0 to tls1.3");
            return;
        }
        const std::string one = {'\\', 'x', '0', bytes[0] == 3 ? '3' : '0',
                                 '\\', 'x', '0', static_cast<char>('0' + bytes[1])};
        if (any.find(one) != std::string::npos) {
            draft.invalid(arg.option, "'" + word + "' is named twice");
            return;
        }
        any += (any.empty() ? "" : "|") + one;
        ++count;
    }
    if (count == 0 || (negated != 0 && negated != count)) {
        draft.invalid(arg.option, "a list of versions expected, all with '!' or none");
        return;
    }
    DraftItem& d = draft.append(buffer(draft, arg, "tls.version"), ItemKind::kPcre, arg.option);
    d.pcre.pattern = negated != 0 ? "(?!)" : "^(?:" + any + ")";
}

// ---- states

struct StateRow {
    std::string_view name;
    std::uint8_t bit;
};

constexpr std::array kStates{
    StateRow{"client_hello", kTlsClientHello}, StateRow{"server_hello", kTlsServerHello},
    StateRow{"client_keyx", kTlsClientKeyx},   StateRow{"server_keyx", kTlsServerKeyx},
    StateRow{"unknown", kTlsUnknownState},
};

// "client_hello|!server_hello": the latest message is one of those without '!', or none of one with
// '!'. So it fails only where exactly the bits with '!' are among those named.
void read_ssl_state(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    std::uint8_t named = 0;
    std::uint8_t negated = 0;
    std::string_view left = arg.value;
    do {
        const std::size_t end = std::min(left.find_first_of("|,"), left.size());
        std::string_view word = lang::trim(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
        const bool no = word.starts_with('!');
        word = no ? lang::trim(word.substr(1)) : word;
        std::uint8_t bit = 0;
        for (const StateRow& row : kStates) {
            bit = row.name == word ? row.bit : bit;
        }
        if (bit == 0) {
            draft.invalid(arg.option, "'" + std::string(word) +
                                          "' is not one of client_hello, server_hello, "
                                          "client_keyx, server_keyx, unknown");
            return;
        }
        named |= bit;
        negated |= no ? bit : std::uint8_t{0};
    } while (!left.empty());
    // The mask shifts as that of byte_test does.
    const int shift = std::countr_zero(named);
    add_test(draft, arg, "ssl_state", 1, CompareOp::kNe, std::uint64_t{negated} >> shift);
    draft.buffers.back().items.back().item.mask = named;
}

// ---- certificates

void read_chain_length(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    const auto range = parse_range(arg.value, UINT32_MAX);
    if (!range) {
        draft.invalid(arg.option, "number or range of certificates expected");
        return;
    }
    constexpr std::uint8_t kBytes = 4;
    if (range->op != CompareOp::kRange) {
        add_test(draft, arg, "tls.cert_chain_len", kBytes, range->op, range->lo);
    } else if (!range->negated) {
        add_test(draft, arg, "tls.cert_chain_len", kBytes, CompareOp::kGt, range->lo);
        add_test(draft, arg, "tls.cert_chain_len", kBytes, CompareOp::kLt, range->hi);
    } else {
        draft.unsupported(arg.option, "a negated range is not compiled yet: use two rules");
    }
}

bool is_alnum(char c) {
    const char l = lang::to_lower(c);
    return lang::is_digit(c) || (l >= 'a' && l <= 'z');
}

// Seconds since 1970, or a date from the year on down to the second, UTC.
std::optional<std::int64_t> parse_time(std::string_view s) {
    if (const auto epoch = parse_decimal(s, INT64_MAX)) {
        return static_cast<std::int64_t>(*epoch);
    }
    static constexpr std::array kFormats = {
        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H",       "%Y-%m-%d %H",       "%Y-%m-%d",       "%Y-%m"};
    const std::string text(s);
    for (const char* format : kFormats) {
        std::tm tm{};
        tm.tm_mday = 1;
        const char* end = strptime(text.c_str(), format, &tm);
        if (end != nullptr && *end == '\0') {
            return timegm(&tm);
        }
    }
    return std::nullopt;
}

// Both ends belong to what is meant, as in Suricata.
void read_time(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    const std::string_view keyword = arg.keyword.canonical;
    constexpr std::uint8_t kBytes = 8;
    std::string_view first = lang::trim(arg.value);
    std::string_view second;
    CompareOp op = CompareOp::kEq;
    if (first.starts_with('<') || first.starts_with('>')) {
        op = first[0] == '<' ? CompareOp::kLe : CompareOp::kGe;
        first.remove_prefix(1);
    } else if (const std::size_t at = first.find("<>"); at != std::string_view::npos) {
        op = CompareOp::kRange;
        second = lang::trim(first.substr(at + 2));
        first = first.substr(0, at);
    }
    const auto from = parse_time(lang::trim(first));
    const auto to = op == CompareOp::kRange ? parse_time(second) : from;
    if (!from || !to) {
        draft.invalid(
            arg.option,
            "a time like 2015-10-22T23:59:59, or from the right shorter, expected; < or > "
            "before it or <> between two");
        return;
    }
    const auto number = [](std::int64_t t) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(t, 0));
    };
    if (op != CompareOp::kRange) {
        add_test(draft, arg, keyword, kBytes, op, number(*from));
        return;
    }
    if (*to <= *from) {
        draft.invalid(arg.option, "the second time must be later than the first");
        return;
    }
    add_test(draft, arg, keyword, kBytes, CompareOp::kGe, number(*from));
    add_test(draft, arg, keyword, kBytes, CompareOp::kLe, number(*to));
}

void read_validity(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    const bool expired = arg.keyword.canonical == "tls_cert_expired";
    add_test(draft, arg, "tls_cert_valid", 1, CompareOp::kEq,
             expired ? kTlsCertExpired : kTlsCertValid);
}

// tls.subject, tls.issuerdn, tls.fingerprint: the string itself, no escapes and no hex.
void read_text(RuleDraft& draft, const Argument& arg) {
    if (!is_tls(draft, arg)) {
        return;
    }
    const bool fingerprint = arg.keyword.canonical == "tls.fingerprint";
    const std::string_view others = fingerprint ? ":* " : " -.=,*@[\\]^_`";
    for (const char c : arg.value) {
        if (!is_alnum(c) && others.find(c) == std::string_view::npos) {
            draft.invalid(arg.option, "'" + std::string(1, c) + "' cannot be here: use " +
                                          (fingerprint ? "tls.cert_fingerprint"
                                                       : "tls.cert_subject or tls.cert_issuer"));
            return;
        }
    }
    std::string text(arg.value);
    for (char& c : text) {
        c = fingerprint ? lang::to_lower(c) : c;
    }
    add_content(draft, arg,
                fingerprint                              ? "tls.cert_fingerprint"
                : arg.keyword.canonical == "tls.subject" ? "tls.cert_subject"
                                                         : "tls.cert_issuer",
                text);
}

// Certificates are not stored; the rule means the same without.
void read_store(RuleDraft& draft, const Argument& arg) {
    (void)is_tls(draft, arg);
}

constexpr std::array kRows{
    HandlerRow{"ssl_state", read_ssl_state},
    HandlerRow{"ssl_version", read_ssl_version},
    HandlerRow{"tls.cert_chain_len", read_chain_length},
    HandlerRow{"tls.fingerprint", read_text, Quotes::kMandatory, true},
    HandlerRow{"tls.issuerdn", read_text, Quotes::kMandatory, true},
    HandlerRow{"tls.subject", read_text, Quotes::kMandatory, true},
    HandlerRow{"tls.version", read_version},
    HandlerRow{"tls_cert_expired", read_validity},
    HandlerRow{"tls_cert_notafter", read_time},
    HandlerRow{"tls_cert_notbefore", read_time},
    HandlerRow{"tls_cert_valid", read_validity},
    HandlerRow{"tls_store", read_store},
};

}  // namespace

std::span<const HandlerRow> tls_handlers() {
    return kRows;
}

}  // namespace sluice::compile
