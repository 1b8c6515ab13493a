// SPDX-License-Identifier: Apache-2.0
// SSH keywords that are no sticky buffers: the whole protocol version, the whole software version.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

std::string_view without_quotes(std::string_view s) {
    s = lang::trim(s);
    if (s.starts_with('"')) {
        s.remove_prefix(1);
    }
    if (s.ends_with('"')) {
        s.remove_suffix(1);
    }
    return lang::trim(s);
}

// A content that is all of the buffer.
void add_whole(RuleDraft& draft, const Argument& arg, std::string_view keyword,
               std::string_view text) {
    DraftItem& d = draft.append(draft.buffer(keyword, arg.option), ItemKind::kContent, arg.option);
    d.bytes = std::string(text);
    d.item.data_len = static_cast<std::uint32_t>(text.size());
    d.item.depth = static_cast<std::int32_t>(text.size());
    d.item.flags = bundle::kStartsWith | bundle::kHasDepth | bundle::kEndsWith;
}

void read_protocol(RuleDraft& draft, const Argument& arg) {
    if (!draft.require_app(AppProto::kSsh, arg.option)) {
        return;
    }
    const std::string_view text = without_quotes(arg.value);
    if (text == "2_compat") {
        DraftItem& d =
            draft.append(draft.buffer("ssh.proto", arg.option), ItemKind::kPcre, arg.option);
        d.pcre.pattern = "^(?:2|2\\.0|1\\.99)$";
        d.pcre.flags = bundle::kPcreDollarEndOnly;
        return;
    }
    if (text.empty() || !lang::is_digit(text[0]) ||
        text.find_first_not_of("0123456789.-") != std::string_view::npos) {
        draft.invalid(arg.option, "a version like 2.0, or 2_compat, expected");
        return;
    }
    add_whole(draft, arg, "ssh.proto", text);
}

void read_software(RuleDraft& draft, const Argument& arg) {
    if (!draft.require_app(AppProto::kSsh, arg.option)) {
        return;
    }
    const std::string_view text = without_quotes(arg.value);
    if (text.empty()) {
        draft.invalid(arg.option, "the software's whole version expected");
        return;
    }
    add_whole(draft, arg, "ssh.software", text);
}

constexpr std::array kRows{
    HandlerRow{"ssh.protoversion", read_protocol, Quotes::kOptional},
    HandlerRow{"ssh.softwareversion", read_software, Quotes::kOptional},
};

}  // namespace

std::span<const HandlerRow> ssh_handlers() {
    return kRows;
}

}  // namespace sluice::compile
