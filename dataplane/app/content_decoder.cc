// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/content_decoder.h"

#include "dataplane/base/check.h"

#include <algorithm>

namespace sluice::app {

void ContentDecoder::start(const Codings& codings, const AppConfig& config, BrotliMemory& memory) {
    SLUICE_ASSERT(codings.count >= 1 && codings.count <= kMaxLayers);
    count_ = codings.count;
    kinds_ = codings.layers;
    in_ = in_before_ = out_ = 0;
    bomb_bytes_ = config.inflate_bomb_bytes;
    bomb_ratio_ = config.inflate_bomb_ratio;
    large_bytes_ = config.inflate_large_bytes;
    large_ratio_ = config.inflate_large_ratio;
    over_limit_ = damage_counted = limit_counted = memory_counted = false;
    between_size_ = between_read_ = 0;
    for (unsigned i = 0; i < count_; ++i) {
        if (kinds_[i] == Coding::kBrotli) {
            brotli_[i].start(memory);
        } else {
            layers_[i].start();
        }
    }
}

void ContentDecoder::stop() {
    for (Unbrotli& layer : brotli_) {
        layer.stop();
    }
}

Inflater::Step ContentDecoder::run_layer(unsigned i, Bytes in, MutableBytes out) {
    return kinds_[i] == Coding::kBrotli ? brotli_[i].run(in, out) : layers_[i].run(in, out);
}

bool ContentDecoder::owes() const {
    return !over_limit_ &&
           (layer_owes(0) || between_read_ < between_size_ || (count_ == 2 && layer_owes(1)));
}

Inflater::Step ContentDecoder::run(Bytes in, MutableBytes out) {
    Inflater::Step at;
    while (!over_limit_ && at.made < out.size() && (at.used < in.size() || owes())) {
        const std::uint64_t stride = kStride - out_ % kStride;
        const MutableBytes to = out.subspan(at.made).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - at.made, stride)));
        const Bytes from = in.subspan(at.used);
        const Inflater::Step s = count_ == 1 ? run_layer(0, from, to) : two_layers(from, to);
        at.used += s.used;
        at.made += s.made;
        out_ += s.made;
        if (count_ == 1) {
            in_ += s.used;
            in_before_ = in_;
        }
        if (s.made == stride) {
            check_limits();
        }
    }
    if (over_limit_) {
        at.used = in.size();
    }
    return at;
}

Inflater::Step ContentDecoder::two_layers(Bytes in, MutableBytes out) {
    Inflater::Step at;
    while (at.made < out.size()) {
        if (between_read_ < between_size_ || layer_owes(1)) {
            const Bytes from =
                Bytes(between_).subspan(between_read_, between_size_ - between_read_);
            const Inflater::Step s = run_layer(1, from, out.subspan(at.made));
            between_read_ += static_cast<std::uint32_t>(s.used);
            at.made += s.made;
            continue;
        }
        if (between_size_ == between_.size()) {
            between_size_ = between_read_ = 0;
            in_before_ = in_;
        }
        if (at.used == in.size() && !layer_owes(0)) {
            break;
        }
        const Inflater::Step s =
            run_layer(0, in.subspan(at.used), MutableBytes(between_).subspan(between_size_));
        between_size_ += static_cast<std::uint32_t>(s.made);
        at.used += s.used;
        in_ += s.used;
    }
    return at;
}

// A message that small may still have come through two layers of honest compression: 'in_before_'
// lags by what 'between_' may be made of.
void ContentDecoder::check_limits() {
    const std::uint64_t in = in_before_ + 2 * kBetween;
    over_limit_ = (out_ > bomb_bytes_ && out_ / bomb_ratio_ > in) ||
                  (out_ > large_bytes_ && out_ / large_ratio_ > in);
}

DecoderPool::DecoderPool(const AppConfig& config)
    : memory_(config.brotli_bytes),
      slots_(std::max<std::uint32_t>(config.inflate_states, 1)),
      usable_(config.inflate_states) {}

DecoderPool::Handle DecoderPool::take() {
    Handle h = first_free_;
    if (h != kNone) {
        first_free_ = slots_[h].next_free;
    } else if (ever_used_ < usable_) {
        h = ever_used_++;
        slots_.make(h);
    } else {
        return kNone;
    }
    ++in_use_;
    return h;
}

void DecoderPool::give(Handle& h) {
    if (h == kNone) {
        return;
    }
    SLUICE_ASSERT(in_use_ > 0);
    slots_[h].decoder.stop();
    slots_[h].next_free = first_free_;
    first_free_ = h;
    --in_use_;
    h = kNone;
}

}  // namespace sluice::app
