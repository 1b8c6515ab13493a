// SPDX-License-Identifier: Apache-2.0
// MimeMessage: one mail (RFC 5322, 2045 to 2047, 2231), read line by line: which lines belong to a
// file (a part with a name), and what they say when base64 or quoted-printable is undone. What is a
// file, and its bytes, is what Suricata 7 makes of the same mail; README.md has the differences.
// Lives in a slab of its owner; takes no memory, work is linear in the bytes. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

// What is odd about a mail; bits of MimeMessage::faults().
enum MimeFault : std::uint16_t {
    kMimeInvalidQp = 1U << 1U,
    kMimeLongLine = 1U << 2U,
    kMimeLongEncodedLine = 1U << 3U,
    kMimeLongFieldName = 1U << 4U,
    kMimeLongFieldValue = 1U << 5U,
    kMimeLongBoundary = 1U << 6U,
    kMimeLongFileName = 1U << 7U,
    kMimeTooDeep = 1U << 8U,  // more multiparts in each other than are followed
};

class MimeMessage {
  public:
    static constexpr std::size_t kMaxDepth = 12;
    static constexpr std::size_t kMaxBoundary = 254;
    static constexpr std::size_t kMaxValue = 2000;  // of a header field
    static constexpr std::size_t kMaxFileName = 255;

    struct Line {
        std::size_t made = 0;  // bytes written to 'out'
        bool file_ends = false;
    };

    // A line with its line end, if it has one: 'rest' says that it goes on a longer one, of which
    // an earlier piece was given. REQUIRES: out has room for the line and two bytes more.
    Line line(Bytes text, std::size_t line_end, bool rest, MutableBytes out);

    // No line follows: what is left of the file at hand.
    Line end(MutableBytes out);

    // The lines at hand belong to a file.
    bool in_file() const { return in_file_; }

    // Of the file at hand, or the last one.
    Bytes file_name() const { return Bytes(file_name_).first(file_name_size_); }

    std::uint16_t faults() const { return faults_; }

    // As many bytes at the end of a piece of a line are not worth to be given yet: the next piece
    // tells what they are.
    std::size_t undecided(Bytes piece) const;

  private:
    enum class State : std::uint8_t {
        kFields,      // before a header field
        kField,       // in one
        kBodyBegins,  // behind the empty line
        kBody,
        kEpilogue,  // behind the last part of a multipart
    };
    enum class Field : std::uint8_t { kOther, kType, kDisposition, kEncoding };
    enum class Encoding : std::uint8_t { kNone, kBase64, kQuotedPrintable };

    struct Boundary {
        std::uint16_t size = 0;
        std::array<std::uint8_t, kMaxBoundary> text{};
    };

    Line field_line(Bytes text, std::size_t line_end, MutableBytes out);
    void begin_field(Bytes name, Bytes line);
    void append_value(Bytes bytes);
    void end_field();
    void read_type(Bytes field);
    void end_fields();
    void begin_part();
    Line body_line(Bytes text, std::size_t line_end, bool rest, MutableBytes out);
    bool find_boundary(Bytes text, std::size_t& level) const;
    Line at_boundary(Bytes text, std::size_t level, MutableBytes out);
    std::size_t decode(Bytes text, std::size_t line_end, MutableBytes out);
    std::size_t base64(Bytes text, MutableBytes out);
    std::size_t base64_rest(MutableBytes out);
    std::size_t quoted_printable(Bytes text, bool ended, MutableBytes out);

    void fault(MimeFault f) { faults_ = static_cast<std::uint16_t>(faults_ | f); }

    std::array<Boundary, kMaxDepth>
        boundaries_{};  // of the multiparts at hand, the outermost first
    std::size_t depth_ = 0;
    std::array<std::uint8_t, kMaxValue> value_{};  // of the field at hand
    std::size_t value_size_ = 0;
    std::array<std::uint8_t, kMaxFileName> name_{};
    std::size_t name_size_ = 0;
    std::array<std::uint8_t, kMaxFileName> file_name_{};
    std::size_t file_name_size_ = 0;
    Boundary announced_;      // by the part's Content-Type
    std::uint32_t bits_ = 0;  // of base64
    std::uint8_t sextets_ = 0;
    std::uint16_t faults_ = 0;
    State state_ = State::kFields;
    Field field_ = Field::kOther;
    Encoding encoding_ = Encoding::kNone;
    bool has_boundary_ = false;
    bool is_message_ = false;  // a mail in the mail
    bool named_ = false;
    bool named_by_disposition_ = false;
    bool in_file_ = false;
};

}  // namespace sluice::app
