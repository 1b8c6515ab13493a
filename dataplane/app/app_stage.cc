// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/app_stage.h"

#include "dataplane/app/detector.h"

#include <algorithm>

namespace sluice::app {

using packet::Reason;

namespace {

// Flow::app_state: the parser above, the index in its pool below.
constexpr std::uint32_t kIndexBits = 28;
constexpr std::uint32_t kMaxFlows = (std::uint32_t{1} << kIndexBits) - 1;

}  // namespace

AppStage::AppStage(const AppConfig& config)
    : http_flows_(std::min(config.http_flows, kMaxFlows)),
      dns_flows_(std::min(config.dns_flows, kMaxFlows)),
      tls_flows_(std::min(config.tls_flows, kMaxFlows)),
      ssh_flows_(std::min(config.ssh_flows, kMaxFlows)),
      http_(config),
      dns_(config),
      tls_(config),
      ssh_(config) {}

AppStage::Slot AppStage::slot_of(const flow::Flow& flow) {
    if (flow.app_state == flow::kNoIndex) {
        return {};
    }
    return {static_cast<Parser>(flow.app_state >> kIndexBits), flow.app_state & kMaxFlows};
}

void AppStage::begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    retire();
    active_ = nullptr;
    flow::Flow& flow = *chunk.flow;
    if (flow.app == AppProto::kUnknown) {
        decide(chunk, reasons);
    }
    const Slot slot = slot_of(flow);
    switch (slot.parser) {
        case Parser::kNone:
            return;
        case Parser::kHttp1:
            if (flow.app != AppProto::kHttp1) {
                return;
            }
            http_.begin(http_flows_[slot.index], chunk, reasons);
            break;
        case Parser::kTls:
            if (flow.app != AppProto::kTls) {
                return;
            }
            tls_.begin(tls_flows_[slot.index], chunk, reasons);
            break;
        case Parser::kSsh:
            if (flow.app != AppProto::kSsh) {
                return;
            }
            ssh_.begin(ssh_flows_[slot.index], chunk, reasons);
            break;
        case Parser::kDns:
            dns_.begin(dns_flows_[slot.index], chunk, reasons);
            break;
        case Parser::kDnsDatagrams:
            return;
    }
    active_ = &flow;
}

void AppStage::begin(packet::Packet& datagram, packet::ReasonCounters& reasons) {
    retire();
    active_ = nullptr;
    flow::Flow& flow = *datagram.flow;
    if (flow.app == AppProto::kUnknown) {
        flow.app = detect_datagram(datagram.payload(), datagram.src_port, datagram.dst_port);
        if (flow.app == AppProto::kUnknown &&
            flow.packets[0] + flow.packets[1] >= kDetectDatagrams) {
            flow.app = AppProto::kNone;
        }
        open(flow, reasons);
    }
    const Slot slot = slot_of(flow);
    if (slot.parser == Parser::kDnsDatagrams) {
        orient(datagram, slot.index == 0);
        dns_.begin(datagram, slot.index, reasons);
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
    bool from_client = datagram.src == flow.key.client && datagram.src_port == flow.key.client_port;
    if (header.is_response() ? first && from_client : !from_client) {
        flow::swap_ends(flow);
        from_client = !from_client;
    }
    datagram.direction = from_client ? Direction::kToServer : Direction::kToClient;
}

bool AppStage::next(InspectionPoint& point) {
    if (active_ == nullptr) {
        return false;
    }
    switch (slot_of(*active_).parser) {
        case Parser::kNone:
            return false;
        case Parser::kHttp1:
            return next_http(point);
        case Parser::kTls:
            return next_tls(point);
        case Parser::kSsh:
            return next_ssh(point);
        case Parser::kDns:
            return dns_.next(point);
        case Parser::kDnsDatagrams:
            return next_dns_datagram(point);
    }
    return false;
}

bool AppStage::next_dns_datagram(InspectionPoint& point) {
    if (!dns_.next(point)) {
        return false;
    }
    const Slot slot = slot_of(*active_);
    put(*active_, {slot.parser, (slot.index + 1) & kMaxFlows});
    return true;
}

bool AppStage::next_http(InspectionPoint& point) {
    const bool shown = http_.next(point);
    const HttpFlow& state = http_flows_[slot_of(*active_).index];
    if (http_.gave_up()) {
        active_->app = AppProto::kNone;
        retiring_ = active_;
    } else if (state.half[0].state == HalfState::kOff && state.half[1].state == HalfState::kOff) {
        retiring_ = active_;
    }
    return shown;
}

bool AppStage::next_tls(InspectionPoint& point) {
    const bool shown = tls_.next(point);
    const TlsFlow& state = tls_flows_[slot_of(*active_).index];
    if (tls_.gave_up()) {
        active_->app = AppProto::kNone;
        retiring_ = active_;
    } else if (state.half[0].ended && state.half[1].ended) {
        retiring_ = active_;
    }
    return shown;
}

bool AppStage::next_ssh(InspectionPoint& point) {
    const bool shown = ssh_.next(point);
    const SshFlow& state = ssh_flows_[slot_of(*active_).index];
    if (ssh_.gave_up()) {
        active_->app = AppProto::kNone;
        retiring_ = active_;
    } else if (state.half[0].ended && state.half[1].ended) {
        retiring_ = active_;
    }
    return shown;
}

void AppStage::decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow::Flow& flow = *chunk.flow;
    if (chunk.offset != 0 || chunk.gap) {
        flow.app = AppProto::kNone;  // the first bytes are gone
        return;
    }
    const AppProto p = detect_protocol(chunk.direction, chunk.window, flow.key.server_port);
    if (p == AppProto::kUnknown) {
        return;
    }
    if (p == AppProto::kNone && chunk.direction == Direction::kToServer &&
        chunk.window.size() < kDetectBytes) {
        return;  // an unusual first word: the server's answer may still say HTTP
    }
    flow.app = p;
    open(flow, reasons);
}

// Takes a state for the protocol that was just decided, if it has a parser.
void AppStage::open(flow::Flow& flow, packet::ReasonCounters& reasons) {
    Slot slot;
    Reason full = Reason::http_store_full;
    if (flow.app == AppProto::kHttp1) {
        slot = {Parser::kHttp1, http_flows_.take()};
    } else if (flow.app == AppProto::kTls) {
        slot = {Parser::kTls, tls_flows_.take()};
        full = Reason::tls_store_full;
    } else if (flow.app == AppProto::kSsh) {
        slot = {Parser::kSsh, ssh_flows_.take()};
        full = Reason::ssh_store_full;
    } else if (flow.app == AppProto::kDns && flow.key.ip_proto == packet::kProtoUdp) {
        slot = {Parser::kDnsDatagrams, 0};
    } else if (flow.app == AppProto::kDns) {
        slot = {Parser::kDns, dns_flows_.take()};
        full = Reason::dns_store_full;
    }
    if (slot.parser == Parser::kNone) {
        return;
    }
    if (slot.index == flow::kNoIndex) {
        packet::count(reasons, full);
        flow.app = AppProto::kNone;
        return;
    }
    put(flow, slot);
}

void AppStage::put(flow::Flow& flow, Slot slot) {
    flow.app_state = (static_cast<std::uint32_t>(slot.parser) << kIndexBits) | slot.index;
}

void AppStage::retire() {
    if (retiring_ != nullptr) {
        free_state(*retiring_);
        retiring_ = nullptr;
    }
}

void AppStage::free_state(flow::Flow& flow) {
    const Slot slot = slot_of(flow);
    switch (slot.parser) {
        case Parser::kNone:
            return;
        case Parser::kHttp1:
            http_.release(http_flows_[slot.index]);
            http_flows_.give(slot.index);
            break;
        case Parser::kTls:
            tls_.release(tls_flows_[slot.index]);
            tls_flows_.give(slot.index);
            break;
        case Parser::kSsh:
            ssh_.release(ssh_flows_[slot.index]);
            ssh_flows_.give(slot.index);
            break;
        case Parser::kDns:
            dns_.release(dns_flows_[slot.index]);
            dns_flows_.give(slot.index);
            break;
        case Parser::kDnsDatagrams:
            break;
    }
    flow.app_state = flow::kNoIndex;
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
    return slot.parser != Parser::kHttp1 ? HttpSummary{}
                                         : http_.summary(http_flows_[slot.index], direction);
}

TlsSummary AppStage::tls_summary(const flow::Flow& flow) const {
    const Slot slot = slot_of(flow);
    return slot.parser != Parser::kTls ? TlsSummary{} : tls_.summary(tls_flows_[slot.index]);
}

bool AppStage::take_tls_event(const flow::Flow& flow) {
    const Slot slot = slot_of(flow);
    return slot.parser == Parser::kTls && Tls::take_event(tls_flows_[slot.index]);
}

Bytes AppStage::dns_message() const {
    return active_ != nullptr && active_->app == AppProto::kDns ? dns_.message() : Bytes{};
}

}  // namespace sluice::app
