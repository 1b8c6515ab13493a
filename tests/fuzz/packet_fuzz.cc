// SPDX-License-Identifier: Apache-2.0
// Any bytes as a batch of frames through decode, then what is inside tunnels, what ICMP errors
// quote, TCP headers normalised, and every answer to each packet. Input: a byte of settings (bit 0
// verify checksums, bit 1 drop malformed, bit 2 drop what is unknown), then frames, each behind its
// length as two little-endian bytes.
#include "dataplane/base/check.h"
#include "dataplane/decode/decode_stage.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/icmp_error.h"
#include "dataplane/stream/normalizer.h"
#include "dataplane/verdict/reset_builder.h"

#include <cstdlib>
#include <memory>
#include <vector>

namespace sluice {
namespace {

void check_offsets(const packet::Packet& p) {
    SLUICE_CHECK(p.vlan_count <= 2);
    SLUICE_CHECK(p.l3_off <= p.len);
    SLUICE_CHECK(p.l4_off <= p.len);
    SLUICE_CHECK(p.payload_off <= p.len);
    SLUICE_CHECK(p.payload_len <= p.len - p.payload_off);
    SLUICE_CHECK(!(p.l4_ok && (p.dropped() || p.is_fragment || p.ip_version == 0)));
    if (p.ip_version != 0) {
        SLUICE_CHECK(p.ip_version == 4 || p.ip_version == 6);
        SLUICE_CHECK((p.depth != 0 || p.l3_off >= 14) && p.l4_off > p.l3_off &&
                     p.payload_off >= p.l4_off);
    }
    if (p.tunnel != packet::Tunnel::kNone) {
        SLUICE_CHECK(p.inner_off >= p.payload_off);
        SLUICE_CHECK(p.inner_off < p.payload_off + p.payload_len);
    }
}

void enter_tunnels(const decode::DecodeStage& stage, const packet::Packet& outermost,
                   packet::ReasonCounters& reasons) {
    packet::Packet outer = outermost;
    while (outer.tunnel != packet::Tunnel::kNone) {
        packet::Packet inner;
        if (!stage.enter(outer, inner, reasons)) {
            return;
        }
        SLUICE_CHECK(inner.depth == outer.depth + 1 && inner.data >= outer.data);
        SLUICE_CHECK(inner.data + inner.len <= outer.data + outer.len);
        check_offsets(inner);
        outer = inner;
    }
}

// What we send must be what we would let through, unless the packet it answers was let through
// unverified.
void check_answer(Bytes frame) {
    std::vector<std::uint8_t> copy(frame.begin(), frame.end());
    packet::Batch batch;
    packet::Packet& p = batch.add();
    p.data = copy.data();
    p.len = static_cast<std::uint32_t>(copy.size());
    packet::ReasonCounters reasons{};
    decode::DecodeStage(decode::DecodeConfig{}).process(batch, reasons);
    SLUICE_CHECK(p.l4_ok);
}

void check_answers(const packet::Packet& p) {
    for (const auto build : {verdict::build_reset_to_receiver, verdict::build_reset_to_sender,
                             verdict::build_unreachable}) {
        std::array<std::uint8_t, verdict::kMinReplyRoom> out{};
        const std::size_t n = build(p, out);
        SLUICE_CHECK(n <= out.size());
        if (n != 0) {
            check_answer(Bytes(out).first(n));
        }
    }
}

void check_quote(const packet::Packet& p) {
    packet::Packet quoted;
    if (flow::is_icmp_error(p) && flow::read_quote(p, quoted) == flow::Quote::kPacket) {
        SLUICE_CHECK(quoted.l4_off + 8U <= p.payload_off + p.payload_len);
        (void)flow::PacketKey(quoted).hash(1);
    }
}

// A segment, rewritten, is as good as before to the receiver, and nothing is left to rewrite.
void check_normalized(const decode::DecodeStage& stage, const packet::Packet& p) {
    if (!p.l4_ok || p.ip_proto != packet::kProtoTcp) {
        return;
    }
    std::vector<std::uint8_t> frame(p.data, p.data + p.len);
    packet::Packet q = p;
    q.data = frame.data();
    packet::ReasonCounters first{};
    constexpr std::uint8_t kNothingAgreed = 0;
    if (stream::normalize(q, {}, true, kNothingAgreed, first) != packet::Reason::none) {
        return;
    }
    packet::Batch batch;
    packet::Packet& again = batch.add();
    again.data = frame.data();
    again.len = p.len;
    packet::ReasonCounters reasons{};
    stage.process(batch, reasons);
    SLUICE_CHECK(again.l4_ok && again.payload_off == q.payload_off);
    SLUICE_CHECK(again.payload_len == q.payload_len && again.tcp.options == q.tcp.options);
    packet::ReasonCounters second{};
    SLUICE_CHECK(stream::normalize(again, {}, true, kNothingAgreed, second) ==
                 packet::Reason::none);
    SLUICE_CHECK(second == packet::ReasonCounters{});
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    Cursor in(Bytes(data, size));
    const std::uint8_t settings = in.u8();
    std::vector<std::vector<std::uint8_t>> frames;  // of exact size, so that ASan guards both ends
    packet::Batch batch;
    while (in.remaining() != 0 && !batch.full()) {
        const std::size_t wanted = in.le16();
        const Bytes bytes = in.take(wanted < in.remaining() ? wanted : in.remaining());
        frames.emplace_back(bytes.begin(), bytes.end());
        packet::Packet& p = batch.add();
        p.data = frames.back().data();
        p.len = static_cast<std::uint32_t>(frames.back().size());
    }
    packet::ReasonCounters reasons{};
    decode::DecodeConfig config{(settings & 1) != 0, (settings & 2) != 0};
    config.drop_unknown = (settings & 4) != 0;
    const decode::DecodeStage stage(config);
    stage.process(batch, reasons);
    for (const packet::Packet& p : batch) {
        check_offsets(p);
        enter_tunnels(stage, p, reasons);
        check_quote(p);
        check_normalized(stage, p);
        check_answers(p);
    }
    return 0;
}
