// SPDX-License-Identifier: Apache-2.0
// MappedCapture: a classic little-endian Ethernet pcap file, mapped privately (writes stay in
// memory), from which packets are lent without copying. Trusts nothing in the file: every record is
// compared with what is left. The file must not be cut short by others meanwhile (the kernel would
// send SIGBUS). Offsets in bytes from the start of the file. One thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "dataplane/base/time.h"

#include <memory>
#include <string>

namespace sluice::io {

// Same bound as libpcap's: no link hands over more in one piece.
inline constexpr std::uint32_t kMaxRecord = 262'144;

struct CaptureRecord {
    MutableBytes bytes;             // valid while the capture lives
    std::uint32_t wire_length = 0;  // before the capture cut it
    Nanos wall;
};

class MappedCapture {
  public:
    // Null when the file is of another form (pcapng, big-endian, other link layer, not a regular
    // file): read it otherwise.
    static std::unique_ptr<MappedCapture> try_open(const std::string& path);

    MappedCapture(const MappedCapture&) = delete;
    MappedCapture& operator=(const MappedCapture&) = delete;
    ~MappedCapture();

    enum class Next : std::uint8_t { kRecord, kEnd, kDamaged };

    Next next(CaptureRecord& record);

    // What is wrong at the record that next() called damaged.
    std::string damage() const;

  private:
    MappedCapture(std::uint8_t* data, std::size_t size, bool nanoseconds)
        : data_(data), size_(size), nanoseconds_(nanoseconds) {}

    void populate_ahead();
    void prefetch_ahead();

    std::uint8_t* data_;
    std::size_t size_;
    bool nanoseconds_;
    std::size_t offset_ = 24;
    std::size_t populated_ = 0;
    std::size_t prefetched_ = 0;
};

}  // namespace sluice::io
