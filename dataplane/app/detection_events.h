// SPDX-License-Identifier: Apache-2.0
// What is odd about how a connection's protocol showed itself, as Suricata's applayer_* events name
// it: counted as reasons of the packet at hand, nothing else changes. One worker thread.
#pragma once

#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

namespace sluice::app {

// The chunk has just decided chunk.flow->app: did the side speak first that does so in this
// protocol?
void check_order(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

// chunk.flow->app was decided before: do the first bytes of this direction agree? Once per
// direction, however these are cut; costs a comparison when they are over.
void check_direction(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

}  // namespace sluice::app
