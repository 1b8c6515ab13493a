// SPDX-License-Identifier: Apache-2.0
// Tls: incremental parser of what is readable of TLS 1.0 to 1.3 (RFC 8446, 5246), SSL 3.0 and the
// hello of SSL 2: records, handshake messages in any fragmentation, hellos, certificates. begin()
// takes one stream chunk, each next() reads on to the next message that shows something. A message
// with several values of one kind (certificates, protocol names) makes a point of each. With the
// first record of application data behind a ServerHello, Flow::encrypted is set and nothing more is
// read. Work is linear in the bytes, memory comes from the arena. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/app/tls_hello.h"
#include "dataplane/app/tls_state.h"
#include "dataplane/app/x509.h"
#include "dataplane/base/tls_values.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>
#include <memory>

namespace sluice::app {

class Tls {
  public:
    explicit Tls(const AppConfig& config);

    // REQUIRES: chunk.flow speaks TLS and 'state' is its state. Views of earlier points end here.
    void begin(TlsFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // One more point of the chunk; false when there is none left.
    bool next(InspectionPoint& point);

    // The chunk ended TLS on this flow: it never was TLS, or there was no memory for it.
    bool gave_up() const { return gave_up_; }

    // Nothing more of the connection will be read.
    static bool finished(const TlsFlow& state) {
        return state.half[0].ended && state.half[1].ended;
    }

    // Gives back all slabs.
    void release(TlsFlow& state);

    TlsSummary summary(const TlsFlow& state) const;

    // Once: the server's certificate was read, or there will be none to read.
    static bool take_event(TlsFlow& state);

    const SlabArena& arena() const { return arena_; }

  private:
    // What a step of the parser leads to.
    enum class Step : std::uint8_t {
        kGoOn,      // look again
        kNeedMore,  // the chunk is used up
        kShow,      // something became visible
        kEnd,       // nothing more of this direction
    };

    // tls.cc: records and the bytes of messages
    Step step();
    Step start();
    Step record();
    Step body();
    Step end_of_record();
    Step handshake(Bytes piece);
    Step message_bytes(Bytes piece);
    bool begin_message();
    Step ssl2_record();
    Step damaged(packet::Reason reason);

    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    void take(std::uint64_t bytes) { half_->consumed += bytes; }

    // tls_message.cc: what messages say
    Step message(Bytes body);
    Step hello(Bytes body);
    Step certificate(Bytes body);
    bool store_hello(const TlsHello& hello);
    void note_sni(const TlsHello& hello);
    bool store_ja3(const TlsHello& hello);
    bool store_certificate(Bytes der, const X509& x);
    bool store_times(const X509& x);
    bool store_name(BufferId id, Bytes name);
    bool has(BufferId id) const;
    bool set_state(std::uint8_t bit);
    bool set_version(std::uint16_t version);
    bool store(BufferId id, Bytes bytes);
    bool store_number(BufferId id, std::uint64_t value, std::size_t bytes);

    // tls_emit.cc: points
    bool more_values() const {
        return !certs_left_.empty() || !alpn_left_.empty() || !alt_names_left_.empty();
    }

    void nothing_new() {
        fresh_ = {};
        values_shown_ = 0;
    }

    void next_values();
    void pass(BufferId id, Bytes bytes);
    void fill(InspectionPoint& point, bool end);
    bool finish(InspectionPoint& point);

    void count(packet::Reason reason) { packet::count(*reasons_, reason); }

    // Of the connection, so both sides are told.
    void note(AppEvent e) {
        flow_->events[0].add(e);
        flow_->events[1].add(e);
    }

    // Room for the longest text made of a message: names and JA3 strings. What does not fit is cut,
    // counted.
    static constexpr std::size_t kTextBytes = std::size_t{64} * 1024;
    // Points made of one message at most; values beyond are not shown, counted.
    static constexpr std::uint32_t kMaxValues = 256;

    AppConfig config_;
    SlabArena arena_;
    std::unique_ptr<std::uint8_t[]> scratch_;  // texts before they are stored
    std::array<BufferView, kBufferCount> views_{};
    EventViews event_views_;

    // The chunk at hand.
    TlsFlow* flow_ = nullptr;
    TlsHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    BufferMask fresh_;    // stored buffers that became visible with this message
    BufferMask passing_;  // those shown by 'views_' for one point only
    Bytes certs_left_;    // of the message at hand, not shown yet
    Bytes alt_names_left_;
    Bytes alpn_left_;
    std::uint32_t values_shown_ = 0;  // of the message at hand
    std::array<std::uint8_t, 48> address_text_{};
    bool gave_up_ = false;
    bool done_ = true;
};

}  // namespace sluice::app
