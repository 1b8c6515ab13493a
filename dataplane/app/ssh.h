// SPDX-License-Identifier: Apache-2.0
// Ssh: what is readable of SSH 2 (RFC 4253): the identification line of either side and its first
// KEXINIT, of which HASSH makes a fingerprint. begin() takes one stream chunk, each next() reads on
// to what shows something. When both sides sent NEWKEYS, Flow::encrypted is set and nothing more is
// read. Memory comes from the arena, work is linear in the bytes. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/event_views.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>

namespace sluice::app {

// One direction of a connection. Offsets are stream offsets.
struct SshHalf {
    enum class State : std::uint8_t {
        kBanner,      // in the identification line
        kRestOfLine,  // of one that is too long
        kPacket,      // before a packet
        kKexinit,     // in the packet that is read
        kSkip,        // in another
        kOff,         // nothing more to see
    };

    // Where in 'store' a value lies; what is not there has length 0 and is not 'present'.
    struct Place {
        std::uint32_t offset = 0;
        std::uint32_t length = 0;
    };

    std::uint64_t consumed = 0;  // next byte to parse
    std::uint32_t left = 0;      // of the packet
    std::uint32_t have = 0;      // bytes of the KEXINIT kept
    Slab packet = kNoSlab;
    Slab store = kNoSlab;
    std::uint32_t store_size = 0;
    std::array<Place, 4> at{};  // protocol, software, hassh, its string
    std::uint8_t present = 0;   // bits of 'at'
    State state = State::kBanner;
    bool fingerprinted : 1 = false;
    bool new_keys : 1 = false;
    bool announced : 1 = false;
    bool ended : 1 = false;
};

struct SshFlow {
    std::array<SshHalf, 2> half;        // by direction of the sender
    std::array<ShownEvents, 2> events;  // of both sides, as each was shown them
    std::uint32_t next_free = flow::kNoIndex;
};

class Ssh {
  public:
    explicit Ssh(const AppConfig& config);

    // REQUIRES: chunk.flow speaks SSH and 'state' is its state. Views of earlier points end here.
    void begin(SshFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // One more point of the chunk; false when there is none left.
    bool next(InspectionPoint& point);

    // The chunk ended SSH on this flow: it never was SSH, or there was no memory for it.
    bool gave_up() const { return gave_up_; }

    // Nothing more of the connection will be read.
    static bool finished(const SshFlow& state) {
        return state.half[0].ended && state.half[1].ended;
    }

    // Gives back all slabs.
    void release(SshFlow& state);

    const SlabArena& arena() const { return arena_; }

  private:
    enum class Step : std::uint8_t { kGoOn, kNeedMore, kShow, kEnd };

    Step step();
    Step banner();
    Step rest_of_line();
    Step packet();
    Step kexinit();
    Step skip();
    Step damaged(packet::Reason reason);
    bool fingerprint(Bytes payload);
    bool store(std::size_t index, Bytes bytes);

    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    void fill(InspectionPoint& point, bool end);
    bool finish(InspectionPoint& point);

    void take(std::uint64_t bytes) { half_->consumed += bytes; }

    // Of the connection, so both sides are told.
    void note(AppEvent e) {
        flow_->events[0].add(e);
        flow_->events[1].add(e);
    }

    AppConfig config_;
    SlabArena arena_;
    std::array<BufferView, kBufferCount> views_{};
    EventViews event_views_;

    // The chunk at hand.
    SshFlow* flow_ = nullptr;
    SshHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    BufferMask fresh_;
    bool gave_up_ = false;
    bool done_ = true;
};

}  // namespace sluice::app
