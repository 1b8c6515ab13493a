// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/tcp_half.h"

#include "dataplane/packet/tcp_options.h"
#include "dataplane/stream/normalizer.h"

#include <algorithm>

namespace sluice::stream {

using flow::Flow;
using flow::TcpHalf;
using packet::Packet;

namespace {

constexpr std::uint8_t kSignatures = packet::kOptMd5 | packet::kOptAo;
constexpr std::uint8_t kBothOffer = 3;

void begin_timestamps(Flow& f, const Packet& p) {
    const std::size_t d = index_of(p.direction);
    f.half[d].ts_on = p.tcp.has_timestamp;
    f.rest().ts_recent[d] = p.tcp.ts_value;
    f.rest().ts_age[d] = ts_age_of(f);
}

}  // namespace

void begin_half(Flow& f, const Packet& p, std::int8_t max_shift) {
    const std::size_t d = index_of(p.direction);
    TcpHalf& h = f.half[d];
    f.rest().isn[d] = p.tcp.seq;
    h.next = h.acked = p.tcp.seq.plus(1);
    h.window = p.tcp.window;
    h.syn_window = true;
    h.wscale = std::min(p.tcp.wscale, max_shift);
    h.seen = true;
    h.fin = h.fin_pending = h.end_sent = h.syn_unanswered = false;
    begin_timestamps(f, p);
    const auto bit = static_cast<std::uint8_t>(1U << d);
    const bool sack = (p.tcp.options & packet::kOptSackPermitted) != 0;
    f.rest().sack_offered =
        (sack ? f.rest().sack_offered | bit : f.rest().sack_offered & ~bit) & kBothOffer;
}

void adopt_half(Flow& f, const Packet& p, std::int8_t shift) {
    const std::size_t d = index_of(p.direction);
    constexpr std::int32_t kNear = 1 << 20;
    TcpHalf& h = f.half[d];
    f.rest().isn[d] = p.tcp.seq.plus(0xffffffff);  // so that offset 0 is the first byte seen
    h.next = p.tcp.seq;
    const std::int32_t acked = h.acked.distance_from(h.next);
    if (acked < -kNear || acked > kNear) {
        h.acked = h.next;
    }
    h.wscale = shift;
    h.window = p.tcp.window;
    h.syn_window = false;
    h.seen = true;
    begin_timestamps(f, p);
}

void agree_on_options(Flow& f, const Packet& answer) {
    if (f.half[0].wscale < 0 || f.half[1].wscale < 0) {
        f.half[0].wscale = f.half[1].wscale = 0;
    }
    std::uint8_t agreed = answer.tcp.options & kSignatures;
    agreed |= static_cast<std::uint8_t>(agreed << kRequiredShift);
    if (f.half[0].ts_on && f.half[1].ts_on) {
        agreed |= packet::kOptTimestamp;
    }
    if (f.rest().sack_offered == kBothOffer) {
        agreed |= packet::kOptSack;
    }
    f.tcp_options = agreed;
}

void agree_on_answer(Flow& f, const Packet& answer) {
    constexpr std::uint8_t kBoth = packet::kOptTimestamp | packet::kOptSackPermitted;
    static_assert(packet::kOptSackPermitted >> 5 == packet::kOptSack);
    agree_on_options(f, answer);
    const std::uint8_t has = answer.tcp.options & kBoth;
    f.tcp_options |= static_cast<std::uint8_t>((has & packet::kOptTimestamp) | has >> 5);
}

bool ts_recent_expired(const Flow& f, Direction d) {
    constexpr std::uint8_t kDays24 = 118;  // 24 * 86400 s / 2^44 ns
    return static_cast<std::uint8_t>(ts_age_of(f) - f.rest().ts_age[index_of(d)]) >= kDays24;
}

}  // namespace sluice::stream
