// SPDX-License-Identifier: Apache-2.0
// What an application parser shows to detection: named views (BufferId) over the bytes of one
// transaction, at one point of its life. The parser owns the bytes; they stay valid until the next
// call into AppStage. One worker thread.
#pragma once

#include "dataplane/base/buffer_mask.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace sluice::app {

struct BufferView {
    Bytes bytes;  // for a streaming buffer: its window, history followed by fresh bytes
    std::uint64_t offset = 0;  // offset of bytes[0] in the whole buffer (0 unless streaming)
    std::uint32_t fresh = 0;   // the last 'fresh' bytes are new at this point
    bool complete = false;     // nothing will follow; judge negations, endswith, bsize
    // Where a buffer is there several times (names of a DNS message): the others, whole. An engine
    // matches when it does over one of them.
    std::span<const Bytes> more = {};
    // Another instance may follow in this transaction, when this one is complete (the next file of
    // a form): an engine that does not match here may match there. Positions begin anew with it.
    bool again = false;
};

// One moment at which detection must look: after the request line, after the headers, after each
// piece of body, at the end.
struct InspectionPoint {
    flow::Flow* flow = nullptr;
    Direction direction = Direction::kToServer;
    std::uint64_t tx_id = 0;  // counts transactions of the flow from 0
    bool tx_start =
        false;            // first point of this transaction in this direction: drop what is pending
    bool tx_end = false;  // last point in this direction
    // Buffers with bytes (possibly zero of them) so far, readable through 'buffers'.
    BufferMask present;
    // Subset of 'present': appeared, grew or completed at this point: scan these.
    BufferMask fresh;
    // Buffers whose presence is decided; resolved and not present = absent for good.
    BufferMask resolved;
    const std::array<BufferView, kBufferCount>* buffers = nullptr;

    const BufferView& view(BufferId b) const { return (*buffers)[index_of(b)]; }

    bool has(BufferId b) const { return present.has(b); }
};

// A DNS message for events, cut to the room of an event.
struct DnsSummary {
    static constexpr std::size_t kRoom = 1024;

    std::uint64_t tx_id = 0;
    std::uint16_t size = 0;  // 0: none
    std::array<std::uint8_t, kRoom> bytes{};

    void set(std::uint64_t tx, Bytes message) {
        tx_id = tx;
        size = static_cast<std::uint16_t>(std::min(message.size(), kRoom));
        std::copy_n(message.begin(), size, bytes.begin());
    }
};

// Facts for events, kept by the parser for the current transaction; views valid like the buffers
// above.
struct HttpSummary {
    Bytes method;
    Bytes uri;  // as sent
    Bytes host;
    Bytes host_raw;  // with the port, if there was one
    Bytes user_agent;
    Bytes referer;
    Bytes protocol;
    Bytes content_type;  // of the response, like the two that follow
    Bytes location;
    std::uint64_t length = 0;  // bytes of the body so far, as sent
    std::uint16_t status = 0;
    bool response = false;  // there is one
};

// The same of a TLS handshake. Empty, 0: not known.
struct TlsSummary {
    Bytes sni;
    Bytes subject;  // of the server's certificate
    Bytes issuer;
    Bytes serial;
    Bytes fingerprint;
    Bytes ja3_hash;
    Bytes ja3_string;
    Bytes ja3s_hash;
    Bytes ja3s_string;
    Bytes ja4;
    std::uint64_t not_before = 0;  // seconds since 1970
    std::uint64_t not_after = 0;
    std::uint16_t version = 0;
};

}  // namespace sluice::app
