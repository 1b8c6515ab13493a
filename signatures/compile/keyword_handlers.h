// SPDX-License-Identifier: Apache-2.0
// Which function reads which keyword. A keyword without a row here is known to the language but not
// compiled. To add one: write a Handler in the keyword_*.cc of its idea and give it a row in that
// file's table. Constant tables; any thread.
#pragma once

#include "signatures/compile/semantic_draft.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::compile {

// Changes the draft; on failure leaves a problem there.
using Handler = void (*)(RuleDraft&, const Argument&);

enum class Quotes : std::uint8_t { kForbidden, kOptional, kMandatory };

struct HandlerRow {
    std::string_view keyword;  // canonical
    Handler handler = nullptr;
    Quotes quotes = Quotes::kForbidden;
    bool negatable = false;  // '!' before the value is not part of it
};

std::span<const HandlerRow> action_handlers();     // keyword_action.cc
std::span<const HandlerRow> buffer_handlers();     // keyword_buffer.cc
std::span<const HandlerRow> byte_handlers();       // keyword_bytes.cc
std::span<const HandlerRow> content_handlers();    // keyword_content.cc
std::span<const HandlerRow> decode_handlers();     // keyword_decode.cc
std::span<const HandlerRow> event_handlers();      // keyword_event.cc
std::span<const HandlerRow> dns_handlers();        // keyword_dns.cc
std::span<const HandlerRow> file_handlers();       // keyword_file.cc
std::span<const HandlerRow> ftp_handlers();        // keyword_ftp.cc
std::span<const HandlerRow> flow_handlers();       // keyword_flow.cc
std::span<const HandlerRow> header_handlers();     // keyword_header.cc
std::span<const HandlerRow> math_handlers();       // keyword_math.cc
std::span<const HandlerRow> metadata_handlers();   // keyword_metadata.cc
std::span<const HandlerRow> packet_handlers();     // keyword_packet.cc
std::span<const HandlerRow> pcre_handlers();       // keyword_pcre.cc
std::span<const HandlerRow> size_handlers();       // keyword_size.cc
std::span<const HandlerRow> ssh_handlers();        // keyword_ssh.cc
std::span<const HandlerRow> state_handlers();      // keyword_state.cc
std::span<const HandlerRow> tag_handlers();        // keyword_tag.cc
std::span<const HandlerRow> threshold_handlers();  // keyword_threshold.cc
std::span<const HandlerRow> tls_handlers();        // keyword_tls.cc
std::span<const HandlerRow> transform_handlers();  // keyword_transform.cc

// All of them.
std::vector<HandlerRow> all_handler_rows();  // semantic.cc

}  // namespace sluice::compile
