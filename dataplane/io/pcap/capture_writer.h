// SPDX-License-Identifier: Apache-2.0
// CaptureWriter: writes a classic pcap file, Ethernet, nanoseconds, little-endian. Copies bytes
// into its own buffer and flushes it when full and at the end; the first error of the operating
// system stands and ends all writing. One thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "dataplane/base/time.h"

#include <cstdio>
#include <memory>
#include <string>

namespace sluice::io {

class CaptureWriter {
  public:
    static Result<std::unique_ptr<CaptureWriter>> create(const std::string& path);

    CaptureWriter(const CaptureWriter&) = delete;
    CaptureWriter& operator=(const CaptureWriter&) = delete;
    ~CaptureWriter();

    // 'wire_length' is what the packet had on the wire, never less than the bytes.
    void write(Bytes frame, std::uint32_t wire_length, Nanos wall);

    // Writes out what is buffered.
    Status flush();

    bool failed() const { return failed_; }

  private:
    CaptureWriter(std::FILE* file, const std::string& path) : file_(file), path_(path) {}

    void put(Bytes bytes);
    Status status() const;

    std::FILE* file_;
    std::string path_;
    bool failed_ = false;
    int error_number_ = 0;
};

}  // namespace sluice::io
