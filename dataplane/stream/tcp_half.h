// SPDX-License-Identifier: Apache-2.0
// How one direction of a TCP connection begins, and what both agree on; the timestamps by which old
// duplicates are told (RFC 7323 section 5). Functions over the Flow's TcpHalfs, for TcpTracker. One
// worker thread.
#pragma once

#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"

#include <cstdint>

namespace sluice::stream {

// A direction begins with its SYN. Keeps the store: the stream before it, if any, is a matter of
// resync.
void begin_half(flow::Flow& f, const packet::Packet& p, std::int8_t max_shift);

// A direction whose SYN was not seen begins with whatever comes first.
void adopt_half(flow::Flow& f, const packet::Packet& p, std::int8_t shift);

// Scaling, timestamps and SACK hold only if both SYNs offered them (RFC 7323 sections 2.2 and 3.2,
// RFC 2018 section 2); signatures if the answer has one: who has no key does not answer.
void agree_on_options(flow::Flow& f, const packet::Packet& answer);

// The same when the SYN itself was not seen: an answer has only what the SYN had.
void agree_on_answer(flow::Flow& f, const packet::Packet& answer);

// FlowRest::ts_age counts in 2^44 ns, nearly five hours: it wraps after 52 days.
inline std::uint8_t ts_age_of(const flow::Flow& f) {
    return static_cast<std::uint8_t>(f.last_seen.count >> 44);
}

// PAWS, RFC 7323 section 5.3 R1: whether ts_recent is too old to judge by (section 5.5: 24 days).
bool ts_recent_expired(const flow::Flow& f, Direction d);

}  // namespace sluice::stream
