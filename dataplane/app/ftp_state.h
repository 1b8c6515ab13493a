// SPDX-License-Identifier: Apache-2.0
// What FTP remembers of a control connection, and of a data connection, between TCP segments. Lives
// in AppStage's pools. Offsets are stream offsets of the direction. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/flow/flow.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

enum class FtpTransfer : std::uint8_t { kNone, kRetrieve, kStore };

// What a client calls a file: the end of it, where it is longer than there is room.
struct FtpFileName {
    static constexpr std::size_t kRoom = 255;

    std::uint8_t size = 0;
    std::array<std::uint8_t, kRoom> text{};

    void set(Bytes name) {
        const Bytes kept = name.last(std::min(name.size(), kRoom));
        size = static_cast<std::uint8_t>(kept.size());
        std::copy(kept.begin(), kept.end(), text.begin());
    }

    Bytes bytes() const { return Bytes(text).first(size); }
};

enum class FtpHalfState : std::uint8_t {
    kLine,        // before a command or a reply
    kRestOfLine,  // of one that is too long
    kTlsWait,     // behind AUTH TLS, where no command follows: the reply decides what does
    kOff,
};

struct FtpHalf {
    std::uint64_t consumed = 0;  // next byte to parse
    FtpHalfState state = FtpHalfState::kLine;
};

struct FtpFlow {
    std::array<FtpHalf, 2> half;
    std::uint32_t bounces = 0;    // shown so far
    std::uint16_t data_port = 0;  // announced for the next transfer; 0: none
    bool active = false;          // by the client, so the server will connect
    bool tls_asked = false;
    bool tls_granted = false;  // what follows is not FTP
    std::uint8_t depth = 0;    // protocols around this FTP
    std::uint32_t next_free = flow::kNoIndex;
};

struct FtpDataFlow {
    struct Half {
        std::uint64_t size = 0;  // bytes shown
        bool announced = false;
        bool ended = false;
    };

    std::array<Half, 2> half;
    FtpTransfer transfer = FtpTransfer::kNone;
    FtpFileName name;
    std::uint32_t next_free = flow::kNoIndex;
};

}  // namespace sluice::app
