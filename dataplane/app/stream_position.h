// SPDX-License-Identifier: Apache-2.0
// Where a parser stands in the stream of one direction, seen from the chunk at hand. 'consumed' is
// the stream offset of the next byte that it reads. Views are the chunk's. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/stream/stream_chunk.h"

#include <cstddef>
#include <cstdint>

namespace sluice::app {

// Bytes are missing between what was read and what the chunk brings.
inline bool lost_bytes(const stream::StreamChunk& chunk, std::uint64_t consumed) {
    return chunk.gap || chunk.offset > consumed;
}

// REQUIRES: no bytes are missing
inline Bytes unread_of(const stream::StreamChunk& chunk, std::uint64_t consumed) {
    const std::uint64_t skip = consumed - chunk.offset;
    return skip >= chunk.window.size() ? Bytes{}
                                       : chunk.window.subspan(static_cast<std::size_t>(skip));
}

}  // namespace sluice::app
