// SPDX-License-Identifier: Apache-2.0
// StreamStage: turns the TCP segments of a flow into two ordered byte streams, each byte exactly
// once, before the segment that completed them is forwarded (design decision 4); makes sure that
// the receiver sees the same bytes (decision 5). Owns windows and copies; a chunk's bytes are valid
// until the next call. Allocates only at construction. One worker thread.
//   stream.begin(packet, now, counters);
//   while (stream.next(chunk)) { inspect(chunk); }
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/base/time.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/held_segments.h"
#include "dataplane/stream/slab_arena.h"
#include "dataplane/stream/stream_chunk.h"
#include "dataplane/stream/stream_config.h"
#include "dataplane/stream/stream_windows.h"
#include "dataplane/stream/tcp_tracker.h"

#include <array>
#include <cstdint>

namespace sluice::stream {

class StreamStage {
  public:
    explicit StreamStage(const StreamConfig& config);

    StreamStage(const StreamStage&) = delete;
    StreamStage& operator=(const StreamStage&) = delete;

    // Takes in one packet; anything but TCP with a flow is left alone. May drop it or
    // normalize its header (inline). 'counters' must live until the chunks are drained.
    void begin(packet::Packet& p, Now now, packet::ReasonCounters& counters);

    // False: begin() left nothing to do, and next() need not be called.
    bool busy() const { return work_.flow != nullptr; }

    // With the last begin() another connection began in the same flow: what was made of the streams
    // before is void.
    bool began_anew() const { return began_anew_; }

    // The next chunk of what became contiguous; false: no more. Chunks of the packet's opposite
    // direction come first (its ACK may give up a hole there). At most a few hundred per packet,
    // usually one.
    bool next(StreamChunk& out);

    // The flow ended without FIN or RST: next() then yields what is held beyond a hole (gap set)
    // and the final chunk, end set, fresh 0, of this direction, unless it had one or never had a
    // byte.
    void end_flow(flow::Flow& f, Direction d);

    // Gives back all memory of the flow.
    void release(flow::Flow& f);

    const StreamStats& stats() const { return stats_; }

  private:
    // After so many packets one way and none the other, the path is taken for asymmetric.
    static constexpr std::uint32_t kOneSidedPackets = 16;

    // What SYNs carry is kept for one connection, more than any segment of 1500 bytes holds, and
    // for all that are half-open together: this part of the arena and of the streams.
    static constexpr std::int32_t kMaxSynData = 2048;
    static constexpr std::size_t kSynDataShare = 16;

    struct Piece {
        Bytes bytes;
        bool held = false;
    };

    void apply(const TcpOutcome& outcome, packet::Packet& p);
    void take_segment(packet::Packet& p);
    void take_data(packet::Packet& p, SeqNum seq, Bytes bytes);
    bool fin_fits(packet::Packet& p, SeqNum at);
    void hold(packet::Packet& p, SeqNum seq, Bytes bytes);
    bool overlap_differs(flow::Flow& f, Direction d, SeqNum seq, Bytes bytes);
    void refuse(packet::Packet& p, packet::Reason why);
    void pass_uninspected(packet::Packet& p);
    void note_one_sided(flow::Flow& f, Direction d);
    void forget_refused_syn_data(const packet::Packet& p);
    bool admit_syn_data(packet::Packet& p, SeqNum end);
    packet::ExceptionPolicy policy_for(packet::ExceptionCause cause, const flow::Flow& f) const;
    void ignore_midstream(packet::Packet& p, bool first);
    void bypass(flow::Flow& f, packet::ExceptionCause cause);
    void reset(flow::Flow& f);
    void resync(flow::Flow& f);

    bool produce(Direction d, StreamChunk& out);
    bool pick(Direction d, Piece& out);
    bool skip_hole(Direction d);
    void trim_held(StreamState& s, SeqNum next);

    // Null: that direction has nothing in memory.
    StreamState* state_of(const flow::Flow& f, Direction d) {
        const std::uint32_t index = f.stream_state(index_of(d));
        return index == flow::kNoIndex ? nullptr : &windows_[index];
    }

    StreamState* open_state(Direction d);
    void out_of_memory(Direction d);
    void finish_fin(Direction d);
    bool produce_end(Direction d, StreamChunk& out);
    void finish();
    void close_state(flow::Flow& f, std::size_t d);

    // The work begun by begin() or end_flow() and drained by next().
    struct Work {
        flow::Flow* flow = nullptr;
        packet::Packet* packet = nullptr;
        Direction own_direction = Direction::kToServer;
        SeqNum own_seq;               // of own[0]
        Bytes own;                    // the packet's bytes that are still to be delivered
        std::array<bool, 2> drain{};  // direction may have something to deliver
        std::array<bool, 2> end{};    // direction has ended
        std::array<bool, 2>
            skip_holes{};  // deliver beyond holes although they were not acknowledged
    };

    StreamConfig config_;
    std::size_t max_syn_data_flows_;
    StreamStats stats_;
    SlabArena arena_;
    StreamWindows windows_;
    HeldSegments held_;
    TcpTracker tracker_;
    Work work_;
    bool began_anew_ = false;
    packet::ReasonCounters* counters_ = nullptr;
};

}  // namespace sluice::stream
