// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow.h"

#include <cstring>
#include <utility>

namespace sluice::flow {

namespace {

std::uint32_t word_of(const packet::IpAddr& a) {
    std::array<std::uint64_t, 2> halves;
    static_assert(sizeof(halves) == sizeof(a.bytes));
    std::memcpy(halves.data(), a.bytes.data(), sizeof(halves));
    return address_word(halves[0], halves[1]);
}

}  // namespace

void Flow::set_key(const FlowKey& k) {
    FlowRest& r = rest();
    r.client = k.client;
    r.server = k.server;
    address_words = {word_of(k.client), word_of(k.server)};
    client_port = k.client_port;
    server_port = k.server_port;
    vlan = k.vlan;
    ip_proto = k.ip_proto;
    segment = k.segment;
    is_v6 = !k.client.is_v4() || !k.server.is_v4();
}

void Flow::count_in_totals(std::size_t d, std::uint32_t len) {
    const std::uint64_t all = bytes(d) + len;
    FlowRest& r = rest();
    r.packets[d] = packets(d) + 1;
    r.bytes_low[d] = static_cast<std::uint32_t>(all);
    r.bytes_high[d] = static_cast<std::uint16_t>(all >> 32);
    recent[d] = 0;
}

void swap_ends(Flow& f) {
    FlowRest& r = f.rest();
    std::swap(r.client, r.server);
    std::swap(f.address_words[0], f.address_words[1]);
    std::swap(f.client_port, f.server_port);
    std::swap(f.recent[0], f.recent[1]);
    std::swap(r.packets[0], r.packets[1]);
    std::swap(r.bytes_low[0], r.bytes_low[1]);
    std::swap(r.bytes_high[0], r.bytes_high[1]);
    f.seen_to_client = f.state == FlowState::kEstablished;
}

}  // namespace sluice::flow
