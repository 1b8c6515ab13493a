// SPDX-License-Identifier: Apache-2.0
// Where the messages are: datagrams, and what TCP carries.
#include "dataplane/app/dns.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::size_t kLengthSize = 2;
constexpr DnsMessage::Room kRoom;
// Questions and answers once as names, once as types; opcode and rcode.
constexpr std::size_t kMaxInstances = 2 * kRoom.records + 2;
constexpr std::size_t kMaxNumbers = kRoom.records + 2;

std::size_t length_at(Bytes in) {
    Cursor c(in);
    return c.be16().host();
}

}  // namespace

Dns::Dns(const AppConfig& config)
    : arena_(config.dns_slabs),
      message_(kRoom),
      instances_(new Bytes[kMaxInstances]),
      numbers_(new Number[kMaxNumbers]) {}

void Dns::begin(DnsFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    arena_.give(done_);
    state_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    pending_ = false;
    message_bytes_ = {};
    DnsHalf& h = *half_;
    const std::uint64_t fresh = chunk.offset + chunk.window.size() - chunk.fresh;
    if (lost_bytes(chunk, h.consumed)) {
        arena_.give(h.slab);
        h.size = h.have = h.skip = 0;
        h.consumed = fresh;
        h.lost = true;
    }
}

void Dns::begin(const packet::Packet& datagram, std::uint64_t tx_id,
                packet::ReasonCounters& reasons) {
    arena_.give(done_);
    state_ = nullptr;
    half_ = nullptr;
    chunk_ = {};
    chunk_.flow = datagram.flow;
    chunk_.direction = datagram.direction;
    reasons_ = &reasons;
    message_bytes_ = datagram.payload();
    tx_id_ = tx_id;
    pending_ = !message_bytes_.empty();
}

bool Dns::next(InspectionPoint& point) {
    if (!(state_ == nullptr ? next_datagram() : next_in_stream())) {
        return false;
    }
    read_message(point);
    return true;
}

bool Dns::next_datagram() {
    const bool first = pending_;
    pending_ = false;
    return first;
}

// Finds the next whole message. False: the chunk is used up.
bool Dns::next_in_stream() {
    DnsHalf& h = *half_;
    arena_.give(done_);
    if (h.lost && !resynchronise()) {
        return false;
    }
    const std::size_t skipped = std::min<std::size_t>(h.skip, unread().size());
    h.skip -= static_cast<std::uint32_t>(skipped);
    h.consumed += skipped;
    if (h.slab != kNoSlab) {
        return fill_slab();
    }
    while (h.skip == 0 && unread().size() >= kLengthSize) {
        if (length_at(unread()) != 0) {
            return begin_message();
        }
        h.consumed += kLengthSize;
    }
    return false;
}

// Behind a gap messages go on where a segment starts with something that looks like one.
bool Dns::resynchronise() {
    const Bytes in = unread();
    DnsHeader header;
    if (in.size() >= kLengthSize + kDnsHeaderSize &&
        DnsMessage::read_header(in.subspan(kLengthSize), header) &&
        DnsMessage::plausible(header, length_at(in)) &&
        header.is_response() == (chunk_.direction == Direction::kToClient)) {
        half_->lost = false;
        return true;
    }
    half_->consumed += in.size();
    return false;
}

// A message starts here, of which at least the length has come.
bool Dns::begin_message() {
    DnsHalf& h = *half_;
    const std::size_t size = length_at(unread());
    h.consumed += kLengthSize;
    const Bytes in = unread();
    if (in.size() >= size) {
        message_bytes_ = in.first(size);
        h.consumed += size;
        tx_id_ = state_->next_tx;
        return true;
    }
    h.slab = arena_.take(size);
    if (h.slab == kNoSlab) {
        count(Reason::dns_store_full);
        h.skip = static_cast<std::uint32_t>(size - in.size());
        h.consumed += in.size();
        return false;
    }
    h.size = static_cast<std::uint32_t>(size);
    h.have = 0;
    return fill_slab();
}

bool Dns::fill_slab() {
    DnsHalf& h = *half_;
    const Bytes part = unread().first(std::min<std::size_t>(h.size - h.have, unread().size()));
    const MutableBytes slab = arena_.bytes(h.slab);
    if (!part.empty()) {
        std::memcpy(slab.data() + h.have, part.data(), part.size());
    }
    h.have += static_cast<std::uint32_t>(part.size());
    h.consumed += part.size();
    if (h.have < h.size) {
        return false;
    }
    message_bytes_ = Bytes(slab).first(h.size);
    done_ = h.slab;
    h.slab = kNoSlab;
    tx_id_ = state_->next_tx;
    return true;
}

void Dns::release(DnsFlow& state) {
    for (DnsHalf& h : state.half) {
        arena_.give(h.slab);
    }
    if (state_ == &state) {
        arena_.give(done_);
        state_ = nullptr;
        half_ = nullptr;
        pending_ = false;
        message_bytes_ = {};
    }
}

}  // namespace sluice::app
