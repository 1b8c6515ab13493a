// SPDX-License-Identifier: Apache-2.0
// Inflater: one layer of a content coding undone: gzip (RFC 1952, also several members), zlib
// (RFC 1950) or raw deflate (RFC 1951), told from the bytes and not from the header's word for
// them, as clients do. zlib's own memory is part of the object. What is not compressed at all, or
// stops being so, comes out as it went in. Output depends on the bytes only, never on how they are
// cut. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <zlib.h>

namespace sluice::app {

class Inflater {
  public:
    struct Step {
        std::size_t used = 0;  // of the input
        std::size_t made = 0;  // in the output
    };

    Inflater() noexcept {}  // touches nothing of memory_

    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    void start();

    // Goes on until the input is used up or the output is full.
    Step run(Bytes in, MutableBytes out);

    // Output may come without more input.
    bool owes() const { return owes_; }

    // Set once: the bytes were not compressed, or no longer. They are shown as sent from there.
    bool damaged() const { return mode_ == Mode::kPass; }

  private:
    static constexpr std::size_t kMemory =
        std::size_t{44} * 1024;  // inflate_state and a window of 32 KiB
    static constexpr std::size_t kKept = 512;

    enum class Mode : std::uint8_t {
        kSkip,  // over a gzip header that zlib refuses
        kInflate,
        kTail,     // behind the end: another gzip member?
        kDiscard,  // behind the end
        kPass,
    };

    static voidpf allocate(voidpf self, uInt items, uInt size);
    static void deallocate(voidpf self, voidpf address);

    Bytes source(Bytes in, const Step& at) const;
    void consume(Bytes from, Step& at);
    void skip(Bytes from, Step& at);
    void inflate_some(Bytes from, MutableBytes out, Step& at);
    void tail(Bytes from, Step& at);
    void pass(Bytes from, MutableBytes out, Step& at);
    void failed();
    void plan_skip();

    z_stream z_{};
    std::uint32_t memory_used_ = 0;
    std::uint32_t kept_size_ = 0;
    std::uint32_t replay_at_ = 0;  // kept_ from here on is read before the input
    std::uint32_t skip_left_ = 0;
    Mode mode_ = Mode::kInflate;
    bool skip_to_nul_ = false;
    bool raw_ = false;     // the second attempt
    bool keeping_ = true;  // nothing came out yet: all input so far is in kept_
    bool any_output_ = false;
    bool member_ = false;  // the first byte of a gzip header was seen in the tail
    bool held_ = false;    // ... but it was none: that byte is still to be shown
    bool owes_ = false;
    std::array<std::uint8_t, kKept> kept_;
    alignas(16) std::array<std::uint8_t, kMemory> memory_;
};

}  // namespace sluice::app
