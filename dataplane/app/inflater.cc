// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/inflater.h"

#include "dataplane/base/check.h"

#include <climits>

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

constexpr int kWindowBits = 15;
constexpr int kAnyHeader = 32;  // added: gzip or zlib
constexpr int kGzipHeader = 16;
constexpr std::array<std::uint8_t, 2> kGzipMagic = {0x1f, 0x8b};
constexpr std::size_t kGzipFixed = 10;
constexpr std::uint8_t kFlagHeaderCrc = 0x02;
constexpr std::uint8_t kFlagText = 0x08 | 0x10;  // a name or a comment, ended by NUL

}  // namespace

voidpf Inflater::allocate(voidpf self, uInt items, uInt size) {
    auto& me = *static_cast<Inflater*>(self);
    const std::size_t bytes = (std::size_t{items} * size + 15) / 16 * 16;
    if (bytes > me.memory_.size() - me.memory_used_) {
        return Z_NULL;
    }
    std::uint8_t* at = me.memory_.data() + me.memory_used_;
    me.memory_used_ += static_cast<std::uint32_t>(bytes);
    return at;
}

// start() takes everything back at once.
void Inflater::deallocate(voidpf /*self*/, voidpf /*address*/) {}

void Inflater::start() {
    z_ = z_stream{};
    z_.zalloc = allocate;
    z_.zfree = deallocate;
    z_.opaque = this;
    memory_used_ = 0;
    kept_size_ = replay_at_ = 0;
    skip_left_ = 0;
    mode_ = Mode::kInflate;
    skip_to_nul_ = raw_ = any_output_ = member_ = held_ = owes_ = false;
    keeping_ = true;
    // zlib of the build machine needs more than kMemory: caught by the first test.
    SLUICE_CHECK(inflateInit2(&z_, kWindowBits + kAnyHeader) == Z_OK);
}

// What comes next: kept bytes that are read again, then the input.
Bytes Inflater::source(Bytes in, const Step& at) const {
    if (replay_at_ < kept_size_) {
        return Bytes(kept_).subspan(replay_at_, kept_size_ - replay_at_);
    }
    return in.subspan(at.used);
}

// 'from' is the beginning of source().
void Inflater::consume(Bytes from, Step& at) {
    if (replay_at_ < kept_size_) {
        replay_at_ += static_cast<std::uint32_t>(from.size());
        return;
    }
    at.used += from.size();
    if (!keeping_ || from.empty()) {
        return;
    }
    if (from.size() > kept_.size() - kept_size_) {
        keeping_ = false;
        return;
    }
    std::memcpy(kept_.data() + kept_size_, from.data(), from.size());
    kept_size_ += static_cast<std::uint32_t>(from.size());
    replay_at_ = kept_size_;
}

Inflater::Step Inflater::run(Bytes in, MutableBytes out) {
    Step at;
    owes_ = owes_ && mode_ == Mode::kInflate;
    for (;;) {
        const Bytes from = source(in, at);
        if (from.empty() && !owes_) {
            return at;
        }
        if (at.made == out.size()) {
            owes_ = owes_ || replay_at_ < kept_size_ || held_;
            return at;
        }
        switch (mode_) {
            case Mode::kSkip:
                skip(from, at);
                break;
            case Mode::kInflate:
                inflate_some(from, out, at);
                break;
            case Mode::kTail:
                tail(from, at);
                break;
            case Mode::kDiscard:
                owes_ = false;
                consume(from, at);
                break;
            case Mode::kPass:
                pass(from, out, at);
                break;
        }
    }
}

void Inflater::skip(Bytes from, Step& at) {
    std::size_t n = std::min<std::size_t>(from.size(), skip_left_);
    skip_left_ -= static_cast<std::uint32_t>(n);
    while (skip_left_ == 0 && skip_to_nul_ && n < from.size()) {
        skip_to_nul_ = from[n++] != 0;
    }
    consume(from.first(n), at);
    if (skip_left_ == 0 && !skip_to_nul_) {
        mode_ = Mode::kInflate;
    }
}

void Inflater::inflate_some(Bytes from, MutableBytes out, Step& at) {
    const std::size_t room = std::min<std::size_t>(out.size() - at.made, UINT_MAX);
    const Bytes in = from.first(std::min<std::size_t>(from.size(), UINT_MAX));
    z_.next_in = const_cast<std::uint8_t*>(in.data());  // zlib's type; it does not write there
    z_.avail_in = static_cast<uInt>(in.size());
    z_.next_out = out.data() + at.made;
    z_.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&z_, Z_NO_FLUSH);
    const std::size_t made = room - z_.avail_out;
    at.made += made;
    any_output_ = any_output_ || made != 0;
    keeping_ = keeping_ && !any_output_;
    owes_ = z_.avail_out == 0;
    consume(in.first(in.size() - z_.avail_in), at);
    if (result == Z_STREAM_END) {
        owes_ = false;
        mode_ = Mode::kTail;
    } else if (result == Z_BUF_ERROR && in.empty()) {
        owes_ = false;  // it had no more to give
    } else if (result != Z_OK) {
        failed();
    }
}

// Nothing came out yet: perhaps raw deflate, perhaps behind a gzip header with flags that zlib
// refuses; then, not compressed at all. Bytes that came out before are true; the rest is shown as
// sent.
void Inflater::failed() {
    owes_ = false;
    if (!keeping_) {
        mode_ = Mode::kPass;
        return;
    }
    replay_at_ = 0;
    if (raw_ || inflateReset2(&z_, -kWindowBits) != Z_OK) {
        mode_ = Mode::kPass;
        keeping_ = false;
        return;
    }
    raw_ = true;
    mode_ = Mode::kInflate;
    plan_skip();
}

void Inflater::plan_skip() {
    if (kept_size_ < 4 || kept_[0] != kGzipMagic[0] || kept_[1] != kGzipMagic[1] || kept_[3] == 0) {
        return;
    }
    const std::uint8_t flags = kept_[3];
    skip_to_nul_ = (flags & kFlagText) != 0;
    skip_left_ = !skip_to_nul_ && (flags & kFlagHeaderCrc) != 0 ? kGzipFixed + 2 : kGzipFixed;
    mode_ = Mode::kSkip;
}

void Inflater::tail(Bytes from, Step& at) {
    if (from.front() == kGzipMagic[member_ ? 1 : 0]) {
        consume(from.first(1), at);
        if (!member_) {
            member_ = true;
            return;
        }
        member_ = false;
        mode_ = Mode::kInflate;
        if (inflateReset2(&z_, kWindowBits + kGzipHeader) != Z_OK) {
            mode_ = Mode::kDiscard;
            return;
        }
        keeping_ = false;
        std::array<std::uint8_t, 2> magic = kGzipMagic;
        std::uint8_t nowhere = 0;
        z_.next_in = magic.data();
        z_.avail_in = static_cast<uInt>(magic.size());
        z_.next_out = &nowhere;
        z_.avail_out = 0;
        (void)::inflate(&z_, Z_NO_FLUSH);
        return;
    }
    // Clients ignore what follows. But an end that nothing came before hides nothing.
    keeping_ = false;
    held_ = member_ && !any_output_;
    mode_ = any_output_ ? Mode::kDiscard : Mode::kPass;
}

void Inflater::pass(Bytes from, MutableBytes out, Step& at) {
    if (held_) {
        out[at.made++] = kGzipMagic[0];
        held_ = false;
        return;
    }
    owes_ = false;
    const std::size_t n = std::min(from.size(), out.size() - at.made);
    if (n != 0) {
        std::memcpy(out.data() + at.made, from.data(), n);
    }
    at.made += n;
    consume(from.first(n), at);
}

}  // namespace sluice::app
