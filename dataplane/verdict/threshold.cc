// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/threshold.h"

#include "dataplane/base/check.h"
#include "dataplane/base/hash.h"

#include <string_view>

namespace sluice::verdict {

namespace {

std::uint64_t hash_address(const packet::IpAddr& a, std::uint64_t seed) {
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
    std::memcpy(&lo, a.bytes.data(), sizeof lo);
    std::memcpy(&hi, a.bytes.data() + sizeof lo, sizeof hi);
    return mix64(mix64(seed ^ lo) ^ hi);
}

// 'number' tells the counters of one rule apart: 0 is its own threshold's.
std::uint64_t key_of(const bundle::Rule& rule, bundle::TrackBy track, std::uint64_t number,
                     const ThresholdSubject& s) {
    std::uint64_t h = mix64((std::uint64_t{rule.gid} << 32) ^ rule.sid ^ (number << 48));
    switch (track) {
        case bundle::TrackBy::kRule:
            break;
        case bundle::TrackBy::kSource:
            h = hash_address(s.src, h);
            break;
        case bundle::TrackBy::kDestination:
            h = hash_address(s.dst, h);
            break;
        case bundle::TrackBy::kBoth:
            h = hash_address(s.dst, hash_address(s.src, h));
            break;
        case bundle::TrackBy::kFlow:
            h = mix64(h ^ s.flow_id);
            break;
    }
    return h == 0 ? 1 : h;
}

// The decision for a counter that was just counted up; 'restarted' when its window began with this
// very match.
ThresholdResult decide(const bundle::Threshold& t, std::uint32_t& count, bool restarted) {
    switch (t.kind) {
        case bundle::ThresholdKind::kNone:
            return ThresholdResult::kAlert;
        case bundle::ThresholdKind::kLimit:
            return restarted || count <= t.count ? ThresholdResult::kAlert
                                                 : ThresholdResult::kSilent;
        case bundle::ThresholdKind::kThreshold:
            if (count < t.count) {
                return ThresholdResult::kIgnore;
            }
            count = 0;
            return ThresholdResult::kAlert;
        case bundle::ThresholdKind::kBoth:
            if (count < t.count) {
                return ThresholdResult::kIgnore;
            }
            return count == t.count ? ThresholdResult::kAlert : ThresholdResult::kSilent;
        case bundle::ThresholdKind::kDetectionFilter:
            return count > t.count ? ThresholdResult::kAlert : ThresholdResult::kIgnore;
    }
    return ThresholdResult::kAlert;
}

}  // namespace

ThresholdTable::ThresholdTable(std::size_t entries) : counters_(entries) {
    SLUICE_CHECK(entries >= kWays && (entries & (entries - 1)) == 0);
}

ThresholdTable::Counter& ThresholdTable::find(std::uint64_t key, bool& fresh) {
    const std::size_t bucket = (key & (counters_.size() - 1)) & ~(kWays - 1);
    Counter* victim = &counters_[bucket];
    for (std::size_t i = 0; i < kWays; ++i) {
        Counter& c = counters_[bucket + i];
        if (c.key == key) {
            fresh = false;
            return c;
        }
        if (c.key == 0 || (victim->key != 0 && c.since < victim->since)) {
            victim = c.key == 0 && victim->key == 0 ? victim : &c;
        }
    }
    displaced_ += victim->key != 0 ? 1 : 0;
    victim->key = key;
    victim->count = 0;
    fresh = true;
    return *victim;
}

ThresholdResult ThresholdTable::count(const bundle::Threshold& t, std::uint64_t key, Nanos now) {
    bool fresh = false;
    Counter& c = find(key, fresh);
    const bool restarted = fresh || now > c.since + seconds(t.seconds);
    if (restarted) {
        c.since = now;
        c.count = 0;
    }
    ++c.count;
    return decide(t, c.count, restarted);
}

// More than 'count' matches within 'seconds' turn the other action on, for 'timeout', which is told
// in whole seconds of the clock; the match that finds it over does not count (as in Suricata).
bool ThresholdTable::over_rate(const bundle::Filter& f, std::uint64_t key, Nanos now) {
    bool fresh = false;
    Counter& c = find(key, fresh);
    if (fresh) {
        c.since = now;
        c.active = {};
    }
    if (c.active.count != 0) {
        const std::int64_t second = seconds(1).count;
        if (now.count / second - c.active.count / second <= std::int64_t{f.timeout}) {
            return true;
        }
        c.active = {};
        return false;
    }
    if (now > c.since + seconds(f.seconds)) {
        c.since = now;
        c.count = 0;
    }
    if (++c.count <= f.count) {
        return false;
    }
    c.active = now;
    return true;
}

Judgement ThresholdTable::check(const bundle::Rule& rule, const ThresholdSubject& subject,
                                Nanos now) {
    Judgement out{ThresholdResult::kAlert, rule.action};
    if (rule.threshold.kind != bundle::ThresholdKind::kNone) {
        out.result = count(rule.threshold, key_of(rule, rule.threshold.track, 0, subject), now);
    }
    for (std::size_t i = 0; i < rule.filters.size() && out.result == ThresholdResult::kAlert; ++i) {
        const bundle::Filter& f = rule.filters[i];
        const std::uint64_t key = key_of(rule, f.track, i + 1, subject);
        switch (f.kind) {
            case bundle::FilterKind::kThreshold:
                out.result = count({f.threshold, f.track, f.count, f.seconds}, key, now);
                break;
            case bundle::FilterKind::kRate:
                out.action = over_rate(f, key, now) ? f.action : out.action;
                break;
            case bundle::FilterKind::kSuppress:
                break;  // by addresses: detection has left it out already
        }
    }
    return out;
}

}  // namespace sluice::verdict
