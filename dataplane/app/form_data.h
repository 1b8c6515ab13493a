// SPDX-License-Identifier: Apache-2.0
// FormData: the files in a multipart body (RFC 2046 section 5.1, RFC 7578), found where they lie:
// which stretch of the body is a file's, and its name. Reads each byte once, in pieces of any size,
// copies only fields of parts' headers, takes no memory; lives in a slab of its owner. Parts whose
// Content-Disposition names no file are no files; nothing is decoded, nested multiparts are not
// opened (as in Suricata 7, and RFC 7578). A line that begins with the boundary ends a part. Units:
// bytes, offsets from the start of the body. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

class FormData {
  public:
    static constexpr std::size_t kMaxBoundary = 199;  // Suricata's limit; RFC 2046 allows 70
    static constexpr std::size_t kMaxField = 3072;    // a Content-Disposition, unfolded
    static constexpr std::size_t kMaxName = 2048;

    enum class Stop : std::uint8_t {
        kAll,       // everything was read
        kNextFile,  // another file begins: what is known of the one at hand must be shown first
        kTooLong,   // a Content-Disposition over the limits
    };

    struct File {
        bool any = false;  // there was one; the latest counts
        bool ended = false;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;   // of what is certainly the file's
        std::uint64_t seen = 0;  // 'end' as it was shown last
        bool named = false;      // its name was shown
        bool closed = false;     // and its end
    };

    // REQUIRES: usable(boundary)
    explicit FormData(Bytes boundary);

    static bool usable(Bytes boundary);

    // The next byte to be read.
    std::uint64_t position() const { return at_; }

    // 'in' is the body from position() on.
    Stop read(Bytes in);

    // Nothing follows what was read: a file without its boundary ends here.
    void end();

    const File& file() const { return file_; }

    Bytes file_name() const { return Bytes(name_).first(name_size_); }

    // A line of a part's header was none ("Name: value").
    bool invalid_header() const { return invalid_header_; }

    // The last boundary came where a file was to begin.
    bool no_file_data() const { return no_file_data_; }

    // What is known of the file was shown.
    void shown();

  private:
    enum class State : std::uint8_t {
        kBody,      // of a part, or before the first or behind the last one
        kBoundary,  // in the rest of a boundary's line
        kFields,
        kFileBegins,
        kTooLong,
    };

    static constexpr std::size_t kMidLine = kMaxBoundary + 3;

    Bytes delimiter() const { return Bytes(delimiter_).first(delimiter_size_); }

    std::size_t body(Bytes in);
    std::size_t rest_of_line(Bytes in);
    std::size_t boundary_line(Bytes in);
    std::size_t fields(Bytes in);
    void append(Bytes in);
    void end_line();
    void check_line();
    void end_field();
    void end_fields();
    void begin_part();
    void begin_file();
    void end_file(std::uint64_t end);
    std::size_t held() const;

    std::uint64_t at_ = 0;
    File file_;
    State state_ = State::kBody;
    bool in_file_ = false;
    // Of the line at hand in kBody: bytes of the delimiter that it begins with, or kMidLine; size
    // of the line end before it; whether its last byte so far is a CR.
    std::size_t matched_ = 0;
    std::size_t line_end_ = 0;
    bool cr_ = false;
    std::uint8_t dashes_ = 0;  // behind the boundary
    bool at_once_ = false;     // directly behind the header of a file's part
    bool invalid_header_ = false;
    bool no_file_data_ = false;
    // Of the header field at hand.
    bool line_done_ = false;  // unless the next line goes on with it
    bool over_ = false;       // longer than kMaxField
    bool has_name_ = false;   // the part's
    std::size_t field_size_ = 0;
    std::size_t line_begin_ = 0;  // in it, of the line at hand
    std::size_t next_name_size_ = 0;
    std::size_t name_size_ = 0;
    std::size_t delimiter_size_ = 0;
    std::array<std::uint8_t, kMaxBoundary + 2> delimiter_{};
    std::array<std::uint8_t, kMaxField> field_{};
    std::array<std::uint8_t, kMaxName> next_name_{};
    std::array<std::uint8_t, kMaxName> name_{};
};

}  // namespace sluice::app
