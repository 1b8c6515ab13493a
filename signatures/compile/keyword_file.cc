// SPDX-License-Identifier: Apache-2.0
// Keywords about files and their names. filename and fileext are contents of file.name.
#include "signatures/compile/content_text.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

constexpr std::string_view kFileName = "file.name";

bool may_have_files(RuleDraft& draft, const Argument& arg) {
    if (draft.app == AppProto::kSmb) {
        draft.unsupported(arg.option, "files in SMB are not read");
        return false;
    }
    const bool carries = draft.foreign_app || draft.app == AppProto::kUnknown ||
                         draft.app == AppProto::kHttp1 || draft.app == AppProto::kSmtp ||
                         draft.app == AppProto::kFtpData;
    if (!carries) {
        draft.invalid(arg.option, "protocol " + draft.ast.proto + " carries no files");
    }
    return carries;
}

void read_file_name(RuleDraft& draft, const Argument& arg) {
    if (may_have_files(draft, arg)) {
        draft.open_sticky(kFileName, arg.option);
    }
}

// A content without case in the file's name; it ends a sticky buffer.
void add_content(RuleDraft& draft, const Argument& arg, std::string_view before,
                 std::uint32_t flags) {
    std::string bytes(before);
    if (const char* fault = read_content_text(arg.value, bytes); fault != nullptr) {
        draft.invalid(arg.option, fault);
        return;
    }
    if (!may_have_files(draft, arg)) {
        return;
    }
    draft.close_sticky();
    DraftItem& d =
        draft.append(draft.own_buffer(kFileName, arg.option), ItemKind::kContent, arg.option);
    d.bytes = std::move(bytes);
    d.item.data_len = static_cast<std::uint32_t>(d.bytes.size());
    d.item.flags = flags | bundle::kNocase | (arg.negated ? bundle::kNegated : 0U);
}

void read_name(RuleDraft& draft, const Argument& arg) {
    add_content(draft, arg, "", 0);
}

void read_extension(RuleDraft& draft, const Argument& arg) {
    add_content(draft, arg, ".", bundle::kEndsWith);
}

// Files are not kept; that there is one is what the keyword asks for.
void read_store(RuleDraft& draft, const Argument& arg) {
    if (!may_have_files(draft, arg)) {
        return;
    }
    draft.close_sticky();
    DraftItem& d =
        draft.append(draft.own_buffer(kFileName, arg.option), ItemKind::kBsize, arg.option);
    put_range({bundle::CompareOp::kGe, false, 0, 0}, d.item);
}

constexpr std::array kRows{
    HandlerRow{"file.name", read_file_name},
    HandlerRow{"fileext", read_extension, Quotes::kOptional, true},
    HandlerRow{"filename", read_name, Quotes::kOptional, true},
    HandlerRow{"filestore", read_store},
};

}  // namespace

std::span<const HandlerRow> file_handlers() {
    return kRows;
}

}  // namespace sluice::compile
