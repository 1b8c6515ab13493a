// SPDX-License-Identifier: Apache-2.0
// EveFile: appends lines to a file and rotates it by size: eve.json -> eve.json.1 -> ... ->
// eve.json.<keep>. Owns the descriptor and a buffer; only whole lines are ever written or lost. It
// never reports failure to the packet path: a line that cannot be written is counted, and the file
// is opened again at the next flush. One thread, except request_reopen() and the counters (any
// thread).
#pragma once

#include "dataplane/base/result.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::exporter {

struct EveFileConfig {
    std::string path;
    std::uint64_t rotate_bytes = 256ULL << 20;  // 0: never
    std::uint32_t keep = 8;                     // rotated files kept besides the current one
};

class EveFile {
  public:
    explicit EveFile(EveFileConfig config);
    EveFile(const EveFile&) = delete;
    EveFile& operator=(const EveFile&) = delete;
    ~EveFile();

    // Opens (creates) the file; an error names the path and the next step.
    Status open();

    // Takes lines that end in a newline; writes when enough have come together.
    void append(std::string_view lines);

    // Writes what waits; reopens when asked to.
    void flush();

    // After an outside tool renamed the file: the next flush opens the path anew.
    void request_reopen() { reopen_.store(true, std::memory_order_relaxed); }

    std::uint64_t bytes_written() const { return written_.load(std::memory_order_relaxed); }

    std::uint64_t lines_lost() const { return lost_.load(std::memory_order_relaxed); }

    std::uint64_t write_errors() const { return errors_.load(std::memory_order_relaxed); }

    std::uint64_t rotations() const { return rotations_.load(std::memory_order_relaxed); }

  private:
    void close_file();
    void rotate();
    void lose_buffer();
    bool write_buffer();

    EveFileConfig config_;
    std::string buffer_;
    std::uint64_t size_ = 0;  // of the open file
    int fd_ = -1;
    std::atomic<bool> reopen_{false};
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> errors_{0};
    std::atomic<std::uint64_t> rotations_{0};
};

}  // namespace sluice::exporter
