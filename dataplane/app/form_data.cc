// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/form_data.h"

#include "dataplane/app/disposition.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>

namespace sluice::app {
namespace {

constexpr std::string_view kDisposition = "content-disposition:";

bool is_disposition(Bytes field) {
    return field.size() >= kDisposition.size() &&
           equals_nocase(field.first(kDisposition.size()), kDisposition);
}

}  // namespace

bool FormData::usable(Bytes boundary) {
    return !boundary.empty() && boundary.size() <= kMaxBoundary &&
           std::none_of(boundary.begin(), boundary.end(), [](std::uint8_t c) { return c < ' '; });
}

FormData::FormData(Bytes boundary) : delimiter_size_(boundary.size() + 2) {
    delimiter_[0] = delimiter_[1] = '-';
    std::copy(boundary.begin(), boundary.end(), delimiter_.begin() + 2);
}

FormData::Stop FormData::read(Bytes in) {
    while (state_ != State::kTooLong) {
        if (state_ == State::kFileBegins) {
            if (file_.any && !file_.closed) {
                return Stop::kNextFile;
            }
            begin_file();
        }
        if (in.empty()) {
            if (in_file_) {
                file_.end = at_ - held();
            }
            return Stop::kAll;
        }
        const std::size_t n = state_ == State::kBody       ? body(in)
                              : state_ == State::kBoundary ? boundary_line(in)
                                                           : fields(in);
        at_ += n;
        in = in.subspan(n);
    }
    return Stop::kTooLong;
}

void FormData::end() {
    if (in_file_) {
        end_file(at_);
    }
}

void FormData::shown() {
    file_.seen = file_.end;
    file_.named = file_.any;
    file_.closed = file_.ended;
}

// Bytes that may belong to a boundary and the line end before it.
std::size_t FormData::held() const {
    return matched_ != kMidLine ? line_end_ + matched_ : cr_ ? 1 : 0;
}

// Up to the end of a line at most.
std::size_t FormData::body(Bytes in) {
    if (matched_ == kMidLine) {
        return rest_of_line(in);
    }
    const Bytes expected = delimiter().subspan(matched_);
    const std::size_t most = std::min(in.size(), expected.size());
    const auto differs =
        std::mismatch(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(most), expected.begin());
    const auto same = static_cast<std::size_t>(differs.first - in.begin());
    if (same < most) {
        matched_ = kMidLine;
        cr_ = false;
        return same;
    }
    matched_ += same;
    if (matched_ == delimiter_size_) {
        at_once_ = in_file_ && line_end_ == 0;
        if (in_file_) {
            end_file(at_ + same - held());
        }
        state_ = State::kBoundary;
        dashes_ = 0;
    }
    return same;
}

std::size_t FormData::rest_of_line(Bytes in) {
    const std::size_t lf = find_lf(in);
    if (lf == in.size()) {
        cr_ = in.back() == '\r';
        return lf;
    }
    const bool cr = lf == 0 ? cr_ : in[lf - 1] == '\r';
    line_end_ = cr ? 2 : 1;
    matched_ = 0;
    cr_ = false;
    return lf + 1;
}

// Two dashes directly behind it say that no part follows.
std::size_t FormData::boundary_line(Bytes in) {
    constexpr std::uint8_t kNone = 3;
    if (in[0] == '-' && dashes_ < 2) {
        if (++dashes_ == 2) {
            state_ = State::kBody;
            matched_ = kMidLine;
            cr_ = false;
            no_file_data_ = no_file_data_ || at_once_;
        }
        return 1;
    }
    dashes_ = kNone;
    const std::size_t lf = find_lf(in);
    if (lf == in.size()) {
        return lf;
    }
    begin_part();
    return lf + 1;
}

void FormData::begin_part() {
    state_ = State::kFields;
    field_size_ = line_begin_ = 0;
    line_done_ = over_ = has_name_ = false;
}

// Up to the end of a line at most.
std::size_t FormData::fields(Bytes in) {
    if (line_done_) {
        line_done_ = false;
        if (!is_lws(in[0])) {
            end_field();
            field_size_ = 0;
            over_ = false;
            if (state_ == State::kTooLong) {
                return 0;
            }
        }
        line_begin_ = field_size_;
    }
    const std::size_t lf = find_lf(in);
    if (lf == in.size()) {
        append(in);
        return lf;
    }
    append(in.first(lf));
    if (state_ != State::kTooLong) {
        end_line();
    }
    return lf + 1;
}

// Only of a Content-Disposition is it worth to have everything.
void FormData::append(Bytes in) {
    const std::size_t n = std::min(in.size(), kMaxField - field_size_);
    std::copy_n(in.begin(), n, field_.begin() + static_cast<std::ptrdiff_t>(field_size_));
    field_size_ += n;
    over_ = over_ || n < in.size();
    if (over_ && is_disposition(Bytes(field_).first(field_size_))) {
        state_ = State::kTooLong;
    }
}

void FormData::end_line() {
    if (field_size_ != 0 && field_[field_size_ - 1] == '\r') {
        --field_size_;
    }
    const Bytes field = Bytes(field_).first(field_size_);
    const Bytes mark = delimiter();
    if (field.empty()) {
        end_fields();
    } else if (field.size() >= mark.size() && std::equal(mark.begin(), mark.end(), field.begin())) {
        // A part without a body.
        const Bytes behind = field.subspan(mark.size());
        begin_part();
        if (behind.size() >= 2 && behind[0] == '-' && behind[1] == '-') {
            state_ = State::kBody;
            matched_ = kMidLine;
            cr_ = false;
        }
    } else {
        line_done_ = true;
        check_line();
    }
}

// As Suricata, which takes every line for a field of its own.
void FormData::check_line() {
    const Bytes line = Bytes(field_).first(field_size_).subspan(line_begin_);
    const auto colon = std::find(line.begin(), line.end(), std::uint8_t{':'});
    invalid_header_ = invalid_header_ || (!over_ && line.end() - colon <= 1);
}

void FormData::end_field() {
    const Bytes field = Bytes(field_).first(field_size_);
    if (!is_disposition(field)) {
        return;
    }
    const Bytes name = file_name_of(field.subspan(kDisposition.size()));
    if (name.data() == nullptr) {
        return;
    }
    if (name.size() > kMaxName) {
        state_ = State::kTooLong;
        return;
    }
    has_name_ = true;
    next_name_size_ = name.size();
    std::copy(name.begin(), name.end(), next_name_.begin());
}

void FormData::end_fields() {
    state_ = has_name_ ? State::kFileBegins : State::kBody;
    matched_ = line_end_ = 0;
    cr_ = false;
}

void FormData::begin_file() {
    file_ = File{};
    file_.any = true;
    file_.begin = file_.end = file_.seen = at_;
    name_size_ = next_name_size_;
    std::copy_n(next_name_.begin(), name_size_, name_.begin());
    in_file_ = true;
    state_ = State::kBody;
}

void FormData::end_file(std::uint64_t end) {
    file_.end = end;
    file_.ended = true;
    in_file_ = false;
}

}  // namespace sluice::app
