// SPDX-License-Identifier: Apache-2.0
// StreamChunk: what dataplane/stream hands on after it put a TCP segment in order: a contiguous
// view of one direction's byte stream that ends with bytes never inspected before. The bytes belong
// to the flow's stream window and stay valid until the next call into StreamStage. One worker
// thread. Units: bytes; offset 0 is the byte after the SYN.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"

#include <cstdint>

namespace sluice::stream {

struct StreamChunk {
    flow::Flow* flow = nullptr;
    Direction direction = Direction::kToServer;  // of the sender of these bytes
    Bytes window;                                // history followed by the fresh bytes
    std::uint32_t fresh = 0;   // the last 'fresh' bytes of window are new; 0 only with 'end'
    std::uint64_t offset = 0;  // stream offset of window[0]
    bool gap =
        false;  // bytes just before the fresh ones were never seen: state built on them is void
    bool whole_segment = false;  // the fresh bytes are the payload of the packet at hand, all of it
    bool end = false;  // no byte will follow in this direction (FIN in order, RST, timeout, end of
                       // capture)

    Bytes fresh_bytes() const { return window.last(fresh); }
};

}  // namespace sluice::stream
