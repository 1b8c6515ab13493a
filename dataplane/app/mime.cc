// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/mime.h"

#include "dataplane/app/http1_text.h"
#include "dataplane/app/mime_text.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

// RFC 5322 section 2.1.1; Suricata adds the line end. RFC 2045 section 6.7 and 6.8.
constexpr std::size_t kLongLine = 998;
constexpr std::size_t kLongEncodedLine = 76;
constexpr std::size_t kLongFieldName = 75;

// Value of a base64 digit, or -1.
constexpr int base64_value(std::uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

MimeMessage::Line MimeMessage::line(Bytes text, std::size_t line_end, bool rest, MutableBytes out) {
    if (text.size() - line_end > kLongLine) {
        fault(kMimeLongLine);
    }
    if (state_ == State::kFields || state_ == State::kField) {
        return rest ? Line{} : field_line(text, line_end, out);
    }
    return body_line(text, line_end, rest, out);
}

MimeMessage::Line MimeMessage::field_line(Bytes text, std::size_t line_end, MutableBytes out) {
    const Bytes line = text.first(text.size() - line_end);
    if (const Bytes name = field_name(line); !name.empty()) {
        end_field();
        begin_field(name, line);
        state_ = State::kField;
        return {};
    }
    if (line.empty()) {
        end_field();
        end_fields();
        return {};
    }
    if (state_ == State::kField) {
        append_value(line);
        return {};
    }
    end_fields();  // a body without header
    state_ = State::kBody;
    return body_line(text, line_end, false, out);
}

void MimeMessage::begin_field(Bytes name, Bytes line) {
    if (name.size() > kLongFieldName) {
        fault(kMimeLongFieldName);
    }
    field_ = equals_nocase(name, "content-type")                ? Field::kType
             : equals_nocase(name, "content-disposition")       ? Field::kDisposition
             : equals_nocase(name, "content-transfer-encoding") ? Field::kEncoding
                                                                : Field::kOther;
    Bytes value = line.subspan(name.size() + 1);
    while (!value.empty() && value.front() == ' ') {
        value = value.subspan(1);
    }
    value_size_ = 0;
    append_value(value);
}

void MimeMessage::append_value(Bytes bytes) {
    const std::size_t n = std::min(bytes.size(), kMaxValue - value_size_);
    if (n < bytes.size()) {
        fault(kMimeLongFieldValue);
    }
    if (field_ != Field::kOther && n != 0) {
        std::memcpy(value_.data() + value_size_, bytes.data(), n);
    }
    value_size_ += n;
}

// The last field of a name counts.
void MimeMessage::end_field() {
    const Bytes value = Bytes(value_).first(value_size_);
    switch (field_) {
        case Field::kOther:
            break;
        case Field::kEncoding:
            encoding_ = contains_nocase(value, "base64")             ? Encoding::kBase64
                        : contains_nocase(value, "quoted-printable") ? Encoding::kQuotedPrintable
                                                                     : Encoding::kNone;
            break;
        case Field::kType:
            read_type(value);
            break;
        case Field::kDisposition:
            if (const Parameter p = find_parameter(value, "filename", name_); p.found) {
                named_ = named_by_disposition_ = true;
                name_size_ = std::min(p.size, kMaxFileName);
                if (p.size > kMaxFileName) {
                    fault(kMimeLongFileName);
                }
            }
            break;
    }
    field_ = Field::kOther;
}

void MimeMessage::read_type(Bytes field) {
    if (const Parameter p = find_parameter(field, "boundary", announced_.text); p.found) {
        if (p.size > kMaxBoundary) {
            fault(kMimeLongBoundary);
        }
        has_boundary_ = p.size != 0;
        announced_.size = static_cast<std::uint16_t>(std::min(p.size, kMaxBoundary));
    }
    if (!named_by_disposition_) {
        if (const Parameter p = find_parameter(field, "name", name_); p.found) {
            named_ = true;
            name_size_ = std::min(p.size, kMaxFileName);
            if (p.size > kMaxFileName) {
                fault(kMimeLongFileName);
            }
        }
    }
    is_message_ = contains_nocase(media_type(field), "message/");
}

// The header of a part is complete.
void MimeMessage::end_fields() {
    if (has_boundary_) {
        if (depth_ == kMaxDepth) {
            fault(kMimeTooDeep);
        } else {
            boundaries_[depth_++] = announced_;
        }
    }
    if (is_message_) {
        begin_part();
        return;
    }
    state_ = State::kBodyBegins;
    in_file_ = named_;
    if (named_) {
        file_name_ = name_;
        file_name_size_ = name_size_;
    }
}

void MimeMessage::begin_part() {
    state_ = State::kFields;
    field_ = Field::kOther;
    encoding_ = Encoding::kNone;
    has_boundary_ = is_message_ = named_ = named_by_disposition_ = false;
    name_size_ = 0;
    bits_ = 0;
    sextets_ = 0;
}

MimeMessage::Line MimeMessage::body_line(Bytes text, std::size_t line_end, bool rest,
                                         MutableBytes out) {
    const Bytes line = text.first(text.size() - line_end);
    std::size_t level = 0;
    if (!rest && find_boundary(line, level)) {
        return at_boundary(line, level, out);
    }
    if (state_ == State::kEpilogue ||
        (state_ == State::kBodyBegins && line.empty() && encoding_ != Encoding::kNone)) {
        return {};
    }
    state_ = State::kBody;
    return {in_file_ ? decode(text, line_end, out) : 0, false};
}

// Of those at hand, the innermost first: one that a part's end is missing for ends it, too.
bool MimeMessage::find_boundary(Bytes text, std::size_t& level) const {
    if (text.size() < 2 || text[0] != '-' || text[1] != '-') {
        return false;
    }
    const Bytes after = text.subspan(2);
    for (std::size_t i = depth_; i-- > 0;) {
        const Boundary& b = boundaries_[i];
        if (after.size() >= b.size &&
            std::equal(b.text.begin(), b.text.begin() + b.size, after.begin())) {
            level = i;
            return true;
        }
    }
    return false;
}

MimeMessage::Line MimeMessage::at_boundary(Bytes text, std::size_t level, MutableBytes out) {
    const Line last = end(out);
    const Bytes after = text.subspan(2 + boundaries_[level].size);
    begin_part();
    if (after.size() >= 2 && after[0] == '-' && after[1] == '-') {
        depth_ = level;
        state_ = State::kEpilogue;
    } else {
        depth_ = level + 1;
    }
    return last;
}

MimeMessage::Line MimeMessage::end(MutableBytes out) {
    const Line last = {in_file_ ? base64_rest(out) : 0, in_file_};
    in_file_ = false;
    return last;
}

std::size_t MimeMessage::decode(Bytes text, std::size_t line_end, MutableBytes out) {
    const Bytes line = text.first(text.size() - line_end);
    if (encoding_ != Encoding::kNone && line.size() > kLongEncodedLine) {
        fault(kMimeLongEncodedLine);
    }
    switch (encoding_) {
        case Encoding::kNone:
            break;
        case Encoding::kBase64:
            return base64(line, out);
        case Encoding::kQuotedPrintable:
            return quoted_printable(line, line_end != 0, out);
    }
    std::copy(text.begin(), text.end(), out.begin());
    return text.size();
}

// What is no digit is passed over (RFC 2045 section 6.8).
std::size_t MimeMessage::base64(Bytes text, MutableBytes out) {
    std::size_t made = 0;
    for (const std::uint8_t c : text) {
        const int v = base64_value(c);
        if (v < 0) {
            if (c == '=') {
                made += base64_rest(out.subspan(made));
            }
            continue;
        }
        bits_ = (bits_ << 6U) | static_cast<std::uint32_t>(v);
        if (++sextets_ == 4) {
            out[made++] = static_cast<std::uint8_t>(bits_ >> 16U);
            out[made++] = static_cast<std::uint8_t>(bits_ >> 8U);
            out[made++] = static_cast<std::uint8_t>(bits_);
            sextets_ = 0;
        }
    }
    return made;
}

// The whole bytes of a group that ends early.
std::size_t MimeMessage::base64_rest(MutableBytes out) {
    std::size_t made = 0;
    if (sextets_ >= 2) {
        const std::uint32_t aligned = bits_ << (6U * (4U - sextets_));
        out[made++] = static_cast<std::uint8_t>(aligned >> 16U);
        if (sextets_ == 3) {
            out[made++] = static_cast<std::uint8_t>(aligned >> 8U);
        }
    }
    sextets_ = 0;
    return made;
}

std::size_t MimeMessage::quoted_printable(Bytes text, bool ended, MutableBytes out) {
    std::size_t made = 0;
    bool soft = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        soft = false;
        if (text[i] != '=') {
            out[made++] = text[i];
            continue;
        }
        if (i + 1 == text.size()) {
            soft = true;
            break;
        }
        const int high = hex_value(text[i + 1]);
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            fault(kMimeInvalidQp);
            continue;
        }
        out[made++] = static_cast<std::uint8_t>(high * 16 + low);
        i += 2;
    }
    if (ended && !soft && !text.empty()) {
        out[made++] = '\r';
        out[made++] = '\n';
    }
    return made;
}

std::size_t MimeMessage::undecided(Bytes piece) const {
    if (encoding_ != Encoding::kQuotedPrintable) {
        return 0;
    }
    const std::size_t n = piece.size();
    return n > 1 && piece[n - 1] == '=' ? 1 : n > 2 && piece[n - 2] == '=' ? 2 : 0;
}

}  // namespace sluice::app
