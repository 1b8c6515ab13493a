// SPDX-License-Identifier: Apache-2.0
// AckSource: 64-byte TCP packets (60 without the FCS) over any number of flows, made on the spot
// and from the flow's number alone, so that neither a capture nor a table of sequence numbers takes
// memory or cache from what is measured. Handshakes first, then acknowledgements in random order.
// Owns its frames; a batch's are valid until the next fill. One thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/packet/batch.h"

#include <cstdint>
#include <vector>

namespace sluice::bench {

class AckSource {
  public:
    static constexpr std::uint32_t kMaxFlows = 1U << 24;  // as many clients as 10/8 has

    // REQUIRES: 1 <= flows <= kMaxFlows
    AckSource(std::uint32_t flows, bool timestamps);

    // The next part of all handshakes, flow by flow, each with the server's first acknowledgement,
    // without which a connection's first packets cost more than all later ones; false: they are all
    // done, the batch is empty.
    bool fill_handshakes(packet::Batch& batch);

    // A full batch of acknowledgements, each of a flow and direction chosen anew.
    void fill_acks(packet::Batch& batch);

  private:
    static constexpr std::size_t kStride = 128;  // apart as far as adjacent lines are fetched
    static constexpr std::size_t kStepsOfHandshake = 4;

    void add(packet::Batch& batch, std::uint32_t flow, Direction d, std::uint8_t flags);

    std::uint32_t flows_;
    bool timestamps_;
    std::uint64_t handshake_at_ = 0;
    std::uint64_t random_ = 1;
    std::uint64_t number_ = 0;
    std::vector<std::uint8_t> frames_;
};

}  // namespace sluice::bench
