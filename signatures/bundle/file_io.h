// SPDX-License-Identifier: Apache-2.0
// Whole-file input with a size cap, and output that is either complete or not there. Bytes belong
// to the caller. Blocks on the disk: control side and start-up only. Any thread. Errors: kNotFound,
// kIo, kExhausted (file over the cap).
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sluice::bundle {

enum class FileGuard : std::uint8_t {
    kAny,      // any regular file
    kPrivate,  // refuse a file that group or others may read or write
};

// Only regular files: a fifo or device would block or never end.
Result<std::vector<std::uint8_t>> read_file(const std::string& path, std::size_t max_bytes,
                                            FileGuard guard = FileGuard::kAny);

// Writes PATH.XXXXXX beside the target, fsyncs it, renames it over the target and fsyncs the
// folder.
Status write_file_atomic(const std::string& path, Bytes bytes, mode_t mode = 0644);

// Creates the file; fails when it exists. Fsynced; removed again when writing fails.
Status write_file_new(const std::string& path, Bytes bytes, mode_t mode);

}  // namespace sluice::bundle
