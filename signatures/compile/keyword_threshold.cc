// SPDX-License-Identifier: Apache-2.0
// How often a match counts: threshold and detection_filter.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <optional>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ThresholdKind;
using bundle::TrackBy;

struct Reading {
    std::optional<ThresholdKind> kind;
    std::optional<TrackBy> track;
    std::optional<std::uint32_t> count;
    std::optional<std::uint32_t> seconds;

    bool complete() const { return kind && track && count && seconds; }
};

struct KindRow {
    std::string_view word;
    ThresholdKind kind;
};

constexpr std::array kKinds{
    KindRow{"limit", ThresholdKind::kLimit},
    KindRow{"threshold", ThresholdKind::kThreshold},
    KindRow{"both", ThresholdKind::kBoth},
};

struct TrackRow {
    std::string_view word;
    TrackBy track;
};

constexpr std::array kTracks{
    TrackRow{"by_src", TrackBy::kSource},
    TrackRow{"by_dst", TrackBy::kDestination},
    TrackRow{"by_rule", TrackBy::kRule},
    TrackRow{"by_both", TrackBy::kBoth},
};

template <typename T>
bool put_once(std::optional<T>& to, std::optional<T> value) {
    if (to || !value) {
        return false;
    }
    to = value;
    return true;
}

bool read_part(std::string_view part, Reading& out) {
    const std::size_t blank = part.find_first_of(" \t");
    if (blank == std::string_view::npos) {
        return false;
    }
    const std::string_view key = part.substr(0, blank);
    const std::string_view value = lang::trim(part.substr(blank));
    if (key == "type") {
        std::optional<ThresholdKind> kind;
        for (const KindRow& row : kKinds) {
            kind = row.word == value ? row.kind : kind;
        }
        return put_once(out.kind, kind);
    }
    if (key == "track") {
        std::optional<TrackBy> track;
        for (const TrackRow& row : kTracks) {
            track = row.word == value ? row.track : track;
        }
        return put_once(out.track, track);
    }
    const auto n = parse_decimal(value, UINT32_MAX);
    const auto number = n ? std::optional(static_cast<std::uint32_t>(*n)) : std::nullopt;
    if (key == "count") {
        return put_once(out.count, number);
    }
    return key == "seconds" && put_once(out.seconds, number);
}

void read_parts(RuleDraft& draft, const Argument& arg, Reading reading) {
    for (const std::string_view part : split(arg.value, ',')) {
        if (!read_part(part, reading)) {
            draft.invalid(arg.option, "'" + std::string(part) + "' is not understood here");
            return;
        }
    }
    if (!reading.complete()) {
        draft.invalid(arg.option, "type, track, count and seconds are all needed");
        return;
    }
    const ThresholdKind before = draft.rule.threshold.kind;
    const bool filter = before == ThresholdKind::kDetectionFilter ||
                        *reading.kind == ThresholdKind::kDetectionFilter;
    // Behind a sticky buffer Suricata does not see that there is one already, and applies both.
    if (before != ThresholdKind::kNone && (filter || !draft.sticky())) {
        draft.invalid(arg.option, "a rule has at most one threshold or detection_filter");
    } else if (before != ThresholdKind::kNone) {
        bundle::Filter second;
        second.threshold = *reading.kind;
        second.track = *reading.track;
        second.count = *reading.count;
        second.seconds = *reading.seconds;
        draft.rule.filters.push_back(second);
    } else {
        draft.rule.threshold = {*reading.kind, *reading.track, *reading.count, *reading.seconds};
    }
    if (*reading.count == 0) {
        draft.unsupported(arg.option, "count 0 is not compiled by this version");
    }
}

void read_threshold(RuleDraft& draft, const Argument& arg) {
    read_parts(draft, arg, {});
}

void read_detection_filter(RuleDraft& draft, const Argument& arg) {
    Reading reading;
    reading.kind = ThresholdKind::kDetectionFilter;
    read_parts(draft, arg, reading);
    if (draft.rule.threshold.track == TrackBy::kRule ||
        draft.rule.threshold.track == TrackBy::kBoth) {
        draft.invalid(arg.option, "detection_filter tracks by_src or by_dst");
    }
}

constexpr std::array kRows{
    HandlerRow{"detection_filter", read_detection_filter},
    HandlerRow{"threshold", read_threshold},
};

}  // namespace

std::span<const HandlerRow> threshold_handlers() {
    return kRows;
}

}  // namespace sluice::compile
