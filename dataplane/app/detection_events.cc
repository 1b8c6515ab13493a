// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/detection_events.h"

#include "dataplane/app/detector.h"
#include "dataplane/flow/flow.h"

namespace sluice::app {
namespace {

using packet::Reason;

// Where Suricata takes it for odd that a server speaks first: not in HTTP, where it answers what
// was not seen, nor where servers greet.
bool client_begins(AppProto app) {
    return app == AppProto::kTls;
}

bool has_sent(const flow::Flow& flow, Direction d) {
    const flow::TcpHalf& half = flow.half[index_of(d)];
    return half.seen && half.next.distance_from(flow.rest().isn[index_of(d)]) != 1;
}

}  // namespace

void check_order(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    const flow::Flow& flow = *chunk.flow;
    if (chunk.direction == Direction::kToClient && !flow.midstream && client_begins(flow.app) &&
        !has_sent(flow, Direction::kToServer)) {
        packet::count(reasons, Reason::app_wrong_direction);
    }
}

void check_direction(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    const flow::Flow& flow = *chunk.flow;
    const std::size_t before = chunk.window.size() - chunk.fresh;
    if (chunk.offset != 0 || before >= kDetectBytes || chunk.fresh == 0 || chunk.gap ||
        flow.app == AppProto::kNone) {
        return;
    }
    const std::uint16_t port = flow.server_port;
    if (before != 0 &&
        detect_protocol(chunk.direction, chunk.window.first(before), port) != AppProto::kUnknown) {
        return;  // answered then
    }
    const AppProto app = detect_protocol(chunk.direction, chunk.window, port);
    if (app == AppProto::kUnknown || app == flow.app) {
        return;
    }
    packet::count(reasons,
                  app == AppProto::kNone ? Reason::app_one_direction : Reason::app_mismatch);
}

}  // namespace sluice::app
