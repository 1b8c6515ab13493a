// SPDX-License-Identifier: Apache-2.0
// Where matches look: sticky buffers, and the older modifiers that move the content before them.
#include "signatures/compile/keyword_handlers.h"

#include <array>

namespace sluice::compile {
namespace {

using bundle::ItemKind;

void read_sticky(RuleDraft& draft, const Argument& arg) {
    const std::string_view keyword = arg.keyword.canonical;
    if (keyword == "file.data") {
        if (draft.rule.proto == bundle::HeaderProto::kUdp ||
            draft.rule.proto == bundle::HeaderProto::kIcmp) {
            draft.invalid(arg.option, "file.data needs a protocol over TCP");
        }
    } else {
        draft.require_app(find_buffer(keyword)->app, arg.option);
    }
    draft.open_sticky(keyword, arg.option);
}

void read_pkt_data(RuleDraft& draft, const Argument&) {
    draft.close_sticky();
}

struct ModifierRow {
    std::string_view keyword;
    std::string_view buffer;
};

constexpr std::array kModifiers{
    ModifierRow{"http_client_body", "http.request_body"},
    ModifierRow{"http_cookie", "http.cookie"},
    ModifierRow{"http_header", "http.header"},
    ModifierRow{"http_host", "http.host"},
    ModifierRow{"http_method", "http.method"},
    ModifierRow{"http_raw_header", "http.header.raw"},
    ModifierRow{"http_raw_host", "http.host.raw"},
    ModifierRow{"http_raw_uri", "http.uri.raw"},
    ModifierRow{"http_server_body", "http.response_body"},
    ModifierRow{"http_stat_code", "http.stat_code"},
    ModifierRow{"http_stat_msg", "http.stat_msg"},
    ModifierRow{"http_uri", "http.uri"},
    ModifierRow{"http_user_agent", "http.user_agent"},
};

void read_modifier(RuleDraft& draft, const Argument& arg) {
    if (draft.sticky()) {
        draft.invalid(arg.option, arg.option.name + " cannot be used after a sticky buffer");
        return;
    }
    DraftItem* content = nullptr;
    for (DraftBuffer& b : draft.buffers) {
        for (DraftItem& d : b.items) {
            if (b.keyword == "pkt_data" && d.item.kind == ItemKind::kContent) {
                content = &d;
            }
        }
    }
    if (content == nullptr) {
        draft.invalid(arg.option, arg.option.name + " needs a content before it");
        return;
    }
    if (content->has(bundle::kRawBytes)) {
        draft.invalid(arg.option, arg.option.name + " cannot be together with rawbytes");
        return;
    }
    if (!draft.require_app(AppProto::kHttp1, arg.option)) {
        return;
    }
    for (const ModifierRow& row : kModifiers) {
        if (row.keyword == arg.keyword.canonical) {
            draft.move_last_payload_item(row.buffer, arg.option);
        }
    }
}

constexpr std::array kRows{
    HandlerRow{"dns.answer.name", read_sticky},
    HandlerRow{"dns.query", read_sticky},
    HandlerRow{"dns.query.name", read_sticky},
    HandlerRow{"file.data", read_sticky},
    HandlerRow{"http.accept", read_sticky},
    HandlerRow{"http.accept_enc", read_sticky},
    HandlerRow{"http.accept_lang", read_sticky},
    HandlerRow{"http.connection", read_sticky},
    HandlerRow{"http.content_len", read_sticky},
    HandlerRow{"http.content_type", read_sticky},
    HandlerRow{"http.cookie", read_sticky},
    HandlerRow{"http.header", read_sticky},
    HandlerRow{"http.header.raw", read_sticky},
    HandlerRow{"http.header_names", read_sticky},
    HandlerRow{"http.host", read_sticky},
    HandlerRow{"http.host.raw", read_sticky},
    HandlerRow{"http.location", read_sticky},
    HandlerRow{"http.method", read_sticky},
    HandlerRow{"http.protocol", read_sticky},
    HandlerRow{"http.referer", read_sticky},
    HandlerRow{"http.request_body", read_sticky},
    HandlerRow{"http.request_header", read_sticky},
    HandlerRow{"http.request_line", read_sticky},
    HandlerRow{"http.response_body", read_sticky},
    HandlerRow{"http.response_header", read_sticky},
    HandlerRow{"http.response_line", read_sticky},
    HandlerRow{"http.server", read_sticky},
    HandlerRow{"http.start", read_sticky},
    HandlerRow{"http.stat_code", read_sticky},
    HandlerRow{"http.stat_msg", read_sticky},
    HandlerRow{"http.uri", read_sticky},
    HandlerRow{"http.uri.raw", read_sticky},
    HandlerRow{"http.user_agent", read_sticky},
    HandlerRow{"http_client_body", read_modifier},
    HandlerRow{"http_cookie", read_modifier},
    HandlerRow{"http_header", read_modifier},
    HandlerRow{"http_host", read_modifier},
    HandlerRow{"http_method", read_modifier},
    HandlerRow{"http_raw_header", read_modifier},
    HandlerRow{"http_raw_host", read_modifier},
    HandlerRow{"http_raw_uri", read_modifier},
    HandlerRow{"http_server_body", read_modifier},
    HandlerRow{"http_stat_code", read_modifier},
    HandlerRow{"http_stat_msg", read_modifier},
    HandlerRow{"http_uri", read_modifier},
    HandlerRow{"http_user_agent", read_modifier},
    HandlerRow{"ja3.hash", read_sticky},
    HandlerRow{"ja3.string", read_sticky},
    HandlerRow{"ja3s.hash", read_sticky},
    HandlerRow{"ja3s.string", read_sticky},
    HandlerRow{"ja4.hash", read_sticky},
    HandlerRow{"pkt_data", read_pkt_data},
    HandlerRow{"ssh.hassh", read_sticky},
    HandlerRow{"ssh.hassh.server", read_sticky},
    HandlerRow{"ssh.hassh.server.string", read_sticky},
    HandlerRow{"ssh.hassh.string", read_sticky},
    HandlerRow{"ssh.proto", read_sticky},
    HandlerRow{"ssh.software", read_sticky},
    HandlerRow{"tls.cert_fingerprint", read_sticky},
    HandlerRow{"tls.cert_issuer", read_sticky},
    HandlerRow{"tls.cert_serial", read_sticky},
    HandlerRow{"tls.cert_subject", read_sticky},
    HandlerRow{"tls.certs", read_sticky},
    HandlerRow{"tls.random", read_sticky},
    HandlerRow{"tls.random_bytes", read_sticky},
    HandlerRow{"tls.random_time", read_sticky},
    HandlerRow{"tls.sni", read_sticky},
};

}  // namespace

std::span<const HandlerRow> buffer_handlers() {
    return kRows;
}

}  // namespace sluice::compile
