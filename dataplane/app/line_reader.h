// SPDX-License-Identifier: Apache-2.0
// Lines of protocols that talk in lines (SMTP, FTP), found in what is unread of a chunk. A line
// that is longer than kMaxLine comes in pieces, cut where the stream says and not where segments
// do. Views are the chunk's. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::app {

// As Suricata's limit; the stream window certainly keeps that many bytes.
inline constexpr std::size_t kMaxLine = 4096;

struct TextLine {
    Bytes bytes;  // with the line end
    std::size_t line_end =
        0;               // LF or CR LF at its end; 0: the line goes on, or the stream ends in it
    bool found = false;  // false: it has not come yet

    Bytes text() const { return bytes.first(bytes.size() - line_end); }
};

// 'last': nothing will follow 'in'.
inline TextLine read_line(Bytes in, bool last) {
    const Bytes reach = in.first(std::min(in.size(), kMaxLine));
    const void* lf = reach.empty() ? nullptr : std::memchr(reach.data(), '\n', reach.size());
    if (lf == nullptr) {
        return {reach, 0, reach.size() == kMaxLine || (last && !reach.empty())};
    }
    const auto at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(lf) - reach.data());
    return {reach.first(at + 1), at != 0 && reach[at - 1] == '\r' ? 2U : 1U, true};
}

}  // namespace sluice::app
