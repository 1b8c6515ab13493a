// SPDX-License-Identifier: Apache-2.0
// ContentDecoder: the content codings of one message undone (RFC 9110 section 8.4), one or two
// layers, with limits against compression bombs. DecoderPool: all of them, taken at construction
// and not touched until used. Output depends on the bytes only, never on how they are cut. Units:
// bytes. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/brotli_memory.h"
#include "dataplane/app/inflater.h"
#include "dataplane/app/unbrotli.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/huge_array.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

// What the header says of a layer: gzip and deflate are told apart by the bytes.
enum class Coding : std::uint8_t { kInflate, kBrotli };

// The outermost layers of a body, in the order in which they are undone.
struct Codings {
    static constexpr unsigned kMax = 2;

    unsigned count = 0;
    std::array<Coding, kMax> layers{};

    // One more around those before; the innermost ones are given up.
    void wrap(Coding c) {
        layers[1] = layers[0];
        layers[0] = c;
        count = count < kMax ? count + 1 : kMax;
    }
};

class ContentDecoder {
  public:
    static constexpr unsigned kMaxLayers = Codings::kMax;

    ContentDecoder() noexcept {}  // touches nothing of the layers' memory

    // REQUIRES: codings.count != 0. 'memory' is borrowed until stop().
    void start(const Codings& codings, const AppConfig& config, BrotliMemory& memory);

    // Gives back what it holds of the memory.
    void stop();

    // Goes on until the input is used up or the output is full; behind a limit, the input is
    // dropped.
    Inflater::Step run(Bytes in, MutableBytes out);

    // Output may come without more input.
    bool owes() const;

    // A body that was not what its header said; a compression bomb.
    bool damaged() const {
        return any([](const auto& layer) { return layer.damaged(); });
    }

    // No memory to go on with: what follows is shown as sent.
    bool out_of_memory() const { return brotli_[0].out_of_memory() || brotli_[1].out_of_memory(); }

    bool over_limit() const { return over_limit_; }

    // Each is counted once per message.
    bool damage_counted = false;
    bool limit_counted = false;
    bool memory_counted = false;

  private:
    // Limits are looked at when this much more came out: at the same places however the input was
    // cut.
    static constexpr std::uint64_t kStride = std::uint64_t{64} * 1024;
    static constexpr std::size_t kBetween = 512;

    Inflater::Step two_layers(Bytes in, MutableBytes out);
    Inflater::Step run_layer(unsigned i, Bytes in, MutableBytes out);

    bool layer_owes(unsigned i) const {
        return kinds_[i] == Coding::kBrotli ? brotli_[i].owes() : layers_[i].owes();
    }

    template <typename F>
    bool any(F f) const {
        bool found = false;
        for (unsigned i = 0; i < count_; ++i) {
            found = found || (kinds_[i] == Coding::kBrotli ? f(brotli_[i]) : f(layers_[i]));
        }
        return found;
    }

    void check_limits();

    std::uint64_t in_ = 0;         // bytes that the first layer has read
    std::uint64_t in_before_ = 0;  // ... for what the last one has read, at most
    std::uint64_t out_ = 0;
    std::uint64_t bomb_bytes_ = 0;
    std::uint64_t bomb_ratio_ = 0;
    std::uint64_t large_bytes_ = 0;
    std::uint64_t large_ratio_ = 0;
    unsigned count_ = 0;
    bool over_limit_ = false;
    // From the first layer to the second: always filled to the end before it starts anew.
    std::uint32_t between_size_ = 0;
    std::uint32_t between_read_ = 0;
    std::array<std::uint8_t, kBetween> between_;
    std::array<Coding, kMaxLayers> kinds_{};
    std::array<Unbrotli, kMaxLayers> brotli_;
    std::array<Inflater, kMaxLayers> layers_;
};

class DecoderPool {
  public:
    using Handle = std::uint32_t;
    static constexpr Handle kNone = 0xffffffff;

    explicit DecoderPool(const AppConfig& config);

    // Not started; kNone when all are in use.
    Handle take();
    // kNone is allowed; sets it to kNone.
    void give(Handle& h);

    ContentDecoder& operator[](Handle h) { return slots_[h].decoder; }

    BrotliMemory& memory() { return memory_; }

    const BrotliMemory& memory() const { return memory_; }

    std::uint32_t in_use() const { return in_use_; }

  private:
    struct Slot {
        Handle next_free = kNone;
        ContentDecoder decoder;
    };

    BrotliMemory memory_;
    HugeArray<Slot> slots_;
    std::uint32_t usable_;
    Handle first_free_ = kNone;
    std::uint32_t ever_used_ = 0;
    std::uint32_t in_use_ = 0;
};

}  // namespace sluice::app
