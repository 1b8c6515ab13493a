// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/lines.h"

#include "signatures/lang/text.h"

namespace sluice::lang {
namespace {

bool continues(std::string_view line) {
    const std::string_view s = trim_right(line);
    return !s.empty() && s.back() == '\\';
}

std::string_view without_backslash(std::string_view line) {
    std::string_view s = trim_right(line);
    s.remove_suffix(1);
    return s;
}

bool is_comment(std::string_view line) {
    const std::string_view s = trim_left(line);
    return s.empty() || s.front() == '#';
}

}  // namespace

std::string_view LineReader::take_physical() {
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    ++line_;
    return line;
}

void LineReader::join(std::string_view first) {
    joined_.assign(without_backslash(first));
    while (!rest_.empty()) {
        const std::string_view line = take_physical();
        pieces_.push_back({joined_.size(), {line_, 1}});
        if (!continues(line)) {
            joined_ += line;
            break;
        }
        joined_ += without_backslash(line);
    }
    text_ = joined_;
}

void LineReader::strip() {
    const std::size_t before = text_.size();
    text_ = trim_left(text_);
    skipped_ = before - text_.size();
    text_ = trim_right(text_);
}

bool LineReader::next() {
    while (!rest_.empty()) {
        const std::string_view line = take_physical();
        if (is_comment(line)) {
            continue;
        }
        pieces_.clear();
        pieces_.push_back({0, {line_, 1}});
        text_ = line;
        if (continues(line)) {
            join(line);
        }
        strip();
        if (!text_.empty()) {
            return true;
        }
    }
    return false;
}

Position LineReader::position(std::size_t offset) const {
    const std::size_t at = offset + skipped_;
    std::size_t i = pieces_.size();
    while (i > 1 && pieces_[i - 1].offset > at) {
        --i;
    }
    const Piece& piece = pieces_[i - 1];
    return {piece.at.line, piece.at.column + static_cast<std::uint32_t>(at - piece.offset)};
}

}  // namespace sluice::lang
