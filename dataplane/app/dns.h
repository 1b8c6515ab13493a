// SPDX-License-Identifier: Apache-2.0
// Dns: DNS over UDP (a datagram is a message) and over TCP (RFC 1035 section 4.2.2: two bytes of
// length before each). Every message is a transaction of its own, shown in one InspectionPoint, as
// Suricata counts them. A message that TCP segments cut is copied to a slab; others are read where
// they lie. Needs no state per UDP flow. Damage is counted, message by message; the flow stays DNS.
// One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/dns_message.h"
#include "dataplane/app/event_views.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>
#include <memory>

namespace sluice::app {

// One direction of a TCP connection.
struct DnsHalf {
    std::uint64_t consumed = 0;  // stream offset of the next byte to read
    Slab slab = kNoSlab;         // of a message that is not whole yet
    std::uint32_t size = 0;      // of that message
    std::uint32_t have = 0;      // bytes of it in the slab
    std::uint32_t skip = 0;      // bytes to pass over: of a message that found no slab
    bool lost = false;           // behind a gap: where the next message starts is not known
};

struct DnsFlow {
    std::array<DnsHalf, 2> half;
    std::uint64_t next_tx = 0;
    std::uint32_t next_free = flow::kNoIndex;
};

class Dns {
  public:
    explicit Dns(const AppConfig& config);

    // REQUIRES: chunk.flow speaks DNS and 'state' is its state. Views of earlier points end here.
    void begin(DnsFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // REQUIRES: datagram.flow speaks DNS. 'tx_id': of its message, if that can be read.
    void begin(const packet::Packet& datagram, std::uint64_t tx_id,
               packet::ReasonCounters& reasons);

    // The next message; false when there is none left.
    bool next(InspectionPoint& point);

    // A connection of DNS stays one, whatever comes.
    static bool gave_up() { return false; }

    static bool finished(const DnsFlow& /*state*/) { return false; }

    // Gives back all slabs.
    void release(DnsFlow& state);

    // The message of the last point, without the length of TCP; valid like its views.
    // Empty: it could not be read, and only its events are in the point.
    Bytes message() const { return readable_ ? message_bytes_ : Bytes{}; }

    // It is a transaction, and takes a number.
    bool readable() const { return readable_; }

    const SlabArena& arena() const { return arena_; }

  private:
    // Two bytes in network order: how a number is a buffer.
    using Number = std::array<std::uint8_t, 2>;

    // dns.cc
    bool next_datagram();
    bool next_in_stream();
    bool resynchronise();
    bool begin_message();
    bool fill_slab();

    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    // dns_emit.cc
    void read_message(InspectionPoint& point);
    void count_faults(DnsFault fault);
    AppEventSet oddities(DnsFault fault) const;
    void show_names(DnsSection section, BufferId id, InspectionPoint& point);
    void show_types(InspectionPoint& point);
    void show_number(BufferId id, std::uint16_t value, InspectionPoint& point);
    void show(BufferId id, std::size_t first_instance, InspectionPoint& point);
    Bytes stored(std::uint16_t value);

    void count(packet::Reason reason) { packet::count(*reasons_, reason); }

    SlabArena arena_;
    DnsMessage message_;
    std::array<BufferView, kBufferCount> views_{};
    EventViews event_views_;
    std::unique_ptr<Bytes[]> instances_;  // what views name, those of one buffer side by side
    std::size_t instance_count_ = 0;
    std::unique_ptr<Number[]> numbers_;
    std::size_t number_count_ = 0;

    // The chunk or datagram at hand.
    DnsFlow* state_ = nullptr;  // null: a datagram
    DnsHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    Bytes message_bytes_;
    std::uint64_t tx_id_ = 0;
    bool readable_ = false;
    bool pending_ = false;  // the datagram was not read yet
    Slab done_ = kNoSlab;   // given back when nobody looks any more
};

}  // namespace sluice::app
