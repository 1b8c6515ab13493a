// SPDX-License-Identifier: Apache-2.0
// SwapCell: one immutable object, read by N workers without locks and replaced by one control
// thread. One store makes the new object active for all workers; each says at its next batch which
// one it uses. replace() first makes sure that every worker is alive, so that it changes nothing
// when one hangs; if one stops answering after the store, the store is taken back: all workers or
// none (design decision 9). The cell owns nothing; quiescent() says when a retired object may be
// freed. poll(), adopted(): worker w. The rest: control thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace sluice::worker {

enum class SwapResult : std::uint8_t {
    kDone,       // every worker uses the new object
    kNotReady,   // a worker did not answer before the swap: nothing was changed
    kTakenBack,  // a worker did not answer in time after it: all are on the old one, or will be at
                 // their next batch
};

template <typename T>
class SwapCell {
  public:
    using Clock = std::chrono::steady_clock;

    SwapCell(std::size_t workers, const T* first)
        : workers_(workers), slots_(std::make_unique<Slot[]>(workers)), active_(first) {}

    // Worker: what to use from now on. Everything used before is given up by the call, unless it is
    // the same.
    const T* poll(std::size_t worker) {
        const T* now = active_.load(std::memory_order_seq_cst);
        Slot& slot = slots_[worker];
        slot.beats.store(slot.beats.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
        return now;
    }

    // Worker: 'object' is in use, and the one before it no more.
    void adopted(std::size_t worker, const T* object) {
        slots_[worker].in_use.store(object, std::memory_order_release);
    }

    const T* active() const { return active_.load(std::memory_order_acquire); }

    SwapResult replace(const T* next, std::chrono::milliseconds deadline) {
        const Clock::time_point until = Clock::now() + deadline;
        if (!wait_until(until, beat_since(beats()))) {
            return SwapResult::kNotReady;
        }
        const T* const old = active_.load(std::memory_order_relaxed);
        active_.store(next, std::memory_order_seq_cst);
        if (wait_until(until, [this, next](std::size_t w) { return uses(w, next); })) {
            return SwapResult::kDone;
        }
        active_.store(old, std::memory_order_seq_cst);
        retired_at_ = beats();
        return SwapResult::kTakenBack;
    }

    // True when no worker can still touch anything but active(). Needed after kTakenBack only.
    bool quiescent() const {
        const auto moved = beat_since(retired_at_);
        for (std::size_t w = 0; w < workers_; ++w) {
            // Two beats: the first may have read the object just before it was taken back.
            if (!moved(w) || !uses(w, active())) {
                return false;
            }
        }
        return true;
    }

    std::uint64_t beats_of(std::size_t worker) const {
        return slots_[worker].beats.load(std::memory_order_acquire);
    }

  private:
    struct alignas(64) Slot {
        std::atomic<std::uint64_t> beats{0};
        std::atomic<const T*> in_use{nullptr};
    };

    bool uses(std::size_t w, const T* object) const {
        return slots_[w].in_use.load(std::memory_order_acquire) == object;
    }

    std::vector<std::uint64_t> beats() const {
        std::vector<std::uint64_t> out(workers_);
        for (std::size_t w = 0; w < workers_; ++w) {
            out[w] = beats_of(w);
        }
        return out;
    }

    auto beat_since(std::vector<std::uint64_t> then) const {
        return [this, then = std::move(then)](std::size_t w) {
            return w >= then.size() || beats_of(w) >= then[w] + 2;
        };
    }

    template <typename Reached>
    bool wait_until(Clock::time_point until, const Reached& reached) const {
        for (std::size_t w = 0; w < workers_; ++w) {
            while (!reached(w)) {
                if (Clock::now() >= until) {
                    return false;
                }
                std::this_thread::sleep_for(std::chrono::microseconds(50));
            }
        }
        return true;
    }

    std::size_t workers_;
    std::unique_ptr<Slot[]> slots_;
    std::atomic<const T*> active_;
    std::vector<std::uint64_t> retired_at_;
};

}  // namespace sluice::worker
