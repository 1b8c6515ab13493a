// SPDX-License-Identifier: Apache-2.0
// PacketIo: the seam to the outside (design decision 1). Receive a batch, finalize each packet
// exactly once with its verdict, in any order. Backends: memory (tests), pcap (replay), dpdk
// (NICs). A backend owns every frame it lends: the bytes stay valid from receive() until
// finalize(). Virtual calls happen once per batch, never per packet. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/strong_id.h"
#include "dataplane/packet/batch.h"

namespace sluice::io {

class PacketIo {
  public:
    PacketIo() = default;
    PacketIo(const PacketIo&) = delete;
    PacketIo& operator=(const PacketIo&) = delete;
    virtual ~PacketIo() = default;

    // Fills an empty batch; leaves it empty when nothing is waiting.
    virtual void receive(packet::Batch& batch) = 0;

    // Carries out the verdict of every packet in the batch (forward to the other port of the
    // segment, or drop) and takes the frames back. A forward that the device refuses becomes a drop
    // with Reason::tx_full, set on the packet.
    virtual void finalize(packet::Batch& batch) = 0;

    // Sends a frame that we made (a RST), out of 'out_port'. The bytes are copied. False: no room,
    // counted by the caller.
    virtual bool inject(PortId out_port, Bytes frame) = 0;

    // True when no packet will ever come again (end of a capture). Never for a NIC.
    virtual bool exhausted() const = 0;
};

}  // namespace sluice::io
