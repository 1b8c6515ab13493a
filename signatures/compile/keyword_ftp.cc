// SPDX-License-Identifier: Apache-2.0
// FTP keywords: contents of small buffers that dataplane/app fills.
#include "signatures/compile/keyword_handlers.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

void add_content(RuleDraft& draft, const Argument& arg, std::string_view keyword,
                 std::string bytes) {
    DraftItem& d = draft.append(draft.buffer(keyword, arg.option), ItemKind::kContent, arg.option);
    d.bytes = std::move(bytes);
    d.item.data_len = static_cast<std::uint32_t>(d.bytes.size());
}

void read_bounce(RuleDraft& draft, const Argument& arg) {
    if (draft.require_app(AppProto::kFtp, arg.option)) {
        add_content(draft, arg, "ftpbounce", std::string(1, '\1'));
    }
}

void read_data_command(RuleDraft& draft, const Argument& arg) {
    if (arg.value != "stor" && arg.value != "retr") {
        draft.invalid(arg.option, "stor or retr expected");
        return;
    }
    if (draft.require_app(AppProto::kFtpData, arg.option)) {
        add_content(draft, arg, "ftpdata_command", std::string(arg.value));
    }
}

constexpr std::array kRows{
    HandlerRow{"ftpbounce", read_bounce},
    HandlerRow{"ftpdata_command", read_data_command},
};

}  // namespace

std::span<const HandlerRow> ftp_handlers() {
    return kRows;
}

}  // namespace sluice::compile
