// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/pcap/pcap_io.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <sys/stat.h>

namespace sluice::io {

namespace {

// Two batches may be out at once (the one being judged, one handed over).
constexpr std::size_t kSlots = 2 * packet::kBatchSize;
constexpr std::size_t kSlotSize = kMaxRecord + kSyntheticHeader;

// A handle carries the length on the wire, for the output, and the slot, when there is one.
constexpr std::uint64_t make_handle(std::uint32_t wire_length, std::uint32_t slot) {
    return (static_cast<std::uint64_t>(slot) << 32) | wire_length;
}

bool same_file(const std::string& a, const std::string& b) {
    struct stat sa {};

    struct stat sb {};

    return ::stat(a.c_str(), &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

}  // namespace

void PcapIo::PcapCloser::operator()(pcap* p) const {
    ::pcap_close(p);
}

PcapIo::~PcapIo() = default;

Result<std::unique_ptr<PcapIo>> PcapIo::open(const std::string& in, const std::string& out,
                                             const PcapOptions& options) {
    std::unique_ptr<PcapIo> io(new PcapIo(in, options));
    if (Status s = io->open_input(); !s) {
        return s.error();
    }
    if (out.empty()) {
        return io;
    }
    if (same_file(in, out)) {
        return Error{
            ErrorCode::kInvalid, "output capture is the input capture", {out}, "name another file"};
    }
    auto writer = CaptureWriter::create(out);
    if (!writer) {
        return writer.error();
    }
    io->writer_ = std::move(writer).value();
    return io;
}

Status PcapIo::open_input() {
    if (!options_.force_libpcap && in_ != "-") {
        mapped_ = MappedCapture::try_open(in_);
    }
    return mapped_ != nullptr ? ok_status() : open_libpcap();
}

Status PcapIo::open_libpcap() {
    std::array<char, PCAP_ERRBUF_SIZE> message{};
    pcap_.reset(::pcap_open_offline_with_tstamp_precision(in_.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                          message.data()));
    if (pcap_ == nullptr) {
        struct stat st {};

        const bool missing = in_ != "-" && ::stat(in_.c_str(), &st) != 0;
        return Error{missing ? ErrorCode::kNotFound : ErrorCode::kInvalid,
                     std::string("cannot read capture: ") + message.data(),
                     {in_}};
    }
    const int dlt = ::pcap_datalink(pcap_.get());
    link_ = link_layer_of(dlt);
    if (link_ == LinkLayer::kUnsupported) {
        const char* name = ::pcap_datalink_val_to_name(dlt);
        return Error{ErrorCode::kUnsupported,
                     std::string("link layer ") +
                         (name != nullptr ? name : std::to_string(dlt).c_str()) +
                         " is not supported",
                     {in_},
                     "convert the capture to Ethernet, for instance with editcap or tcprewrite"};
    }
    slots_.reset(new std::uint8_t[kSlots * kSlotSize]);  // not touched before use
    free_slots_.reserve(kSlots);
    for (std::uint32_t slot = kSlots; slot != 0; --slot) {
        free_slots_.push_back(slot - 1);
    }
    return ok_status();
}

void PcapIo::end_damaged(const std::string& why) {
    ended_ = true;
    input_status_ = Error{ErrorCode::kInvalid, why, {in_}, "packets before the damage were read"};
}

void PcapIo::lend(packet::Batch& batch, MutableBytes frame, std::uint64_t handle, Nanos wall) {
    packet::Packet& packet = batch.add();
    packet.data = frame.data();
    packet.len = static_cast<std::uint32_t>(frame.size());
    packet.handle = handle;
    packet.number = ++received_;
    packet.wall = wall;
    last_wall_ = wall;
}

// One packet more; false at the end.
bool PcapIo::receive_mapped(packet::Batch& batch) {
    CaptureRecord record;
    switch (mapped_->next(record)) {
        case MappedCapture::Next::kRecord:
            truncated_ += record.wire_length > record.bytes.size() ? 1U : 0U;
            lend(batch, record.bytes, make_handle(record.wire_length, 0), record.wall);
            return true;
        case MappedCapture::Next::kEnd:
            ended_ = true;
            return false;
        case MappedCapture::Next::kDamaged:
            end_damaged(mapped_->damage());
            return false;
    }
    return false;
}

// Puts the frame into a slot as Ethernet; its new length. REQUIRES: slot of kSlotSize, frame of at
// most kMaxRecord
std::uint32_t PcapIo::copy_frame(MutableBytes slot, Bytes frame) const {
    std::size_t front = 0;
    if (link_ != LinkLayer::kEthernet) {
        const LinkPayload payload = find_payload(link_, frame);
        frame = frame.subspan(payload.offset);
        std::fill_n(slot.begin(), kSyntheticHeader, std::uint8_t{0});
        slot[12] = static_cast<std::uint8_t>(payload.ether_type >> 8);
        slot[13] = static_cast<std::uint8_t>(payload.ether_type);
        front = kSyntheticHeader;
    }
    std::copy(frame.begin(), frame.end(), slot.begin() + static_cast<std::ptrdiff_t>(front));
    return static_cast<std::uint32_t>(front + frame.size());
}

bool PcapIo::receive_copied(packet::Batch& batch) {
    if (free_slots_.empty()) {
        return false;
    }
    pcap_pkthdr* header = nullptr;
    const unsigned char* data = nullptr;
    const int got = ::pcap_next_ex(pcap_.get(), &header, &data);
    if (got != 1) {
        ended_ = true;
        if (got != PCAP_ERROR_BREAK) {
            end_damaged(std::string("damaged capture: ") + ::pcap_geterr(pcap_.get()));
        }
        return false;
    }
    if (header->caplen > kMaxRecord) {
        end_damaged("record of " + std::to_string(header->caplen) +
                    " bytes is longer than any packet");
        return false;
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    const MutableBytes room(slots_.get() + slot * kSlotSize, kSlotSize);
    const std::uint32_t length = copy_frame(room, {data, header->caplen});
    const std::uint32_t missing = header->len > header->caplen ? header->len - header->caplen : 0;
    truncated_ += missing != 0 ? 1U : 0U;
    // libpcap puts nanoseconds into tv_usec when asked for that precision.
    const Nanos wall{static_cast<std::int64_t>(header->ts.tv_sec) * 1'000'000'000 +
                     header->ts.tv_usec};
    lend(batch, room.first(length), make_handle(length + missing, slot), wall);
    return true;
}

void PcapIo::receive(packet::Batch& batch) {
    while (!batch.full() && !ended_) {
        const bool more = mapped_ != nullptr ? receive_mapped(batch) : receive_copied(batch);
        if (!more) {
            return;
        }
    }
}

void PcapIo::finalize(packet::Batch& batch) {
    for (packet::Packet& packet : batch) {
        if (writer_ != nullptr && !packet.dropped()) {
            writer_->write(packet.frame(), static_cast<std::uint32_t>(packet.handle), packet.wall);
        }
        if (mapped_ == nullptr) {
            free_slots_.push_back(static_cast<std::uint32_t>(packet.handle >> 32));
        }
    }
}

bool PcapIo::inject(PortId /*out_port*/, Bytes frame) {
    if (writer_ != nullptr && options_.write_injected) {
        writer_->write(frame, static_cast<std::uint32_t>(frame.size()), last_wall_);
        return !writer_->failed();
    }
    return true;
}

Status PcapIo::error() {
    if (!input_status_) {
        return input_status_;
    }
    return writer_ != nullptr ? writer_->flush() : ok_status();
}

}  // namespace sluice::io
