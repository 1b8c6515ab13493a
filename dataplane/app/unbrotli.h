// SPDX-License-Identifier: Apache-2.0
// Unbrotli: one layer of the content coding "br" (RFC 7932) undone, with the same calls as
// Inflater. Bytes do not tell that they are Brotli, so the header's word counts; what turns out not
// to be is shown as sent from there on. Output depends on the bytes only, never on how they are
// cut. One worker thread.
#pragma once

#include "dataplane/app/brotli_memory.h"
#include "dataplane/app/inflater.h"
#include "dataplane/base/cursor.h"

#include <array>
#include <brotli/decode.h>
#include <cstdint>

namespace sluice::app {

class Unbrotli {
  public:
    Unbrotli() noexcept {}  // touches nothing of kept_

    Unbrotli(const Unbrotli&) = delete;
    Unbrotli& operator=(const Unbrotli&) = delete;

    // 'memory' is borrowed until stop().
    void start(BrotliMemory& memory);
    void stop();

    // Goes on until the input is used up or the output is full.
    Inflater::Step run(Bytes in, MutableBytes out);

    // Output may come without more input.
    bool owes() const { return owes_; }

    // Set once: the bytes were not Brotli, or no longer. They are shown as sent from there.
    bool damaged() const { return mode_ == Mode::kPass; }

    // ... because there was no memory to go on.
    bool out_of_memory() const { return out_of_memory_; }

  private:
    static constexpr std::size_t kKept = 512;

    enum class Mode : std::uint8_t { kDecode, kDiscard, kReplay, kPass };

    void decode(Bytes in, MutableBytes out, Inflater::Step& at);
    void keep(Bytes in);
    void failed();

    BrotliDecoderState* state_ = nullptr;
    std::uint32_t kept_size_ = 0;
    std::uint32_t replay_at_ = 0;
    Mode mode_ = Mode::kDecode;
    bool keeping_ = true;  // nothing came out yet: all input so far is in kept_
    bool owes_ = false;
    bool out_of_memory_ = false;
    std::array<std::uint8_t, kKept> kept_;
};

}  // namespace sluice::app
