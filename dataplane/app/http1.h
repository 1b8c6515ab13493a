// SPDX-License-Identifier: Apache-2.0
// Http1: incremental parser of HTTP/1.x and 0.9 (RFC 9112), both directions, as lenient as libhtp.
// begin() takes one stream chunk, each next() reads on to the end of a message or of the chunk and
// says what became visible. Never recursive, work linear in the bytes, memory from the arena only;
// what does not fit or does not parse turns the direction off. Identity bodies are not copied and
// not looked at. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/content_decoder.h"
#include "dataplane/app/event_views.h"
#include "dataplane/app/form_data.h"
#include "dataplane/app/handover.h"
#include "dataplane/app/http1_state.h"
#include "dataplane/app/http1_store.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::app {

class Http1 {
  public:
    explicit Http1(const AppConfig& config);

    // REQUIRES: chunk.flow speaks HTTP/1 and 'state' is its state. Views of earlier points end
    // here.
    void begin(HttpFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // One more point of the chunk; false when there is none left.
    bool next(InspectionPoint& point);

    // If the fresh bytes of the piece that was begun, of which none was read yet, are all body as
    // sent: how far into the stream that body began.
    std::optional<std::uint64_t> plain_body() const;

    // The chunk ended HTTP on this flow as a whole: it never was HTTP, or there was no memory for
    // it.
    bool gave_up() const { return gave_up_; }

    // Nothing more of the connection will be read.
    static bool finished(const HttpFlow& state) {
        return state.half[0].state == HalfState::kOff && state.half[1].state == HalfState::kOff;
    }

    // After a granted CONNECT, or an upgrade.
    static Handover handover(const HttpFlow& state);

    // What follows is HTTP again. Requests inside that came before the answer stay to be answered.
    void restart(HttpFlow& state);

    // The one of the last begin().
    const stream::StreamChunk& at_hand() const { return chunk_; }

    // Gives back all slabs.
    void release(HttpFlow& state);

    HttpSummary summary(const HttpFlow& state, Direction direction) const;

    const SlabArena& arena() const { return arena_; }

    const DecoderPool& decoders() const { return decoders_; }

  private:
    // What a step of the parser leads to.
    enum class Step : std::uint8_t {
        kGoOn,      // look again
        kNeedMore,  // the chunk is used up
        kMessageEnd,
        kShow,     // the body window is full: show it before going on
        kDamaged,  // counted; message and direction end here
    };

    // http1.cc: messages
    Step step();
    Step start();
    Step before_answer();
    Step start_request(Bytes in);
    Step start_response(Bytes in);
    Step start_stray(Bytes in);
    Step first_line();
    Step maybe_fields();
    Step fields();
    Step headers_complete();
    Step request_body(const MessageFacts& facts);
    Step response_body(const MessageFacts& facts);
    Step begin_response_body(const MessageFacts& facts);
    Step switch_protocol(Switched why);
    void upgrade_to_h2c();
    Step at_end();
    Step damaged(packet::Reason reason);
    void open_message();
    bool build(Bytes block, bool with_headers);
    bool find_block_end();
    static bool line_step(LineState& line, std::uint8_t c, Direction d);
    bool ends_bare(std::size_t pos) const;

    // http1_body.cc: bodies
    Step length_body();
    Step until_close_body();
    Step stray_body();
    Step chunk_size();
    Step chunk_size_line(Bytes in);
    Step chunk_data();
    Step chunk_end();
    Step trailers();
    Step copy_body(Bytes in);
    bool make_room(std::size_t bytes);
    void start_copied_body();
    void start_decoding();
    Step copied_length_body(Bytes in);
    Step decode_body(Bytes in);
    bool decoder_owes();

    // http1_files.cc: files in bodies
    bool start_file();
    FormData& form() const;
    bool read_form(bool end);
    void note_form();
    Bytes unread_form() const;
    BufferView body_window() const;
    void show_body(InspectionPoint& point, bool end);
    void show_form(InspectionPoint& point, bool end);
    Bytes file_name(const HttpHalf& half) const;
    Bytes asked_for() const;

    // http1_emit.cc: bytes and points
    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    void take(std::uint64_t bytes) { half_->consumed += bytes; }

    Step end_of_chunk();
    bool shows_line(Step s) const;
    Bytes stored_text(const HttpHalf& half, BufferId id) const;
    bool stash();
    packet::Reason stash_failure() const;
    Bytes block();
    Bytes first_line_bytes() const;

    bool anything_new() const {
        return !new_.empty() || new_body_ != 0 || (half_->announced && half_->events.fresh());
    }

    // Of this message, or of the one in the other direction.
    void note(AppEvent of_request, AppEvent of_response) {
        half_->events.add(chunk_.direction == Direction::kToServer ? of_request : of_response);
    }

    void show_each(const StoredMessage& m, InspectionPoint& point);
    void show_events(InspectionPoint& point);
    void show_unasked(InspectionPoint& point);

    void fill(InspectionPoint& point, bool end);
    BufferView body_view(bool end) const;
    void end_message();
    void drop_message(HttpHalf& h);
    void settle(HttpFlow& state);

    void count(packet::Reason reason) { packet::count(*reasons_, reason); }

    AppConfig config_;
    SlabArena arena_;
    DecoderPool decoders_;
    StoreBuilder builder_;
    std::array<BufferView, kBufferCount> views_{};
    EventViews event_views_;

    // The chunk at hand.
    HttpFlow* flow_ = nullptr;
    HttpHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    BufferMask new_;              // line and header buffers not shown yet
    std::uint64_t new_body_ = 0;  // body bytes not shown yet
    MessageFacts facts_;
    bool gave_up_ = false;
    bool done_ = true;
    bool form_owes_ = false;  // a file of the form begins in bytes whose point was made already
    bool owed_end_ = false;   // and with its points the message ends
    bool unasked_ = false;    // a request that never came is to be shown, for its events
};

}  // namespace sluice::app
