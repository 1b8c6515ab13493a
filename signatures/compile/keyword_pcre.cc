// SPDX-License-Identifier: Apache-2.0
// pcre: the expression between slashes, its modifiers, and the older letters that name a buffer.
#include <array>
#include <memory>
#include <string>

#define PCRE2_CODE_UNIT_WIDTH 8
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_pcre.h"
#include "signatures/lang/text.h"

#include <pcre2.h>

namespace sluice::compile {
namespace {

struct BufferLetter {
    char letter;
    std::string_view buffer;
};

constexpr std::array kBufferLetters{
    BufferLetter{'U', "http.uri"},          BufferLetter{'I', "http.uri.raw"},
    BufferLetter{'P', "http.request_body"}, BufferLetter{'Q', "http.response_body"},
    BufferLetter{'H', "http.header"},       BufferLetter{'D', "http.header.raw"},
    BufferLetter{'M', "http.method"},       BufferLetter{'C', "http.cookie"},
    BufferLetter{'S', "http.stat_code"},    BufferLetter{'Y', "http.stat_msg"},
    BufferLetter{'V', "http.user_agent"},   BufferLetter{'W', "http.host"},
    BufferLetter{'Z', "http.host.raw"},
};

struct FlagLetter {
    char letter;
    std::uint32_t flag;
    std::uint32_t pcre2;
};

constexpr std::array kFlagLetters{
    FlagLetter{'i', bundle::kPcreCaseless, PCRE2_CASELESS},
    FlagLetter{'m', bundle::kPcreMultiline, PCRE2_MULTILINE},
    FlagLetter{'s', bundle::kPcreDotAll, PCRE2_DOTALL},
    FlagLetter{'x', bundle::kPcreExtended, PCRE2_EXTENDED},
    FlagLetter{'A', bundle::kPcreAnchored, PCRE2_ANCHORED},
    FlagLetter{'E', bundle::kPcreDollarEndOnly, PCRE2_DOLLAR_ENDONLY},
    FlagLetter{'G', bundle::kPcreUngreedy, PCRE2_UNGREEDY},
};

// A slash is the border of the expression unless one backslash stands before it.
bool is_border(std::string_view s, std::size_t at) {
    std::size_t n = 0;
    while (n < at && s[at - 1 - n] == '\\') {
        ++n;
    }
    return s[at] == '/' && n % 2 == 0;
}

struct Parts {
    std::string_view pattern;
    std::string_view letters;
};

std::optional<Parts> cut(std::string_view s) {
    s = lang::trim_left(s);
    std::size_t first = s.find('/');
    if (first == std::string_view::npos || first > 1) {
        return std::nullopt;
    }
    std::size_t last = s.rfind('/');
    while (last > first && !is_border(s, last)) {
        last = s.rfind('/', last - 1);
    }
    if (last == first) {
        return std::nullopt;
    }
    return Parts{s.substr(first + 1, last - first - 1), s.substr(last + 1)};
}

}  // namespace

PcreFacts examine_pcre(const bundle::Pcre& pcre) {
    std::uint32_t options = 0;
    for (const FlagLetter& f : kFlagLetters) {
        options |= (pcre.flags & f.flag) != 0 ? f.pcre2 : 0;
    }
    int error = 0;
    PCRE2_SIZE offset = 0;
    const std::unique_ptr<const unsigned char[]> text = [&] {
        auto copy = std::make_unique<unsigned char[]>(pcre.pattern.size() + 1);
        std::copy(pcre.pattern.begin(), pcre.pattern.end(), copy.get());
        return copy;
    }();
    const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
        pcre2_compile(text.get(), pcre.pattern.size(), options, &error, &offset, nullptr),
        &pcre2_code_free);
    if (code != nullptr) {
        error = pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
        if (error == 0 || error == PCRE2_ERROR_JIT_BADOPTION) {
            PcreFacts facts;
            (void)pcre2_pattern_info(code.get(), PCRE2_INFO_CAPTURECOUNT, &facts.groups);
            return facts;
        }
    }
    std::array<PCRE2_UCHAR, 256> buffer{};
    pcre2_get_error_message(error, buffer.data(), buffer.size());
    std::string message;
    for (std::size_t i = 0; i < buffer.size() && buffer[i] != 0; ++i) {
        message += static_cast<char>(buffer[i]);
    }
    return {message + " at offset " + std::to_string(offset), 0};
}

namespace {

const std::string& verdict(PcreVerdicts& known, const bundle::Pcre& pcre) {
    const auto [at, fresh] = known.try_emplace(std::to_string(pcre.flags) + '/' + pcre.pattern);
    if (fresh) {
        at->second = examine_pcre(pcre).fault;
    }
    return at->second;
}

// Letters after the expression. Empty 'fault': good.
struct Letters {
    std::uint32_t flags = 0;
    std::string_view buffer;
    bool relative = false;
    bool raw = false;
    bool captures = false;
    std::string fault;
};

bool known_letter(char c, Letters& out) {
    for (const FlagLetter& f : kFlagLetters) {
        if (f.letter == c) {
            out.flags |= f.flag;
            return true;
        }
    }
    out.relative = out.relative || c == 'R';
    out.raw = out.raw || c == 'B';
    return c == 'R' || c == 'B' || c == 'O';  // O: own match limits, always on here
}

Letters read_letters(std::string_view s) {
    Letters out;
    for (const char c : s) {
        if (c == ',') {
            out.captures = true;
            break;
        }
        if (known_letter(c, out)) {
            continue;
        }
        const BufferLetter* row = nullptr;
        for (const BufferLetter& b : kBufferLetters) {
            row = b.letter == c ? &b : row;
        }
        if (row == nullptr) {
            out.fault = std::string("unknown modifier '") + c + "'";
            return out;
        }
        if (!out.buffer.empty() && out.buffer != row->buffer) {
            out.fault = "two modifiers name a buffer";
            return out;
        }
        out.buffer = row->buffer;
    }
    if (out.raw && !out.buffer.empty()) {
        out.fault = "modifier B cannot be together with a buffer";
    }
    return out;
}

bool has_upper(std::string_view pattern) {
    bool escaped = false;
    for (const char c : pattern) {
        if (!escaped && c >= 'A' && c <= 'Z') {
            return true;
        }
        escaped = !escaped && c == '\\';
    }
    return false;
}

// Variables that a match would fill: (?P<flow_x>...), "/,flow:x".
bool fills_variables(std::string_view pattern) {
    for (const std::string_view opening : {"(?P<flow_", "(?P<pkt_", "(?<flow_", "(?<pkt_"}) {
        if (pattern.find(opening) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

bool check_place(RuleDraft& draft, const Argument& arg, const Parts& parts,
                 const Letters& letters) {
    if (letters.buffer.empty()) {
        if (letters.relative && !draft.sticky()) {
            for (const DraftBuffer& b : draft.buffers) {
                if (b.keyword == "pkt_data" && !b.items.empty()) {
                    return true;
                }
            }
            draft.invalid(arg.option, "modifier R needs a match before it in the same buffer");
            return false;
        }
        return true;
    }
    if (draft.sticky()) {
        // Suricata lets a letter pass that names the sticky buffer itself; file.data is a response
        // body by another name.
        const std::string_view sticky = draft.here(arg.option).keyword;
        const bool body = sticky == "file.data" && letters.buffer == "http.response_body";
        if (sticky != letters.buffer && !body) {
            draft.invalid(arg.option, "modifier names another buffer than the sticky one");
            return false;
        }
    } else if (letters.relative && draft.buffer(letters.buffer, arg.option).items.empty()) {
        draft.invalid(arg.option, "modifier R needs a match before it in the same buffer");
        return false;
    }
    const bool caseless = (letters.flags & bundle::kPcreCaseless) != 0;
    if (letters.buffer == "http.host" && !caseless && has_upper(parts.pattern)) {
        draft.invalid(arg.option, "the host buffer is lower case, the expression is not");
        return false;
    }
    return draft.require_app(AppProto::kHttp1, arg.option);
}

void read_pcre(RuleDraft& draft, const Argument& arg) {
    const auto parts = cut(arg.value);
    if (!parts) {
        draft.invalid(arg.option, "expression between slashes expected");
        return;
    }
    Letters letters = read_letters(parts->letters);
    if (!letters.fault.empty()) {
        draft.invalid(arg.option, std::move(letters.fault));
        return;
    }
    const bundle::Pcre pcre{std::string(parts->pattern), letters.flags};
    if (const std::string& fault = verdict(draft.pcre_verdicts, pcre); !fault.empty()) {
        draft.invalid(arg.option, "pcre2: " + fault);
        return;
    }
    if (!check_place(draft, arg, *parts, letters)) {
        return;
    }
    if (letters.captures || fills_variables(parts->pattern)) {
        draft.unsupported(arg.option, "pcre that fills variables is not compiled by this version");
    }
    DraftBuffer& where = letters.buffer.empty() || draft.sticky()
                             ? draft.here(arg.option)
                             : draft.buffer(letters.buffer, arg.option);
    DraftItem& d = draft.append(where, bundle::ItemKind::kPcre, arg.option);
    d.pcre = pcre;
    d.item.flags = (arg.negated ? bundle::kNegated : 0U) |
                   (letters.relative ? bundle::kRelative : 0U) |
                   (letters.raw ? bundle::kRawBytes : 0U);
}

constexpr std::array kRows{
    HandlerRow{"pcre", read_pcre, Quotes::kOptional, true},
};

}  // namespace

std::span<const HandlerRow> pcre_handlers() {
    return kRows;
}

}  // namespace sluice::compile
