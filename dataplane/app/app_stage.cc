// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/app_stage.h"

#include "dataplane/app/detection_events.h"
#include "dataplane/app/detector.h"
#include "dataplane/app/stream_position.h"

#include <array>

namespace sluice::app {

AppStage::AppStage(const AppConfig& config) : parsers_(config) {}

AppStage::Slot AppStage::slot_of(const flow::Flow& flow) {
    return {flow.app_state() >> kStateIndexBits, flow.app_state() & kMaxStates};
}

void AppStage::begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    retire();
    active_ = nullptr;
    flow::Flow& flow = *chunk.flow;
    if (flow.app != AppProto::kUnknown) {
        check_direction(chunk, reasons);
    } else if (between(flow)) {
        decide_anew(chunk, reasons);
    } else {
        decide(chunk, reasons);
    }
    hand_on(chunk, reasons);
}

void AppStage::hand_on(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow::Flow& flow = *chunk.flow;
    const Slot slot = slot_of(flow);
    parsers_.with(slot.parser, [&](auto& row) {
        if (flow.app == row.kProto) {
            row.parser.begin(row.states[slot.index], chunk, reasons);
            active_ = &flow;
            reasons_ = &reasons;
        }
    });
}

void AppStage::begin(packet::Packet& datagram, packet::ReasonCounters& reasons) {
    retire();
    active_ = nullptr;
    flow::Flow& flow = *datagram.flow;
    if (flow.app == AppProto::kUnknown) {
        flow.app = detect_datagram(datagram.payload(), datagram.src_port, datagram.dst_port);
        if (flow.app == AppProto::kUnknown &&
            flow.packets(0) + flow.packets(1) >= kDetectDatagrams) {
            flow.app = AppProto::kNone;
        }
        open(flow, reasons);
    }
    const Slot slot = slot_of(flow);
    if (slot.parser == kDnsDatagrams) {
        orient(datagram, slot.index == 0);
        parsers_.get<DnsRow>().parser.begin(datagram, slot.index, reasons);
        active_ = &flow;
    }
}

// A flow that was first seen with an answer, or between two resolvers that ask each other. Later
// answers from the client's side turn nothing: nobody would take them for one.
void AppStage::orient(packet::Packet& datagram, bool first) {
    flow::Flow& flow = *datagram.flow;
    DnsHeader header;
    if (!DnsMessage::read_header(datagram.payload(), header)) {
        return;
    }
    // Another datagram of its batch may have turned the flow since it was looked up.
    bool from_client = datagram.src == flow.client() && datagram.src_port == flow.client_port;
    if (header.is_response() ? first && from_client : !from_client) {
        flow::swap_ends(flow);
        from_client = !from_client;
    }
    datagram.direction = from_client ? Direction::kToServer : Direction::kToClient;
}

bool AppStage::next(InspectionPoint& point) {
    while (active_ != nullptr) {
        const std::uint32_t number = slot_of(*active_).parser;
        if (number == kDnsDatagrams) {
            return next_dns_datagram(point);
        }
        bool shown = false;
        parsers_.with(number, [&](auto& row) { shown = next_of(row, point); });
        if (shown || !enter_next()) {
            return shown;
        }
    }
    return false;
}

bool AppStage::next_dns_datagram(InspectionPoint& point) {
    if (!parsers_.get<DnsRow>().parser.next(point)) {
        return false;
    }
    const Slot slot = slot_of(*active_);
    if (parsers_.get<DnsRow>().parser.readable()) {
        put(*active_, {slot.parser, (slot.index + 1) & kMaxStates});
    }
    return true;
}

template <typename Row>
bool AppStage::next_of(Row& row, InspectionPoint& point) {
    const bool shown = row.parser.next(point);
    if (row.parser.gave_up()) {
        active_->app = AppProto::kNone;
        retiring_ = active_;
    } else if (row.parser.finished(row.states[slot_of(*active_).index])) {
        retiring_ = active_;
    }
    return shown;
}

void AppStage::decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow::Flow& flow = *chunk.flow;
    if (chunk.offset != 0 || chunk.gap) {
        flow.app = AppProto::kNone;  // the first bytes are gone
        packet::count(reasons, packet::Reason::app_not_recognised);
        return;
    }
    if (expected(flow, reasons)) {
        return;
    }
    const AppProto p = detect_protocol(chunk.direction, chunk.window, flow.server_port);
    if (p == AppProto::kUnknown) {
        return;
    }
    if (p == AppProto::kNone && chunk.direction == Direction::kToServer &&
        chunk.window.size() < kDetectBytes) {
        return;  // an unusual first word: the server's answer may still say HTTP
    }
    flow.app = p;
    check_order(chunk, reasons);
    open(flow, reasons);
}

// A data connection that FTP announced is one, whatever it carries.
bool AppStage::expected(flow::Flow& flow, packet::ReasonCounters& reasons) {
    FtpExpectations& expectations = parsers_.get<FtpRow>().parser.expectations();
    if (!expectations.any()) {
        return false;
    }
    FtpFileName name;
    const FtpTransfer transfer = expectations.take(flow, name);
    if (transfer == FtpTransfer::kNone) {
        return false;
    }
    flow.app = AppProto::kFtpData;
    open(flow, reasons);
    if (flow.app == AppProto::kFtpData) {
        FtpDataFlow& state = parsers_.get<FtpDataRow>().states[slot_of(flow).index];
        state.transfer = transfer;
        state.name = name;
    }
    return true;
}

// Takes a state for the protocol that was just decided, if it has a parser.
void AppStage::open(flow::Flow& flow, packet::ReasonCounters& reasons) {
    if (flow.app == AppProto::kDns && flow.ip_proto == packet::kProtoUdp) {
        put(flow, {kDnsDatagrams, 0});
        return;
    }
    const std::uint32_t number = Parsers::number_for(flow.app);
    parsers_.with(number, [&](auto& row) {
        const std::uint32_t index = row.states.take();
        if (index == flow::kNoIndex) {
            packet::count(reasons, row.kFull);
            flow.app = AppProto::kNone;
            return;
        }
        put(flow, {number, index});
    });
}

void AppStage::put(flow::Flow& flow, Slot slot) {
    flow.set_app_state((slot.parser << kStateIndexBits) | slot.index);
}

void AppStage::retire() {
    if (retiring_ != nullptr) {
        free_state(*retiring_);
        retiring_ = nullptr;
    }
}

void AppStage::free_state(flow::Flow& flow) {
    const Slot slot = slot_of(flow);
    parsers_.with(slot.parser, [&](auto& row) {
        row.parser.release(row.states[slot.index]);
        row.states.give(slot.index);
    });
    flow.set_app_state(flow::kNoIndex);
}

void AppStage::restart(flow::Flow& flow) {
    release(flow);
    flow.app = AppProto::kUnknown;
    flow.encrypted = false;
}

void AppStage::release(flow::Flow& flow) {
    if (retiring_ == &flow) {
        retiring_ = nullptr;
    }
    if (active_ == &flow) {
        active_ = nullptr;
    }
    free_state(flow);
}

HttpSummary AppStage::summary(const flow::Flow& flow, Direction direction) const {
    const Slot slot = slot_of(flow);
    const auto& row = parsers_.get<HttpRow>();
    return slot.parser != Parsers::number_of<HttpRow>()
               ? HttpSummary{}
               : row.parser.summary(row.states[slot.index], direction);
}

bool AppStage::http_answered(const flow::Flow& flow, std::uint64_t tx_id) const {
    const Slot slot = slot_of(flow);
    return slot.parser == Parsers::number_of<HttpRow>() &&
           parsers_.get<HttpRow>().states[slot.index].half[index_of(Direction::kToClient)].next_tx >
               tx_id;
}

TlsSummary AppStage::tls_summary(const flow::Flow& flow) const {
    const Slot slot = slot_of(flow);
    const auto& row = parsers_.get<TlsRow>();
    return slot.parser != Parsers::number_of<TlsRow>() ? TlsSummary{}
                                                       : row.parser.summary(row.states[slot.index]);
}

bool AppStage::take_tls_event(const flow::Flow& flow) {
    const Slot slot = slot_of(flow);
    return slot.parser == Parsers::number_of<TlsRow>() &&
           Tls::take_event(parsers_.get<TlsRow>().states[slot.index]);
}

Bytes AppStage::dns_message() const {
    return active_ != nullptr && active_->app == AppProto::kDns
               ? parsers_.get<DnsRow>().parser.message()
               : Bytes{};
}

}  // namespace sluice::app
