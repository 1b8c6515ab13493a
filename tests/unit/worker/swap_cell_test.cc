// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/swap_cell.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::worker {
namespace {

using std::chrono::milliseconds;

struct Thing {
    std::atomic<int> alive{1};
};

// A worker that polls until told to stop; it may be frozen before or after it reads the cell.
class Poller {
  public:
    Poller(SwapCell<Thing>& cell, std::size_t id)
        : cell_(cell), id_(id), thread_([this] { loop(); }) {}

    ~Poller() {
        stop_.store(true);
        frozen_.store(false);
        thread_.join();
    }

    void freeze(bool on) { frozen_.store(on); }

    bool saw_dead() const { return saw_dead_.load(); }

  private:
    void loop() {
        const Thing* current = nullptr;
        while (!stop_.load()) {
            while (frozen_.load()) {
                std::this_thread::yield();
            }
            const Thing* next = cell_.poll(id_);
            if (next != current) {
                current = next;
                cell_.adopted(id_, next);
            }
            if (current->alive.load(std::memory_order_relaxed) != 1) {
                saw_dead_.store(true);
            }
        }
    }

    SwapCell<Thing>& cell_;
    std::size_t id_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> frozen_{false};
    std::atomic<bool> saw_dead_{false};
    std::thread thread_;
};

TEST(SwapCell, ReplacesForAllAndRetiredIsNeverUsedAgain) {
    std::array<Thing, 200> things;
    SwapCell<Thing> cell(3, &things[0]);
    Poller a(cell, 0);
    Poller b(cell, 1);
    Poller c(cell, 2);
    for (std::size_t i = 1; i < things.size(); ++i) {
        ASSERT_EQ(cell.replace(&things[i], milliseconds(5000)), SwapResult::kDone);
        things[i - 1].alive.store(0, std::memory_order_relaxed);
    }
    EXPECT_FALSE(a.saw_dead() || b.saw_dead() || c.saw_dead());
    EXPECT_EQ(cell.active(), &things.back());
}

TEST(SwapCell, AHungWorkerMeansNothingChanges) {
    Thing first;
    Thing second;
    SwapCell<Thing> cell(2, &first);
    Poller a(cell, 0);
    {
        Poller b(cell, 1);
        ASSERT_EQ(cell.replace(&first, milliseconds(5000)), SwapResult::kDone);
        b.freeze(true);
        EXPECT_EQ(cell.replace(&second, milliseconds(30)), SwapResult::kNotReady);
        EXPECT_EQ(cell.active(), &first);
        b.freeze(false);
        EXPECT_EQ(cell.replace(&second, milliseconds(5000)), SwapResult::kDone);
    }
}

TEST(SwapCell, AWorkerThatHangsAfterTheSwapTakesItBack) {
    Thing first;
    Thing second;
    SwapCell<Thing> cell(2, &first);
    Poller a(cell, 0);
    // Worker 1 beats, but never adopts: as if it hung between reading and installing.
    std::atomic<bool> stop{false};
    std::atomic<bool> adopt{false};
    std::thread stubborn([&] {
        while (!stop.load()) {
            const Thing* now = cell.poll(1);
            if (adopt.load() || now == &first) {
                cell.adopted(1, now);
            }
        }
    });
    EXPECT_EQ(cell.replace(&second, milliseconds(50)), SwapResult::kTakenBack);
    EXPECT_EQ(cell.active(), &first);
    while (!cell.quiescent()) {
        std::this_thread::yield();
    }
    adopt.store(true);
    EXPECT_EQ(cell.replace(&second, milliseconds(5000)), SwapResult::kDone);
    stop.store(true);
    stubborn.join();
}

}  // namespace
}  // namespace sluice::worker
