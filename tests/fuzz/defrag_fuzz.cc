// SPDX-License-Identifier: Apache-2.0
// Bytes -> IP fragments of a few datagrams, in any order, overlapping, equal or not, over little
// memory; and beside it naive receivers of every known policy, which put together byte by byte what
// was forwarded. Inline and fail-closed, whatever one of them can put together was shown whole and
// let through; memory is bounded and comes back. A stage is used again once it is empty: making one
// costs more than a run.
#include "dataplane/decode/decode_stage.h"
#include "dataplane/defrag/defrag_stage.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace {

using namespace sluice;

using Text = std::vector<std::uint8_t>;

constexpr Nanos kForgotten = seconds(1000);           // longer than anything is remembered
constexpr std::size_t kAmple = std::size_t{1} << 22;  // holds all keys' datagrams at once

struct Spec {
    bool v6 = false;
    std::uint8_t id = 0;
    std::uint32_t offset = 0;
    bool more = false;
    bool lost = false;  // between us and the receiver
    Text bytes;

    std::uint32_t end() const { return offset + static_cast<std::uint32_t>(bytes.size()); }
};

// Of bytes that come twice, receivers take those of the fragment that came first, or last, or began
// further left (of two that began alike, the first or the last).
enum class Policy : std::uint8_t { kFirst, kLast, kLeftThenFirst, kLeftThenLast };

constexpr std::array kPolicies = {Policy::kFirst, Policy::kLast, Policy::kLeftThenFirst,
                                  Policy::kLeftThenLast};

// Receives fragments of one key; gives every datagram that some policy makes of them.
class Receiver {
  public:
    // Of two ends, it believes the last or the first; it may miss what is lost.
    Receiver(bool last_end, bool lossy) : last_end_(last_end), lossy_(lossy) {}

    std::vector<Text> take(const Spec& s) {
        if (s.lost && lossy_) {
            return {};
        }
        fragments_.push_back(s);
        if (!s.more && (!end_ || last_end_)) {
            end_ = s.end();
        }
        if (!end_ || !whole()) {
            return {};
        }
        std::vector<Text> texts;
        for (const Policy policy : kPolicies) {
            texts.push_back(text(policy));
        }
        fragments_.clear();
        end_.reset();
        return texts;
    }

    bool lossy() const { return lossy_; }

  private:
    bool whole() const {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> parts;
        for (const Spec& f : fragments_) {
            parts.emplace_back(f.offset, f.end());
        }
        std::sort(parts.begin(), parts.end());
        std::uint32_t have = 0;
        for (const auto& [begin, end] : parts) {
            if (begin > have) {
                break;
            }
            have = std::max(have, end);
        }
        return have >= *end_;
    }

    static bool wins(Policy policy, const Spec& later, const Spec& earlier) {
        switch (policy) {
            case Policy::kFirst:
                return false;
            case Policy::kLast:
                return true;
            case Policy::kLeftThenFirst:
                return later.offset < earlier.offset;
            case Policy::kLeftThenLast:
                return later.offset <= earlier.offset;
        }
        return false;
    }

    Text text(Policy policy) const {
        Text t(*end_);
        std::vector<const Spec*> from(*end_);
        for (const Spec& f : fragments_) {
            for (std::uint32_t i = f.offset; i < std::min(f.end(), *end_); ++i) {
                if (from[i] == nullptr || wins(policy, f, *from[i])) {
                    from[i] = &f;
                    t[i] = f.bytes[i - f.offset];
                }
            }
        }
        return t;
    }

    bool last_end_;
    bool lossy_;
    std::vector<Spec> fragments_;
    std::optional<std::uint32_t> end_;
};

Text frame_of(const Spec& s) {
    Text f(12, 2);
    const std::size_t length = s.bytes.size();
    const auto put16 = [&](std::size_t v) {
        f.push_back(static_cast<std::uint8_t>(v >> 8));
        f.push_back(static_cast<std::uint8_t>(v));
    };
    put16(s.v6 ? 0x86dd : 0x0800);
    if (s.v6) {
        f.insert(f.end(), {0x60, 0, 0, 0});
        put16(8 + length);
        f.insert(f.end(), {44, 64});
        f.insert(f.end(), 32, 0xfd);
        f.insert(f.end(), {200, 0});
        put16(s.offset + (s.more ? 1 : 0));
        f.insert(f.end(), {0, 0, 0, s.id});
    } else {
        f.insert(f.end(), {0x45, 0});
        put16(20 + length);
        f.insert(f.end(), {0, s.id});
        put16(s.offset / 8 + (s.more ? 0x2000 : 0));
        f.insert(f.end(), {64, 200, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2});
    }
    f.insert(f.end(), s.bytes.begin(), s.bytes.end());
    return f;
}

// The byte of every datagram at an offset, or another one.
Spec read_spec(Cursor& in) {
    const std::uint8_t control = in.u8();
    const std::uint8_t place = in.u8();
    const std::uint8_t size = in.u8();
    Spec s;
    s.v6 = (control & 1) != 0;
    s.id = (control >> 1) & 1;
    s.more = (control & 4) != 0;
    s.lost = (control & 0x40) != 0;
    s.offset = static_cast<std::uint32_t>(place & 0x1f) * ((place & 0x80) != 0 ? 2048U : 8U);
    s.bytes.resize((size & 0x3f) * ((control & 8) != 0 ? 1U : 8U));
    for (std::size_t i = 0; i < s.bytes.size(); ++i) {
        s.bytes[i] = static_cast<std::uint8_t>((s.offset + i) * 7);
    }
    if ((control & 0x30) == 0x30 && !s.bytes.empty()) {
        s.bytes[size % s.bytes.size()] ^= 1;
    }
    return s;
}

class Run {
  public:
    Run(const defrag::DefragConfig& config, defrag::DefragStage& stage, Nanos begin)
        : config_(config), stage_(stage), now_{begin, begin} {}

    void step(const Spec& s, bool block) {
        Text frame = frame_of(s);
        packet::Packet p;
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        decode::DecodeStage({.verify_checksums = false}).decode_one(p, counters_);
        if (!p.is_fragment) {
            return;  // offset 0 and the last one
        }
        packet::Packet whole;
        const bool complete = stage_.take(p, now_, counters_, whole);
        SLUICE_CHECK(!(complete && p.dropped()));
        const Key key{s.v6, s.id};
        if (complete) {
            inspect(key, whole, s);
            if (block && config_.inline_mode) {
                p.drop(packet::Reason::rule_drop);
            } else {
                passed_.insert({key, last_});
            }
        }
        stage_.settle(p.dropped(), now_);
        SLUICE_CHECK(config_.inline_mode || !p.dropped());
        SLUICE_CHECK(stage_.stats().datagrams <= config_.max_datagrams);
        if (!p.dropped()) {
            receive(key, s);
        }
    }

    void finish() {
        stage_.expire({now_.time + kForgotten, {}}, 1000, counters_);
        SLUICE_CHECK(stage_.stats().datagrams == 0);
        SLUICE_CHECK(stage_.stats().blocks == 0);
        // Nor does a source stay charged for what is gone, from this run or those before it.
        const auto limited = static_cast<std::size_t>(packet::Reason::fragment_source_limit);
        SLUICE_CHECK(config_.store_bytes != kAmple || counters_[limited] == 0);
    }

  private:
    using Key = std::pair<bool, std::uint8_t>;

    // What was put together is a frame that decode accepts, with the IP payload in place.
    void inspect(const Key& key, packet::Packet& whole, const Spec& s) {
        packet::ReasonCounters reasons{};
        SLUICE_CHECK(decode::DecodeStage({}).decode_one(whole, reasons));
        SLUICE_CHECK(!whole.is_fragment && whole.ip_proto == 200);
        SLUICE_CHECK(whole.ip_version == (key.first ? 6 : 4));
        last_.assign(whole.payload().begin(), whole.payload().end());
        SLUICE_CHECK(last_.size() >= s.offset + s.bytes.size());
    }

    void receive(const Key& key, const Spec& s) {
        if (!config_.inline_mode || config_.exceptions.of(packet::ExceptionCause::fragment_table,
                                                          0) == packet::ExceptionPolicy::kPass) {
            return;
        }
        auto found = receivers_.find(key);
        if (found == receivers_.end()) {
            found = receivers_.emplace(key, all_receivers()).first;
        }
        for (Receiver& r : found->second) {
            // What is remembered of completed datagrams may be pushed out of a small store.
            if (r.lossy() && config_.store_bytes != kAmple) {
                continue;
            }
            for (const Text& text : r.take(s)) {
                SLUICE_CHECK(passed_.contains({key, text}));
            }
        }
    }

    static std::vector<Receiver> all_receivers() {
        return {{false, false}, {true, false}, {false, true}, {true, true}};
    }

    defrag::DefragConfig config_;
    defrag::DefragStage& stage_;
    Now now_;
    packet::ReasonCounters counters_{};
    std::map<Key, std::vector<Receiver>> receivers_;
    std::set<std::pair<Key, Text>> passed_;
    Text last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static std::array<std::unique_ptr<defrag::DefragStage>, 16> stages;
    static Nanos clock = seconds(1);
    Cursor in(Bytes(data, size));
    const std::uint8_t choice = in.u8();
    defrag::DefragConfig config;
    config.inline_mode = (choice & 1) != 0;
    config.exceptions.set(
        packet::ExceptionCause::fragment_table,
        (choice & 2) != 0 ? packet::ExceptionPolicy::kPass : packet::ExceptionPolicy::kDrop);
    config.max_datagrams = 4;  // as many as there are keys
    config.store_bytes = (choice & 4) != 0 ? 1 << 15 : kAmple;
    config.max_fragments = (choice & 8) != 0 ? 3 : 64;
    std::unique_ptr<defrag::DefragStage>& stage = stages[choice & 15U];
    if (stage == nullptr) {
        stage = std::make_unique<defrag::DefragStage>(config);
    }
    Run run(config, *stage, clock);
    for (int n = 0; n < 200 && in.remaining() >= 3; ++n) {
        const Spec s = read_spec(in);
        run.step(s, (choice & 32) != 0);
    }
    run.finish();
    clock = clock + kForgotten + kForgotten;
    return 0;
}
