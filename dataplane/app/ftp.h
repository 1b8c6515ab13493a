// SPDX-License-Identifier: Apache-2.0
// Ftp: commands and replies of FTP (RFC 959, 2428, 4217), as far as they tell of data connections,
// which it announces to FtpExpectations; FtpData: what such a connection carries, which is a file.
// begin() takes one stream chunk, each next() makes a point. An AUTH TLS that was granted hands
// the control connection over. Nothing is copied, work is linear in the bytes. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/ftp_expect.h"
#include "dataplane/app/ftp_state.h"
#include "dataplane/app/handover.h"
#include "dataplane/app/stream_position.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

// For parsers that keep nothing.
struct NoArena {
    static std::size_t in_use() { return 0; }
};

class Ftp {
  public:
    explicit Ftp(const AppConfig& /*config*/) {}

    // REQUIRES: chunk.flow speaks FTP and 'state' is its state. Views of earlier points end here.
    void begin(FtpFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // The next command that shows something; false when there is none left.
    bool next(InspectionPoint& point);

    static bool gave_up() { return false; }

    // After AUTH TLS.
    static Handover handover(const FtpFlow& state) {
        return {state.tls_granted &&
                    state.half[index_of(Direction::kToClient)].state == FtpHalfState::kLine,
                AppProto::kTls};
    }

    // The one of the last begin().
    const stream::StreamChunk& at_hand() const { return chunk_; }

    static bool finished(const FtpFlow& state) {
        return state.half[0].state == FtpHalfState::kOff &&
               state.half[1].state == FtpHalfState::kOff;
    }

    void release(FtpFlow& state);

    static NoArena arena() { return {}; }

    FtpExpectations& expectations() { return expectations_; }

  private:
    bool read_on();
    void command(Bytes text);
    void port(Bytes numbers, bool extended);
    void transfer(FtpTransfer what, Bytes name);
    void reply(Bytes text);
    void answer_tls(Bytes code);

    Bytes unread() const { return unread_of(chunk_, half_->consumed); }

    void count(packet::Reason reason) { packet::count(*reasons_, reason); }

    FtpExpectations expectations_;
    std::array<BufferView, kBufferCount> views_{};

    // The chunk at hand.
    FtpFlow* flow_ = nullptr;
    FtpHalf* half_ = nullptr;
    stream::StreamChunk chunk_;
    packet::ReasonCounters* reasons_ = nullptr;
    bool bounce_ = false;  // the last command is one
};

class FtpData {
  public:
    explicit FtpData(const AppConfig& /*config*/) {}

    // REQUIRES: chunk.flow is a data connection and 'state' is its state.
    void begin(FtpDataFlow& state, const stream::StreamChunk& chunk,
               packet::ReasonCounters& reasons);

    // One point a chunk: more of the file; before the first one, one of the other direction, with
    // the command alone.
    bool next(InspectionPoint& point);

    static bool gave_up() { return false; }

    static bool finished(const FtpDataFlow& state) {
        return state.half[0].ended && state.half[1].ended;
    }

    void release(FtpDataFlow& state);

    static NoArena arena() { return {}; }

  private:
    void show_command(InspectionPoint& point, Direction d);

    std::array<BufferView, kBufferCount> views_{};
    FtpDataFlow* flow_ = nullptr;  // null: the chunk was shown
    FtpTransfer transfer_ = FtpTransfer::kNone;
    const FtpFileName* name_ = nullptr;  // of the state at hand
    stream::StreamChunk chunk_;
};

}  // namespace sluice::app
