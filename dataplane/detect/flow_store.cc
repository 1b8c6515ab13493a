// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/flow_store.h"

#include <algorithm>
#include <utility>

namespace sluice::detect {

bool FlowState::has_bit(std::uint32_t bit) const {
    return std::find(bits.begin(), bits.begin() + bit_count, bit) != bits.begin() + bit_count;
}

bool FlowState::set_bit(std::uint32_t bit) {
    if (has_bit(bit)) {
        return true;
    }
    if (bit_count == bits.size()) {
        return false;
    }
    bits[bit_count++] = bit;
    return true;
}

void FlowState::unset_bit(std::uint32_t bit) {
    const auto end = bits.begin() + bit_count;
    const auto it = std::find(bits.begin(), end, bit);
    if (it != end) {
        *it = bits[--bit_count];
    }
}

const Flowint* FlowState::find_int(std::uint32_t name) const {
    for (std::uint32_t i = 0; i < int_count; ++i) {
        if (ints[i].name == name) {
            return &ints[i];
        }
    }
    return nullptr;
}

bool FlowState::set_int(std::uint32_t name, std::uint32_t value) {
    for (std::uint32_t i = 0; i < int_count; ++i) {
        if (ints[i].name == name) {
            ints[i].value = value;
            return true;
        }
    }
    if (int_count == ints.size()) {
        return false;
    }
    ints[int_count++] = {name, value};
    return true;
}

const Memo* FlowState::memo(Direction d, RuleIndex rule, WaitKind kind) const {
    for (const Memo& m : memos[index_of(d)]) {
        if (m.rule == rule && m.kind == kind) {
            return &m;
        }
    }
    return nullptr;
}

void FlowState::remember(Direction d, const Memo& m) {
    std::array<Memo, kMaxMemos>& list = memos[index_of(d)];
    for (Memo& old : list) {
        if (old.rule == m.rule && old.kind == m.kind) {
            old = m;
            return;
        }
    }
    std::uint8_t& next = memo_next[index_of(d)];
    list[next] = m;  // the oldest goes: at worst its rule alerts once more
    next = static_cast<std::uint8_t>((next + 1U) % kMaxMemos);
}

void FlowState::end_stretch(Direction d) {
    for (Memo& m : memos[index_of(d)]) {
        m.over = m.over || m.kind == WaitKind::kStream;
    }
}

FlowStore::FlowStore(const FlowStoreConfig& config)
    : states_(config.states),
      pendings_(config.pendings),
      per_direction_(config.pendings_per_direction) {
    for (std::uint32_t i = config.states; i > 0; --i) {
        states_[i - 1].next_free = free_state_;
        free_state_ = i - 1;
    }
    for (std::uint32_t i = config.pendings; i > 0; --i) {
        pendings_[i - 1].next = free_pending_;
        free_pending_ = i - 1;
    }
}

FlowState* FlowStore::find(const flow::Flow& f) {
    return const_cast<FlowState*>(std::as_const(*this).find(f));
}

const FlowState* FlowStore::find(const flow::Flow& f) const {
    const std::uint32_t index = f.detect_state();
    return index < states_.size() ? &states_[index] : nullptr;
}

FlowState* FlowStore::take(flow::Flow& f, packet::ReasonCounters& reasons) {
    if (FlowState* s = find(f); s != nullptr) {
        return s;
    }
    if (free_state_ == kNone32) {
        packet::count(reasons, packet::Reason::detect_state_full);
        return nullptr;
    }
    f.set_detect_state(free_state_);
    FlowState& s = states_[free_state_];
    free_state_ = s.next_free;
    s = FlowState{};
    ++states_in_use_;
    return &s;
}

void FlowStore::release(flow::Flow& f) {
    FlowState* s = find(f);
    if (s != nullptr) {
        clear(s->pending[0]);
        clear(s->pending[1]);
        s->next_free = free_state_;
        free_state_ = f.detect_state();
        --states_in_use_;
        f.set_detect_state(flow::kNoIndex);
    }
    f.detect_flags = 0;
}

void FlowStore::renew(FlowState& s, std::uint64_t version) {
    if (s.version == version) {
        return;
    }
    s.version = version;
    for (std::size_t d = 0; d < 2; ++d) {
        clear(s.pending[d]);
        s.memos[d].fill(Memo{});
        s.memo_next[d] = 0;
    }
}

void FlowStore::end_transactions(FlowState& s) {
    for (std::size_t d = 0; d < 2; ++d) {
        for (Memo& m : s.memos[d]) {
            if (m.kind == WaitKind::kTransaction) {
                m = Memo{};
            }
        }
        for (std::uint32_t i = s.pending[d].head; i != kNone32; i = pendings_[i].next) {
            Pending& p = pendings_[i];
            p.dead = p.dead || p.kind == WaitKind::kTransaction;
        }
        sweep(s.pending[d]);
    }
}

void FlowStore::give_back(std::uint32_t pending) {
    pendings_[pending].rule = kNone32;  // whoever still holds the index sees that it is gone
    pendings_[pending].next = free_pending_;
    free_pending_ = pending;
    --pendings_in_use_;
}

std::uint32_t FlowStore::append(PendingList& list, packet::ReasonCounters& reasons) {
    if (list.size >= per_direction_ && list.head != kNone32) {
        sweep(list);
    }
    if (list.size >= per_direction_ && list.head != kNone32) {
        packet::count(reasons, packet::Reason::detect_state_full);
        const std::uint32_t oldest = list.head;
        list.head = pendings_[oldest].next;
        list.tail = list.head == kNone32 ? kNone32 : list.tail;
        --list.size;
        give_back(oldest);
    }
    if (free_pending_ == kNone32) {
        packet::count(reasons, packet::Reason::detect_state_full);
        return kNone32;
    }
    const std::uint32_t i = free_pending_;
    free_pending_ = pendings_[i].next;
    ++pendings_in_use_;
    pendings_[i] = Pending{};
    if (list.tail == kNone32) {
        list.head = i;
    } else {
        pendings_[list.tail].next = i;
    }
    list.tail = i;
    ++list.size;
    return i;
}

void FlowStore::sweep(PendingList& list) {
    std::uint32_t last = kNone32;
    for (std::uint32_t i = list.head; i != kNone32;) {
        const std::uint32_t next = pendings_[i].next;
        if (!pendings_[i].dead) {
            last = i;
        } else {
            (last == kNone32 ? list.head : pendings_[last].next) = next;
            --list.size;
            give_back(i);
        }
        i = next;
    }
    list.tail = last;
}

void FlowStore::clear(PendingList& list) {
    for (std::uint32_t i = list.head; i != kNone32;) {
        const std::uint32_t next = pendings_[i].next;
        give_back(i);
        i = next;
    }
    list = PendingList{};
}

}  // namespace sluice::detect
