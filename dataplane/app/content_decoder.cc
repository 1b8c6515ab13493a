// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/content_decoder.h"

#include "dataplane/base/check.h"

#include <algorithm>

namespace sluice::app {

void ContentDecoder::start(unsigned layers, const AppConfig& config) {
    SLUICE_ASSERT(layers >= 1 && layers <= kMaxLayers);
    count_ = layers;
    in_ = in_before_ = out_ = 0;
    bomb_bytes_ = config.inflate_bomb_bytes;
    bomb_ratio_ = config.inflate_bomb_ratio;
    max_bytes_ = config.inflate_max_bytes;
    over_limit_ = damage_counted = limit_counted = false;
    between_size_ = between_read_ = 0;
    for (unsigned i = 0; i < layers; ++i) {
        layers_[i].start();
    }
}

bool ContentDecoder::owes() const {
    return !over_limit_ && (layers_[0].owes() || between_read_ < between_size_ ||
                            (count_ == 2 && layers_[1].owes()));
}

Inflater::Step ContentDecoder::run(Bytes in, MutableBytes out) {
    Inflater::Step at;
    while (!over_limit_ && at.made < out.size() && (at.used < in.size() || owes())) {
        const std::uint64_t stride = kStride - out_ % kStride;
        const MutableBytes to = out.subspan(at.made).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - at.made, stride)));
        const Bytes from = in.subspan(at.used);
        const Inflater::Step s = count_ == 1 ? layers_[0].run(from, to) : two_layers(from, to);
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
        if (between_read_ < between_size_ || layers_[1].owes()) {
            const Bytes from =
                Bytes(between_).subspan(between_read_, between_size_ - between_read_);
            const Inflater::Step s = layers_[1].run(from, out.subspan(at.made));
            between_read_ += static_cast<std::uint32_t>(s.used);
            at.made += s.made;
            continue;
        }
        if (between_size_ == between_.size()) {
            between_size_ = between_read_ = 0;
            in_before_ = in_;
        }
        if (at.used == in.size() && !layers_[0].owes()) {
            break;
        }
        const Inflater::Step s =
            layers_[0].run(in.subspan(at.used), MutableBytes(between_).subspan(between_size_));
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
    over_limit_ = out_ >= max_bytes_ || (out_ > bomb_bytes_ && out_ / bomb_ratio_ > in);
}

DecoderPool::DecoderPool(std::uint32_t count)
    : slots_(std::max<std::uint32_t>(count, 1)), usable_(count) {}

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
    slots_[h].next_free = first_free_;
    first_free_ = h;
    --in_use_;
    h = kNone;
}

}  // namespace sluice::app
