// SPDX-License-Identifier: Apache-2.0
// Http1Fields: the header fields of one block (RFC 9112 section 5), found in one pass over complete
// bytes: folding undone, white space trimmed, equal names chained. A line without a colon is a
// field without a name, as in libhtp. Names and values point into the block or into this object's
// own scratch, and are valid until the next parse(). One worker thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::app {

struct Http1Field {
    static constexpr std::uint16_t kNone = 0xffff;

    Bytes name;
    Bytes value;
    std::uint32_t hash = 0;      // of the lower-case name
    std::uint16_t next = kNone;  // next field of the same name
    std::uint16_t last = kNone;  // last of this name; set in the first one
    bool repeats = false;        // an earlier field has this name: it is joined to that one
    bool blank_before_colon = false;
    bool no_colon = false;  // the line has none; all of it is the value
};

class Http1Fields {
  public:
    static constexpr std::size_t kMaxFields = 1024;

    explicit Http1Fields(std::size_t max_block);

    // What follows the first line, up to and including the empty line; a last line without LF is
    // left out. 'bare_cr', for responses: a CR alone ends a line too, and a folded line with a
    // colon is a field, as clients take them. False: more fields than kMaxFields.
    bool parse(Bytes block, bool bare_cr);

    std::size_t size() const { return size_; }

    const Http1Field& operator[](std::size_t i) const { return fields_[i]; }

    // First field of this name, or null. 'lower' is lower-case ASCII.
    const Http1Field* find(std::string_view lower) const;

    // Every line was exactly "Name: value" CRLF and no name came twice: the block is its own normal
    // form.
    bool canonical() const { return canonical_; }

    // The first line looks like the continuation of another.
    bool first_is_folded() const { return first_is_folded_; }

  private:
    bool add_line(Bytes line, bool exact_end);
    bool fold(Bytes line);
    bool flush();
    bool add_field(Bytes line, bool exact_end);
    void chain(std::size_t index);

    std::unique_ptr<std::array<Http1Field, kMaxFields>> storage_;
    std::array<Http1Field, kMaxFields>& fields_;
    std::size_t size_ = 0;
    std::size_t scratch_size_;
    std::unique_ptr<std::uint8_t[]> scratch_;  // unfolded lines
    std::size_t scratch_used_ = 0;
    Bytes pending_;  // the line that the next one may continue
    bool has_pending_ = false;
    bool pending_exact_ = false;
    bool pending_in_scratch_ = false;
    bool canonical_ = true;
    bool bare_cr_ = false;
    bool first_is_folded_ = false;
};

}  // namespace sluice::app
