// SPDX-License-Identifier: Apache-2.0
// Bytes -> IP fragments of a few datagrams, in any order, overlapping, equal or not, over little
// memory; and beside it a receiver that takes what was forwarded and puts it together byte by byte.
// Inline and fail-closed, whatever the receiver can put together was shown whole and let through;
// memory is bounded and comes back.
#include "dataplane/decode/decode_stage.h"
#include "dataplane/defrag/defrag_stage.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace {

using namespace sluice;

using Text = std::vector<std::uint8_t>;

constexpr std::size_t kAmple = std::size_t{1} << 22;  // holds all keys' datagrams at once

// Receives fragments of one key; of bytes that come twice it takes the later (or the earlier, by
// choice), which must make no difference.
struct Receiver {
    static constexpr std::int16_t kMissing = -1;
    std::vector<std::int16_t> bytes;
    std::optional<std::size_t> end;

    void take(std::size_t offset, Bytes fragment, bool more, bool later_wins) {
        bytes.resize(std::max(bytes.size(), offset + fragment.size()), kMissing);
        for (std::size_t i = 0; i < fragment.size(); ++i) {
            std::int16_t& at = bytes[offset + i];
            if (at == kMissing || later_wins) {
                at = fragment[i];
            }
        }
        if (!more && (!end || later_wins)) {
            end = offset + fragment.size();
        }
    }

    bool whole() const {
        return end && bytes.size() >= *end &&
               std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(*end),
                          kMissing) == 0;
    }

    Text text() const {
        Text t(*end);
        for (std::size_t i = 0; i < *end; ++i) {
            t[i] = static_cast<std::uint8_t>(bytes[i]);
        }
        return t;
    }
};

struct Spec {
    bool v6 = false;
    std::uint8_t id = 0;
    std::uint32_t offset = 0;
    bool more = false;
    bool lost = false;  // between us and the receiver
    Text bytes;
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
    Run(const defrag::DefragConfig& config, bool later_wins)
        : config_(config), stage_(config), later_wins_(later_wins) {}

    void step(const Spec& s, bool block) {
        Text frame = frame_of(s);
        packet::Packet p;
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        packet::ReasonCounters ignored{};
        decode::DecodeStage({.verify_checksums = false}).decode_one(p, ignored);
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
        stage_.expire({seconds(1000), {}}, 1000, counters_);
        SLUICE_CHECK(stage_.stats().datagrams == 0);
        SLUICE_CHECK(stage_.stats().blocks == 0);
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
        if (!config_.inline_mode || config_.exception == packet::ExceptionPolicy::kPass) {
            return;
        }
        // What is remembered of completed datagrams may be pushed out of a small store.
        if (s.lost && config_.store_bytes == kAmple) {
            return;
        }
        Receiver& r = receivers_[key];
        r.take(s.offset, s.bytes, s.more, later_wins_);
        if (r.whole()) {
            SLUICE_CHECK(passed_.contains({key, r.text()}));
            r = {};
        }
    }

    defrag::DefragConfig config_;
    defrag::DefragStage stage_;
    bool later_wins_;
    Now now_{seconds(1), seconds(1)};
    packet::ReasonCounters counters_{};
    std::map<Key, Receiver> receivers_;
    std::set<std::pair<Key, Text>> passed_;
    Text last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Cursor in(Bytes(data, size));
    const std::uint8_t choice = in.u8();
    defrag::DefragConfig config;
    config.inline_mode = (choice & 1) != 0;
    config.exception =
        (choice & 2) != 0 ? packet::ExceptionPolicy::kPass : packet::ExceptionPolicy::kDrop;
    config.max_datagrams = 4;  // as many as there are keys
    config.store_bytes = (choice & 4) != 0 ? 1 << 15 : kAmple;
    config.max_fragments = (choice & 8) != 0 ? 3 : 64;
    Run run(config, (choice & 16) != 0);
    for (int n = 0; n < 200 && in.remaining() >= 3; ++n) {
        const Spec s = read_spec(in);
        run.step(s, (choice & 32) != 0);
    }
    run.finish();
    return 0;
}
