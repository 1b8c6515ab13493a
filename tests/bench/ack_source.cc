// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/ack_source.h"

#include "dataplane/base/check.h"
#include "dataplane/base/checksum.h"
#include "dataplane/base/hash.h"

#include <algorithm>

namespace sluice::bench {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4 = 20;
constexpr std::size_t kTcp = 20;
constexpr std::size_t kTimestampOption = 12;  // with two NOPs before it
constexpr std::size_t kLeastFrame = 60;

void put16(std::uint8_t* at, std::uint32_t v) {
    at[0] = static_cast<std::uint8_t>(v >> 8);
    at[1] = static_cast<std::uint8_t>(v);
}

void put32(std::uint8_t* at, std::uint32_t v) {
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
}

struct Ends {
    std::uint32_t client;
    std::uint32_t server;
    std::uint16_t client_port;
};

Ends ends_of(std::uint32_t flow) {
    return {0x0a000000U + flow, 0x5db80000U + flow % 997,
            static_cast<std::uint16_t>(20000 + flow % 40009)};
}

// Sequence number of the SYN.
std::uint32_t isn_of(std::uint32_t flow, Direction d) {
    return static_cast<std::uint32_t>(mix64(flow * 2ULL + index_of(d)));
}

void put_ip(std::uint8_t* ip, const Ends& ends, Direction d, std::size_t l4) {
    const bool up = d == Direction::kToServer;
    ip[0] = 0x45;
    put16(ip + 2, static_cast<std::uint32_t>(kIpv4 + l4));
    ip[6] = 0x40;  // do not fragment
    ip[8] = 64;
    ip[9] = packet::kProtoTcp;
    put32(ip + 12, up ? ends.client : ends.server);
    put32(ip + 16, up ? ends.server : ends.client);
    Checksum sum;
    sum.add({ip, kIpv4});
    put16(ip + 10, sum.value());
}

}  // namespace

AckSource::AckSource(std::uint32_t flows, bool timestamps)
    : flows_(flows), timestamps_(timestamps), frames_(packet::kBatchSize * kStride) {
    SLUICE_CHECK(flows >= 1 && flows <= kMaxFlows);
}

bool AckSource::fill_handshakes(packet::Batch& batch) {
    constexpr std::uint8_t kSynAck = packet::kTcpSyn | packet::kTcpAck;
    batch.clear();
    for (; !batch.full() && handshake_at_ < std::uint64_t{flows_} * kStepsOfHandshake;
         ++handshake_at_) {
        const auto flow = static_cast<std::uint32_t>(handshake_at_ / kStepsOfHandshake);
        switch (handshake_at_ % kStepsOfHandshake) {
            case 0:
                add(batch, flow, Direction::kToServer, packet::kTcpSyn);
                break;
            case 1:
                add(batch, flow, Direction::kToClient, kSynAck);
                break;
            case 2:
                add(batch, flow, Direction::kToServer, packet::kTcpAck);
                break;
            default:
                add(batch, flow, Direction::kToClient, packet::kTcpAck);
                break;
        }
    }
    return batch.size() != 0;
}

void AckSource::fill_acks(packet::Batch& batch) {
    batch.clear();
    while (!batch.full()) {
        const std::uint64_t r = mix64(++random_);
        const auto flow = static_cast<std::uint32_t>((r >> 32) % flows_);
        add(batch, flow, (r & 1) != 0 ? Direction::kToServer : Direction::kToClient,
            packet::kTcpAck);
    }
}

void AckSource::add(packet::Batch& batch, std::uint32_t flow, Direction d, std::uint8_t flags) {
    std::uint8_t* frame = frames_.data() + batch.size() * kStride;
    const std::size_t l4 = kTcp + (timestamps_ ? kTimestampOption : 0);
    const std::size_t size = std::max(kEthernet + kIpv4 + l4, kLeastFrame);
    std::fill_n(frame, size, std::uint8_t{0});
    frame[0] = frame[6] = 0x02;  // locally administered
    put16(frame + 12, 0x0800);
    const Ends ends = ends_of(flow);
    put_ip(frame + kEthernet, ends, d, l4);
    std::uint8_t* tcp = frame + kEthernet + kIpv4;
    const bool up = d == Direction::kToServer;
    const std::uint32_t after_syn = (flags & packet::kTcpSyn) != 0 ? 0 : 1;
    put16(tcp, up ? ends.client_port : 443U);
    put16(tcp + 2, up ? 443U : ends.client_port);
    put32(tcp + 4, isn_of(flow, d) + after_syn);
    put32(tcp + 8, (flags & packet::kTcpAck) != 0 ? isn_of(flow, opposite(d)) + 1 : 0);
    tcp[12] = static_cast<std::uint8_t>(l4 / 4 << 4);
    tcp[13] = flags;
    put16(tcp + 14, 65535);
    if (timestamps_) {
        put32(tcp + kTcp, 0x0101080a);
        put32(tcp + kTcp + 4, static_cast<std::uint32_t>(number_ / 1000));
    }
    Checksum sum;
    const std::uint8_t* ip = frame + kEthernet;
    sum.add_pseudo_header({ip + 12, 4}, {ip + 16, 4}, packet::kProtoTcp,
                          static_cast<std::uint32_t>(l4));
    sum.add({tcp, l4});
    put16(tcp + 16, sum.value());
    packet::Packet& p = batch.add();
    p.data = frame;
    p.len = static_cast<std::uint32_t>(size);
    p.number = ++number_;
}

}  // namespace sluice::bench
