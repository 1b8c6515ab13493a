// SPDX-License-Identifier: Apache-2.0
// Smtp: commands and replies (RFC 5321, with pipelining, 3030 and 3207), and the files in mails:
// every named part is a transaction of its own that shows file.data, decoded, through a window.
// begin() takes one stream chunk, each next() reads on to what shows something. A STARTTLS that was
// granted hands the connection over. Memory comes from the arena, work is linear in the bytes. One
// worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/event_views.h"
#include "dataplane/app/handover.h"
#include "dataplane/app/line_reader.h"
#include "dataplane/app/mime.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/app/smtp_state.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>

namespace sluice::app {

class Smtp {
  public:
    explicit Smtp(const AppConfig& config);

    // REQUIRES: chunk.flow speaks SMTP and 'state' is its state. Views of earlier points end here.
    void begin(SmtpFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // One more point of the chunk; false when there is none left.
    bool next(InspectionPoint& point);

    // There was no memory for what the connection sent.
    bool gave_up() const { return gave_up_; }

    // After STARTTLS.
    static Handover handover(const SmtpFlow& state);

    // The one of the last begin().
    const stream::StreamChunk& at_hand() const { return chunk_; }

    static bool finished(const SmtpFlow& state) {
        return state.half[0].state == SmtpHalfState::kOff &&
               state.half[1].state == SmtpHalfState::kOff;
    }

    // Gives back all slabs.
    void release(SmtpFlow& state);

    const SlabArena& arena() const { return arena_; }

  private:
    // What a step of the parser leads to.
    enum class Step : std::uint8_t {
        kGoOn,      // look again
        kNeedMore,  // the chunk is used up
        kShow,      // the window is full: show it before going on
        kFileEnd,
        kEnd,  // nothing more of this direction
    };

    // smtp.cc: commands and replies
    Step step();
    Step line();
    Step rest_of_line();
    Step before_tls();
    void command(Bytes text);
    void begin_chunk(Bytes text);
    void reply(Bytes text);
    void answered(SmtpCommand what, Bytes code);
    void grant_tls(SmtpHalf& client);
    Step off();

    // smtp_mail.cc: mails and their files
    Step begin_mail(SmtpHalfState then);
    Step data();
    Step chunk();
    Step carry(Bytes piece);
    Step flush_carry();
    Step feed(Bytes bytes, std::size_t line_end);
    Step end_mail(SmtpHalfState then);

    bool has_mail() const { return flow_->mail != kNoSlab; }

    MimeMessage& mail() const;
    bool make_room(std::size_t bytes);
    MutableBytes room() const;
    Step took(MimeMessage::Line made);
    void forget_file();
    void note_faults(std::uint16_t faults);
    void show_events(InspectionPoint& point);
    bool fill_events(InspectionPoint& point);
    bool fill_events(InspectionPoint& point, Direction d);
    Step no_memory();
    void fill(InspectionPoint& point, bool end);

    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    void take(std::uint64_t bytes) { half_->consumed += bytes; }

    void count(packet::Reason reason) { packet::count(*reasons_, reason); }

    // As Suricata's, an event is seen by rules of either direction.
    void note(AppEvent e) {
        flow_->events[0].add(e);
        flow_->events[1].add(e);
    }

    // A file of which a point was shown, but not the last one, or of which bytes are to be shown.
    bool file_open() const {
        return fresh_ != 0 || (flow_->announced && !flow_->file_ended) ||
               (has_mail() && mail().in_file());
    }

    SlabArena arena_;
    std::array<BufferView, kBufferCount> views_{};
    EventViews event_views_;

    // The chunk at hand.
    SmtpFlow* flow_ = nullptr;
    SmtpHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    std::uint32_t fresh_ = 0;  // bytes of the file not shown yet
    bool gave_up_ = false;
    bool done_ = true;
};

}  // namespace sluice::app
