// SPDX-License-Identifier: Apache-2.0
// decode-event (engine-event), stream-event and app-layer-event. Events of decoders, TCP tracking
// and protocol detection are reasons of the packet at hand; those of application parsers are
// instances of a buffer, BufferId::kAppEvents, that hold their names. event_table.h has them all.
#include "signatures/compile/app_protocols.h"
#include "signatures/compile/event_table.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

void put_event(RuleDraft& draft, const Argument& arg, const std::string& name) {
    const Event* event = find_event(name);
    if (event == nullptr) {
        draft.invalid(arg.option, "unknown event '" + std::string(arg.value) + "'");
        return;
    }
    if (event->reasons.empty()) {
        draft.unsupported(arg.option,
                          "event " + std::string(arg.value) + ": " + std::string(event->note));
        return;
    }
    draft.needs_packet = true;
    DraftItem& d = draft.append_header(bundle::ItemKind::kEvent, arg.option);
    for (const std::string_view reason : split(event->reasons, ' ')) {
        d.names.emplace_back(reason);
    }
    d.item.data_len = static_cast<std::uint32_t>(d.names.size());
}

void read_decode_event(RuleDraft& draft, const Argument& arg) {
    put_event(draft, arg, "decoder." + lang::lower(arg.value));
}

void read_stream_event(RuleDraft& draft, const Argument& arg) {
    put_event(draft, arg, "stream." + lang::lower(arg.value));
}

// Suricata's older name of both.
void read_engine_event(RuleDraft& draft, const Argument& arg) {
    const bool stream = arg.value.starts_with("stream.");
    put_event(draft, arg, (stream ? "" : "decoder.") + lang::lower(arg.value));
}

// "http.missing_host_header", or without a protocol: "applayer_mismatch_protocol_both_directions".
void read_app_layer_event(RuleDraft& draft, const Argument& arg) {
    const std::string name = lang::lower(arg.value);
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) {
        put_event(draft, arg, name);
        return;
    }
    const AppProtocol* protocol = find_app_protocol(name.substr(0, dot));
    const AppEventRow* row = find_app_event(name);
    if (protocol == nullptr || row == nullptr || !row->reported) {
        const std::string_view why = row == nullptr ? "not known to this version" : row->note;
        draft.unsupported(arg.option, "event " + name + ": " + std::string(why));
        return;
    }
    if (!draft.require_app(protocol->app, arg.option)) {
        return;
    }
    DraftBuffer& buffer = draft.own_buffer(arg.keyword.canonical, arg.option);
    DraftItem& d = draft.append(buffer, bundle::ItemKind::kContent, arg.option);
    d.bytes = name;
    d.item.data_len = static_cast<std::uint32_t>(name.size());
    d.item.flags = bundle::kStartsWith | bundle::kHasDepth | bundle::kEndsWith;
    d.item.depth = static_cast<std::int32_t>(name.size());
}

constexpr std::array kRows{
    HandlerRow{"app-layer-event", read_app_layer_event},
    HandlerRow{"decode-event", read_decode_event},
    HandlerRow{"engine-event", read_engine_event},
    HandlerRow{"stream-event", read_stream_event},
};

}  // namespace

std::span<const HandlerRow> event_handlers() {
    return kRows;
}

}  // namespace sluice::compile
