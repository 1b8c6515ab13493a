// SPDX-License-Identifier: Apache-2.0
// PcapIo: the backend of replay. Reads one capture (pcap, pcapng), lends its packets with capture
// time as 'wall' and numbers from 1, all on port 0, and writes what is forwarded to another capture
// where asked. Stages see Ethernet, whatever the capture's link layer. Common files are mapped and
// lent without a copy, others go through libpcap into slots. A damaged file ends the input; error()
// tells. Frames belong to this object until finalized. One thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/io/pcap/capture_writer.h"
#include "dataplane/io/pcap/link_layer.h"
#include "dataplane/io/pcap/mapped_capture.h"

#include <memory>
#include <string>
#include <vector>

struct pcap;

namespace sluice::io {

struct PcapOptions {
    bool write_injected =
        false;  // injected frames go to the output too, at the time of the packet before
    bool force_libpcap = false;  // never map the file; for tests, which run both ways
};

class PcapIo final : public PacketIo {
  public:
    // 'in' may be "-" for standard input; 'out' may be empty: no output.
    static Result<std::unique_ptr<PcapIo>> open(const std::string& in, const std::string& out,
                                                const PcapOptions& options = {});
    ~PcapIo() override;

    void receive(packet::Batch& batch) override;
    void finalize(packet::Batch& batch) override;
    bool inject(PortId out_port, Bytes frame) override;

    bool exhausted() const override { return ended_; }

    // Why the input ended early, or why the output is incomplete; ok while all is well. Flushes the
    // output.
    Status error();

    std::uint64_t received() const { return received_; }

    // Packets of which the capture holds only the beginning.
    std::uint64_t truncated() const { return truncated_; }

  private:
    explicit PcapIo(const std::string& in, const PcapOptions& options)
        : in_(in), options_(options) {}

    Status open_input();
    Status open_libpcap();
    bool receive_mapped(packet::Batch& batch);
    bool receive_copied(packet::Batch& batch);
    std::uint32_t copy_frame(MutableBytes slot, Bytes frame) const;
    void lend(packet::Batch& batch, MutableBytes frame, std::uint64_t handle, Nanos wall);
    void end_damaged(const std::string& why);

    struct PcapCloser {
        void operator()(pcap* p) const;
    };

    std::string in_;
    PcapOptions options_;
    std::unique_ptr<MappedCapture> mapped_;
    std::unique_ptr<pcap, PcapCloser> pcap_;
    LinkLayer link_ = LinkLayer::kEthernet;
    std::unique_ptr<std::uint8_t[]> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::unique_ptr<CaptureWriter> writer_;
    Status input_status_ = ok_status();
    Nanos last_wall_;
    std::uint64_t received_ = 0;
    std::uint64_t truncated_ = 0;
    bool ended_ = false;
};

}  // namespace sluice::io
