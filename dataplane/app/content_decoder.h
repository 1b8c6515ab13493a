// SPDX-License-Identifier: Apache-2.0
// ContentDecoder: the content codings of one message undone (RFC 9110 section 8.4), one or two
// layers, with limits against compression bombs. DecoderPool: all of them, taken at construction
// and not touched until used. Output depends on the bytes only, never on how they are cut. Units:
// bytes. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/inflater.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/huge_array.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

class ContentDecoder {
  public:
    static constexpr unsigned kMaxLayers = 2;

    ContentDecoder() noexcept {}  // touches nothing of the layers' memory

    // REQUIRES: 1 <= layers <= kMaxLayers
    void start(unsigned layers, const AppConfig& config);

    // Goes on until the input is used up or the output is full; behind a limit, the input is
    // dropped.
    Inflater::Step run(Bytes in, MutableBytes out);

    // Output may come without more input.
    bool owes() const;

    // A body that was not what its header said; a compression bomb.
    bool damaged() const { return layers_[0].damaged() || (count_ == 2 && layers_[1].damaged()); }

    bool over_limit() const { return over_limit_; }

    // Each is counted once per message.
    bool damage_counted = false;
    bool limit_counted = false;

  private:
    // Limits are looked at when this much more came out: at the same places however the input was
    // cut.
    static constexpr std::uint64_t kStride = std::uint64_t{64} * 1024;
    static constexpr std::size_t kBetween = 512;

    Inflater::Step two_layers(Bytes in, MutableBytes out);
    void check_limits();

    std::uint64_t in_ = 0;         // bytes that the first layer has read
    std::uint64_t in_before_ = 0;  // ... for what the last one has read, at most
    std::uint64_t out_ = 0;
    std::uint64_t bomb_bytes_ = 0;
    std::uint64_t bomb_ratio_ = 0;
    std::uint64_t max_bytes_ = 0;
    unsigned count_ = 0;
    bool over_limit_ = false;
    // From the first layer to the second: always filled to the end before it starts anew.
    std::uint32_t between_size_ = 0;
    std::uint32_t between_read_ = 0;
    std::array<std::uint8_t, kBetween> between_;
    std::array<Inflater, kMaxLayers> layers_;
};

class DecoderPool {
  public:
    using Handle = std::uint32_t;
    static constexpr Handle kNone = 0xffffffff;

    explicit DecoderPool(std::uint32_t count);

    // Not started; kNone when all are in use.
    Handle take();
    // kNone is allowed; sets it to kNone.
    void give(Handle& h);

    ContentDecoder& operator[](Handle h) { return slots_[h].decoder; }

    std::uint32_t in_use() const { return in_use_; }

  private:
    struct Slot {
        Handle next_free = kNone;
        ContentDecoder decoder;
    };

    HugeArray<Slot> slots_;
    std::uint32_t usable_;
    Handle first_free_ = kNone;
    std::uint32_t ever_used_ = 0;
    std::uint32_t in_use_ = 0;
};

}  // namespace sluice::app
