// SPDX-License-Identifier: Apache-2.0
// What SMTP remembers of one connection between TCP segments. Lives in AppStage's pool; the slabs
// belong to the parser's arena. Offsets are stream offsets of the direction. One worker thread.
#pragma once

#include "dataplane/app/slab_arena.h"
#include "dataplane/base/app_events.h"
#include "dataplane/flow/flow.h"

#include <array>
#include <cstdint>

namespace sluice::app {

enum class SmtpCommand : std::uint8_t { kOther, kData, kMail, kStartTls };

enum class SmtpHalfState : std::uint8_t {
    kLine,        // before a command or a reply
    kRestOfLine,  // of one that is too long
    kMail,        // a mail begins
    kData,        // in a mail that a line with a dot ends
    kChunk,       // in the bytes of a BDAT (RFC 3030)
    kEndMail,     // the mail is whole, or not wanted
    kTlsWait,     // behind STARTTLS, where no command follows: the reply decides what does
    kFinish,      // close the file at hand, then off
    kOff,
};

struct SmtpHalf {
    std::uint64_t consumed = 0;  // next byte to parse
    SmtpHalfState state = SmtpHalfState::kLine;
    bool in_line = false;  // a piece of a long line of the mail was read
};

struct SmtpFlow {
    static constexpr std::size_t kMaxPipelined = 32;

    std::array<SmtpHalf, 2> half;
    std::uint64_t chunk_left = 0;       // of a BDAT
    std::uint64_t file_size = 0;        // bytes of the file so far
    std::uint64_t untracked = 0;        // commands beyond those in the ring
    std::uint32_t files = 0;            // transactions of the client before the one at hand
    std::uint32_t oddities = 0;         // transactions of the server: events
    std::array<AppEventSet, 2> events;  // by direction, not shown yet
    std::uint32_t window_size = 0;
    Slab mail = kNoSlab;    // a MimeMessage
    Slab window = kNoSlab;  // what was decoded last
    Slab carry = kNoSlab;   // a line of the mail that one BDAT begins and another ends
    std::uint32_t carry_size = 0;
    std::uint8_t depth = 0;           // protocols around this SMTP
    std::uint64_t untracked_tls = 0;  // which of those is a STARTTLS; 0: none
    // Commands not yet answered, oldest first; those beyond the ring are taken for kOther.
    std::array<SmtpCommand, kMaxPipelined> commands{};
    std::uint8_t first_command = 0;
    std::uint8_t command_count = 0;
    bool greeted : 1 = false;
    bool early : 1 = false;  // a command came before the greeting
    bool said_hello : 1 = false;
    bool has_sender : 1 = false;   // MAIL FROM of the mail to come
    bool in_reply : 1 = false;     // of several lines
    bool last_chunk : 1 = false;   // BDAT ... LAST
    bool announced : 1 = false;    // a point of the file was handed out
    bool file_ended : 1 = false;   // and its last one, too
    bool pipelined : 1 = false;    // told of the DATA at hand
    bool tls_granted : 1 = false;  // when the client's mail at hand is closed, SMTP is over
    std::uint32_t next_free = flow::kNoIndex;

    void push(SmtpCommand c) {
        if (untracked != 0 || command_count == kMaxPipelined) {
            ++untracked;
            if (c == SmtpCommand::kStartTls && untracked_tls == 0) {
                untracked_tls = untracked;
            }
            return;
        }
        commands[(first_command + command_count) % kMaxPipelined] = c;
        ++command_count;
    }

    bool waits() const { return command_count != 0 || untracked != 0; }

    SmtpCommand front() const {
        if (command_count == 0) {
            return untracked_tls == 1 ? SmtpCommand::kStartTls : SmtpCommand::kOther;
        }
        return commands[first_command];
    }

    SmtpCommand back() const {
        return command_count == 0 || untracked != 0
                   ? SmtpCommand::kOther
                   : commands[(first_command + command_count - 1U) % kMaxPipelined];
    }

    bool waits_for(SmtpCommand what) const {
        for (std::uint32_t i = 0; i < command_count; ++i) {
            if (commands[(first_command + i) % kMaxPipelined] == what) {
                return true;
            }
        }
        return what == SmtpCommand::kStartTls && untracked_tls != 0;
    }

    void pop() {
        if (command_count != 0) {
            first_command = static_cast<std::uint8_t>((first_command + 1) % kMaxPipelined);
            --command_count;
        } else if (untracked != 0) {
            --untracked;
            untracked_tls -= untracked_tls != 0 ? 1 : 0;
        }
    }
};

}  // namespace sluice::app
