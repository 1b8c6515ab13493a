// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/http1_fields.h"

#include "dataplane/app/http1_text.h"

#include <cstring>

namespace sluice::app {
namespace {

std::uint32_t name_hash(Bytes name) {
    std::uint32_t h = 0x811c9dc5U;
    for (const std::uint8_t c : name) {
        h = (h ^ to_lower(c)) * 0x01000193U;
    }
    return h;
}

bool same_name(const Http1Field& a, const Http1Field& b) {
    if (a.hash != b.hash || a.name.size() != b.name.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.name.size(); ++i) {
        if (to_lower(a.name[i]) != to_lower(b.name[i])) {
            return false;
        }
    }
    return true;
}

bool is_folding(std::uint8_t c) {
    return is_lws(c) || c == 0;
}

std::size_t index_of_byte(Bytes s, std::uint8_t c) {
    const auto* p =
        s.empty() ? nullptr : static_cast<const std::uint8_t*>(std::memchr(s.data(), c, s.size()));
    return p == nullptr ? s.size() : static_cast<std::size_t>(p - s.data());
}

}  // namespace

Http1Fields::Http1Fields(std::size_t max_block)
    : storage_(std::make_unique<std::array<Http1Field, kMaxFields>>()),
      fields_(*storage_),
      scratch_size_(max_block),
      scratch_(new std::uint8_t[max_block]) {}

bool Http1Fields::parse(Bytes block, bool bare_cr) {
    bare_cr_ = bare_cr;
    size_ = 0;
    scratch_used_ = 0;
    has_pending_ = false;
    first_is_folded_ = false;
    canonical_ = true;
    for (std::size_t pos = 0; pos < block.size();) {
        const std::size_t length = index_of_byte(block.subspan(pos), '\n');
        if (pos + length == block.size()) {
            break;
        }
        const Bytes raw = block.subspan(pos, length + 1);
        pos += length + 1;
        Bytes line = chomp(raw);
        if (line.empty() && raw.size() <= 2) {
            break;  // the end of the block
        }
        const bool exact = raw.size() == line.size() + 2;
        if (bare_cr) {
            for (std::size_t cr = index_of_byte(line, '\r'); cr < line.size();
                 cr = index_of_byte(line, '\r')) {
                if (!add_line(line.first(cr), false)) {
                    return false;
                }
                line = line.subspan(cr + 1);
            }
        }
        if (!add_line(line, exact)) {
            return false;
        }
    }
    return flush();
}

bool Http1Fields::add_line(Bytes line, bool exact_end) {
    if (line.empty()) {
        canonical_ = false;
        return true;
    }
    if (is_folding(line.front())) {
        // As libhtp, of responses: a folded line that looks like a field is one.
        if (!bare_cr_ || !has_pending_ || index_of_byte(line, ':') == line.size() ||
            index_of_byte(pending_, ':') == pending_.size()) {
            return fold(line);
        }
        exact_end = false;
        while (!line.empty() && is_folding(line.front())) {
            line = line.subspan(1);
        }
    }
    if (!flush()) {
        return false;
    }
    pending_ = line;
    pending_exact_ = exact_end;
    pending_in_scratch_ = false;
    has_pending_ = true;
    return true;
}

bool Http1Fields::fold(Bytes line) {
    canonical_ = false;
    if (!has_pending_) {
        first_is_folded_ = true;
        while (!line.empty() && is_folding(line.front())) {
            line = line.subspan(1);
        }
        pending_ = line;
        pending_in_scratch_ = false;
        has_pending_ = true;
        return true;
    }
    const std::size_t extra = line.size() + (pending_in_scratch_ ? 0 : pending_.size());
    if (extra > scratch_size_ - scratch_used_) {
        return false;  // cannot be: unfolded lines are not longer than the block
    }
    std::uint8_t* end = scratch_.get() + scratch_used_;
    if (!pending_in_scratch_) {
        if (!pending_.empty()) {
            std::memcpy(end, pending_.data(), pending_.size());
        }
        pending_ = Bytes(end, pending_.size());
        end += pending_.size();
        pending_in_scratch_ = true;
    }
    std::memcpy(end, line.data(), line.size());
    pending_ = Bytes(pending_.data(), pending_.size() + line.size());
    scratch_used_ += extra;
    return true;
}

bool Http1Fields::flush() {
    if (!has_pending_) {
        return true;
    }
    has_pending_ = false;
    return add_field(pending_, pending_exact_);
}

bool Http1Fields::add_field(Bytes line, bool exact_end) {
    if (size_ == kMaxFields) {
        return false;
    }
    Http1Field& f = fields_[size_];
    f = Http1Field{};
    const std::size_t colon = index_of_byte(line, ':');
    const bool named = colon < line.size() && index_of_byte(line.first(colon), 0) == colon;
    if (named) {
        std::size_t name_end = colon;
        while (name_end > 0 && is_lws(line[name_end - 1])) {
            --name_end;
        }
        f.name = line.first(name_end);
        f.blank_before_colon = name_end != colon;
        f.value = line.subspan(colon + 1);
        while (!f.value.empty() && is_lws(f.value.front())) {
            f.value = f.value.subspan(1);
        }
        while (!f.value.empty() && is_lws(f.value.back())) {
            f.value = f.value.first(f.value.size() - 1);
        }
    } else {
        f.name = line.first(0);
        f.value = line;
        f.no_colon = colon == line.size();
    }
    const bool plain = named && exact_end && line.size() == f.name.size() + 2 + f.value.size() &&
                       line.size() > colon + 1 && line[f.name.size()] == ':' &&
                       line[colon + 1] == ' ';
    canonical_ = canonical_ && plain;
    f.hash = name_hash(f.name);
    chain(size_);
    ++size_;
    return true;
}

void Http1Fields::chain(std::size_t index) {
    Http1Field& f = fields_[index];
    const auto self = static_cast<std::uint16_t>(index);
    f.last = self;
    for (std::size_t i = 0; i < index; ++i) {
        if (fields_[i].hash == f.hash && !fields_[i].repeats && same_name(fields_[i], f)) {
            fields_[fields_[i].last].next = self;
            fields_[i].last = self;
            f.repeats = true;
            canonical_ = false;
            return;
        }
    }
}

const Http1Field* Http1Fields::find(std::string_view lower) const {
    for (std::size_t i = 0; i < size_; ++i) {
        if (fields_[i].name.size() == lower.size() && equals_nocase(fields_[i].name, lower)) {
            return &fields_[i];
        }
    }
    return nullptr;
}

}  // namespace sluice::app
