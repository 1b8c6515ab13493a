// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/unbrotli.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

void* allocate(void* memory, std::size_t bytes) {
    return static_cast<BrotliMemory*>(memory)->take(bytes);
}

void deallocate(void* memory, void* address) {
    static_cast<BrotliMemory*>(memory)->give(address);
}

bool is_memory_error(BrotliDecoderErrorCode code) {
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

}  // namespace

void Unbrotli::start(BrotliMemory& memory) {
    state_ = BrotliDecoderCreateInstance(allocate, deallocate, &memory);
    kept_size_ = replay_at_ = 0;
    keeping_ = true;
    owes_ = false;
    out_of_memory_ = state_ == nullptr;
    mode_ = state_ == nullptr ? Mode::kPass : Mode::kDecode;
}

void Unbrotli::stop() {
    if (state_ != nullptr) {
        BrotliDecoderDestroyInstance(state_);
        state_ = nullptr;
    }
}

Inflater::Step Unbrotli::run(Bytes in, MutableBytes out) {
    Inflater::Step at;
    while (at.made < out.size() && (at.used < in.size() || owes_)) {
        switch (mode_) {
            case Mode::kDecode:
                decode(in, out, at);
                break;
            case Mode::kDiscard:
                owes_ = false;
                at.used = in.size();
                break;
            case Mode::kReplay: {
                const std::size_t n =
                    std::min<std::size_t>(kept_size_ - replay_at_, out.size() - at.made);
                std::copy_n(kept_.begin() + replay_at_, n,
                            out.begin() + static_cast<std::ptrdiff_t>(at.made));
                at.made += n;
                replay_at_ += static_cast<std::uint32_t>(n);
                owes_ = replay_at_ < kept_size_;
                mode_ = owes_ ? Mode::kReplay : Mode::kPass;
                break;
            }
            case Mode::kPass: {
                const std::size_t n = std::min(in.size() - at.used, out.size() - at.made);
                owes_ = false;
                if (n != 0) {
                    std::memcpy(out.data() + at.made, in.data() + at.used, n);
                }
                at.made += n;
                at.used += n;
                break;
            }
        }
    }
    return at;
}

// Byte by byte: a decoder that meets damage keeps what it has not handed out yet, and that would be
// more the more it had been given. What it holds comes out before it reads on.
void Unbrotli::decode(Bytes in, MutableBytes out, Inflater::Step& at) {
    const Bytes from = owes_ ? Bytes{} : in.subspan(at.used, 1);
    std::size_t left = from.size();
    const std::uint8_t* next_in = from.data();
    std::size_t room = out.size() - at.made;
    std::uint8_t* next_out = out.data() + at.made;
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state_, &left, &next_in, &room, &next_out, nullptr);
    const std::size_t used = from.size() - left;
    const std::size_t made = out.size() - at.made - room;
    at.used += used;
    at.made += made;
    keep(from.first(used));
    keeping_ = keeping_ && made == 0;
    owes_ = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    if (result == BROTLI_DECODER_RESULT_SUCCESS) {
        mode_ = Mode::kDiscard;
    } else if (result == BROTLI_DECODER_RESULT_ERROR) {
        out_of_memory_ = is_memory_error(BrotliDecoderGetErrorCode(state_));
        failed();
    }
}

void Unbrotli::keep(Bytes in) {
    if (!keeping_ || in.empty()) {
        return;
    }
    if (in.size() > kept_.size() - kept_size_) {
        keeping_ = false;
        return;
    }
    std::memcpy(kept_.data() + kept_size_, in.data(), in.size());
    kept_size_ += static_cast<std::uint32_t>(in.size());
}

// What came out before is true; if nothing did, all is shown as sent.
void Unbrotli::failed() {
    stop();
    owes_ = keeping_ && kept_size_ != 0;
    mode_ = owes_ ? Mode::kReplay : Mode::kPass;
}

}  // namespace sluice::app
