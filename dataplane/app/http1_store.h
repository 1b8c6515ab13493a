// SPDX-License-Identifier: Apache-2.0
// The store of one message: a slab that holds the first line and header block as sent, the normal
// forms that rules look at, and a table of which buffer is where. Built once or twice per message
// (first line, then all) by StoreBuilder from complete bytes. Buffer contents follow
// Suricata 7.0.10 (README.md lists what was measured). One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/content_decoder.h"
#include "dataplane/app/http1_fields.h"
#include "dataplane/app/http1_text.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/base/app_events.h"
#include "dataplane/base/proto.h"

#include <array>
#include <cstdint>
#include <new>
#include <span>

namespace sluice::app {

struct Extent {
    std::uint32_t offset = 0;  // from the start of the slab
    std::uint32_t length = 0;
};

// At the start of the slab.
struct StoredMessage {
    BufferMask present;
    std::array<Extent, kHttpBufferEnd> at{};
    std::span<const Bytes> each;  // the header fields one by one, in the same slab
    Extent file_name;             // of the body, when it is a file
    bool has_file_name = false;
};

inline const StoredMessage& stored(MutableBytes slab) {
    const void* first = slab.data();
    return *std::launder(static_cast<const StoredMessage*>(first));
}

enum class BodyKind : std::uint8_t { kNone, kLength, kChunked, kUntilClose, kInvalid };

// What the parser needs from the first line and headers to go on.
struct MessageFacts {
    MethodKind method = MethodKind::kOther;
    std::uint16_t status = 0;
    bool old_protocol = false;        // request line without a protocol
    bool anomaly = false;             // resolved like libhtp, counted
    bool uri_host = false;            // the request target names a host
    bool to_h2c = false;              // names HTTP/2 as what to upgrade to
    bool bad_range = false;           // a Content-Range that says nothing
    bool has_length = false;          // Content-Length or Transfer-Encoding present
    BodyKind body = BodyKind::kNone;  // as the headers say, before the request's method and the
                                      // status overrule it
    std::int64_t length = 0;
    AppEventSet events;  // of first line and headers
    Codings codings;     // of the body
};

enum class BuildResult : std::uint8_t { kOk, kNoMemory, kLimit };

class StoreBuilder {
  public:
    explicit StoreBuilder(const AppConfig& config) : fields_(config.max_header_bytes) {}

    struct Input {
        Direction direction = Direction::kToServer;
        Bytes block;  // first line (no empty lines before it), header fields, empty line
        std::size_t line_size = 0;  // of block: the first line with its LF
        bool with_headers = false;  // false: only the first line is complete
        Bytes asked_for;            // of a response: path of the request, if it is known
    };

    // On kOk 'store' is a slab that holds the message; one that it held before is given back.
    BuildResult build(const Input& in, SlabArena& arena, Slab& store, MessageFacts& facts);

  private:
    struct Out;

    bool canonical(const Input& in) const;

    std::size_t upper_bound(const Input& in) const;
    void oddities(const Input& in, const Out& out, MessageFacts& facts) const;
    void request_line(const Input& in, Out& out, MessageFacts& facts) const;
    void status_line(const Input& in, Out& out, MessageFacts& facts) const;
    void uri_buffers(const Input& in, const RequestLine& line, Out& out) const;
    void host_buffers(Out& out) const;
    static void name_file(Bytes disposition, Out& out);
    void header_buffers(const Input& in, Out& out) const;
    void start_and_header(const Input& in, Out& out) const;
    void header_without_cookies(const Input& in, Out& out) const;
    void put_field(const Http1Field& f, BufferId id, Out& out) const;
    void names(const Input& in, Out& out) const;
    void body_facts(Direction direction, MessageFacts& facts) const;
    Codings codings() const;
    bool names_h2c() const;
    bool loosely_chunked() const;

    Http1Fields fields_;
};

// Buffers decided by the first line, by the headers, and by the body, for each direction.
BufferMask line_buffers(Direction d);
BufferMask header_buffers(Direction d);
BufferMask body_buffers(Direction d);
// Of a file that is the body, or in it.
BufferMask file_buffers(Direction d);

inline BufferMask all_buffers(Direction d) {
    return line_buffers(d) | header_buffers(d) | body_buffers(d) | file_buffers(d);
}

}  // namespace sluice::app
