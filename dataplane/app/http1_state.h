// SPDX-License-Identifier: Apache-2.0
// What HTTP/1 remembers of one connection between TCP segments. Lives in AppStage's pool; the slabs
// belong to its arena. Offsets are stream offsets of the direction. One worker thread.
#pragma once

#include "dataplane/app/content_decoder.h"
#include "dataplane/app/event_views.h"
#include "dataplane/app/http1_store.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/flow/flow.h"

#include <array>
#include <cstdint>

namespace sluice::app {

enum class HalfState : std::uint8_t {
    kStart,        // before a message
    kLine,         // in its first line
    kMaybeFields,  // after a request line without protocol: HTTP/0.9, or do header fields follow?
    kFields,       // in the header block
    kLength,       // body of known length
    kUntilClose,   // body that the end of the connection ends
    kStray,        // bytes of the server outside any response: shown as body until a line starts
                   // with "HTTP/"
    kChunkSize,
    kChunkData,
    kChunkEnd,  // the line end after a chunk
    kTrailers,
    kTunnelWait,  // after CONNECT: the response decides what follows, unless that is HTTP anyway
    kLeave,       // close the message in progress, then kTunnel
    kTunnel,      // what follows is another protocol's: not read
    kAbandon,     // close the message in progress, then off
    kOff,
};

// Why the connection is another protocol's from where both directions stand.
enum class Switched : std::uint8_t {
    kNo,
    kConnect,  // a tunnel to another server
    kUpgrade,  // 101 Switching Protocols
};

// Where the search for the empty line stands. Only responses come to those from kBareLf on.
enum class LineState : std::uint8_t {
    kText,       // within a line
    kEmpty,      // at a line start
    kCr,         // behind the CR that starts a line
    kBareLf,     // at a line start, after a LF without CR: a CR here belongs to that line end
    kLfCr,       // LF CR
    kLfCrCr,     // LF CR CR
    kLfCrCrLf,   // an empty line, ended by LF CR CR LF: a CR LF behind it belongs to it
    kLastCr,     // the CR of that
    kBlank,      // behind the blank that starts a line
    kBlankLine,  // behind a line that is one blank: an empty one, unless a LF follows
    kDone,
};

// What of a body is a file to Suricata.
enum class FileKind : std::uint8_t {
    kBody,  // all of it
    kNone,  // requests other than POST and PUT
    kForm,  // parts of it: a POST in multipart
};

struct HttpHalf {
    std::uint64_t consumed = 0;     // next byte to parse
    std::uint64_t block_start = 0;  // first byte of the first line
    std::uint64_t body_start = 0;   // the first byte after the headers
    std::uint64_t body_end = 0;     // behind the last chunk, when that was seen; 0: not yet
    std::uint64_t body_total = 0;   // body bytes so far
    std::uint64_t left = 0;         // of the body, of the chunk; or bytes of trailers so far
    std::uint64_t tx_id = 0;        // of the message at hand, or of the last one
    std::uint64_t next_tx = 0;
    Slab raw = kNoSlab;  // first line and headers that arrived in earlier TCP segments
    Slab store = kNoSlab;
    Slab body = kNoSlab;  // window of a chunked or decoded body
    Slab form = kNoSlab;  // a FormData
    DecoderPool::Handle decoder = DecoderPool::kNone;
    ShownEvents events;  // of the message at hand
    std::uint32_t raw_size = 0;
    std::uint32_t body_size = 0;  // bytes in the window
    std::uint32_t line_size = 0;  // of the first line with its LF; 0: not complete
    std::uint16_t status = 0;
    HalfState state = HalfState::kStart;
    LineState line = LineState::kEmpty;
    MethodKind method = MethodKind::kOther;
    FileKind file = FileKind::kBody;
    bool file_named = false;       // the file's name was in a point
    bool chunk_digits = false;     // the chunk size has begun
    bool chunk_extension = false;  // ... and ended
    bool copied_body = false;      // body bytes go through the window
    bool line_shown = false;       // buffers of the first line were in a point
    bool headers_shown = false;
    bool announced = false;         // a point of this message was handed out
    bool understood = false;        // at least one message had a complete first line
    bool stray_unnumbered = false;  // kStray before the response that counts: takes no number
    bool stray_once = false;        // kStray that only its second line can end
    bool saw_continue = false;      // before the response that counts
    bool second_continue = false;
    bool ended =
        true;  // no message is at hand; slabs of the last one go when nobody looks any more
};

struct HttpFlow {
    static constexpr std::size_t kMaxPipelined = 64;

    struct RequestEvents {
        std::uint64_t tx_id = 0;
        AppEventSet events;
    };

    std::array<HttpHalf, 2> half;
    RequestEvents request_before;  // the one before the request at hand
    // Methods of requests not yet answered, oldest first; those beyond the ring are taken for
    // kOther.
    std::array<MethodKind, kMaxPipelined> methods{};
    std::uint32_t first_method = 0;
    std::uint32_t method_count = 0;
    std::uint64_t untracked = 0;
    std::uint32_t next_free = flow::kNoIndex;
    Switched switched = Switched::kNo;
    bool h2c = false;        // the upgrade is to HTTP/2
    std::uint8_t depth = 0;  // protocols around this HTTP

    void push_method(MethodKind m) {
        if (untracked != 0 || method_count == kMaxPipelined) {
            ++untracked;
            return;
        }
        methods[(first_method + method_count) % kMaxPipelined] = m;
        ++method_count;
    }

    // kOther for a response that answers nothing.
    MethodKind front_method() const {
        return method_count == 0 ? MethodKind::kOther : methods[first_method];
    }

    bool awaits_response() const { return method_count != 0 || untracked != 0; }

    void pop_method() {
        if (method_count != 0) {
            first_method = (first_method + 1) % kMaxPipelined;
            --method_count;
        } else if (untracked != 0) {
            --untracked;
        }
    }
};

}  // namespace sluice::app
