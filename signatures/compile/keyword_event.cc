// SPDX-License-Identifier: Apache-2.0
// Events of the decoders and of TCP tracking: decode-event (engine-event) and stream-event. Which
// of Sluice's reasons an event is stands in event_table.cc.
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

constexpr std::array kRows{
    HandlerRow{"decode-event", read_decode_event},
    HandlerRow{"engine-event", read_engine_event},
    HandlerRow{"stream-event", read_stream_event},
};

}  // namespace

std::span<const HandlerRow> event_handlers() {
    return kRows;
}

}  // namespace sluice::compile
