// SPDX-License-Identifier: Apache-2.0
// A stream configuration with little memory, so that tests construct many stages quickly. Any
// thread.
#pragma once

#include "dataplane/stream/stream_config.h"

namespace sluice::test {

inline stream::StreamConfig small_config() {
    stream::StreamConfig c;
    c.arena_bytes = std::size_t{4} << 20;
    c.copy_store_bytes = std::size_t{2} << 20;
    c.max_streams = 1024;
    c.max_held_segments = 4096;
    return c;
}

}  // namespace sluice::test
