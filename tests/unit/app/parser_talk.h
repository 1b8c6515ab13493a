// SPDX-License-Identifier: Apache-2.0
// Feeds the two streams of a connection to one parser (begin(), next(), release()) cut as told,
// checks at every point what holds for all, and writes down what each point showed. Two transcripts
// of the same bytes must be equal however they were cut. Single thread.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct ShownPoint {
    Direction direction = Direction::kToServer;
    bool start = false;
    bool end = false;
    std::map<BufferId, std::string> fresh;
    BufferMask present;
    BufferMask resolved;

    friend bool operator==(const ShownPoint&, const ShownPoint&) = default;
};

inline std::string text_of(const std::vector<ShownPoint>& points) {
    std::string out;
    for (const ShownPoint& p : points) {
        out += p.direction == Direction::kToServer ? "> " : "< ";
        out += p.start ? "start " : "";
        out += p.end ? "end " : "";
        for (const auto& [id, bytes] : p.fresh) {
            out += std::to_string(index_of(id)) + "=" + bytes + " ";
        }
        out += "\n";
    }
    return out;
}

template <typename Parser, typename State>
class ParserTalk {
  public:
    // The stream stage keeps 'history' bytes before the fresh ones.
    explicit ParserTalk(Parser& parser, std::size_t history = std::size_t{16} * 1024)
        : parser_(parser), history_(history) {}

    ~ParserTalk() { parser_.release(state_); }

    ParserTalk(const ParserTalk&) = delete;
    ParserTalk& operator=(const ParserTalk&) = delete;

    void send(Direction d, std::string_view bytes, bool end = false) {
        if (gave_up_) {
            return;
        }
        std::string& sent = sent_[index_of(d)];
        sent += bytes;
        const std::size_t from = sent.size() - std::min(sent.size(), history_ + bytes.size());
        // A buffer of its own size, so that a sanitizer sees a read past it.
        const std::vector<std::uint8_t> window(sent.begin() + static_cast<std::ptrdiff_t>(from),
                                               sent.end());
        stream::StreamChunk chunk;
        chunk.flow = &flow_;
        chunk.direction = d;
        chunk.window = window;
        chunk.fresh = static_cast<std::uint32_t>(bytes.size());
        chunk.offset = lost_[index_of(d)] + from;
        chunk.gap = gap_;
        chunk.end = end;
        gap_ = false;
        parser_.begin(state_, chunk, counters_);
        app::InspectionPoint point;
        while (parser_.next(point)) {
            read(point, d);
        }
        gave_up_ = parser_.gave_up();
    }

    void send_cut(Direction d, std::string_view bytes, std::size_t piece, bool end = false) {
        for (std::size_t i = 0; i < bytes.size(); i += piece) {
            send(d, bytes.substr(i, piece), end && i + piece >= bytes.size());
        }
    }

    void lose(Direction d, std::size_t bytes) {
        lost_[index_of(d)] += bytes + sent_[index_of(d)].size();
        sent_[index_of(d)].clear();
        gap_ = true;
    }

    const std::vector<ShownPoint>& points() const { return points_; }

    // What all points of a direction showed of a buffer, each value once, "|" between them.
    std::string seen(Direction d, BufferId id) const {
        std::string out;
        bool any = false;
        for (const ShownPoint& p : points_) {
            const auto at = p.fresh.find(id);
            if (p.direction == d && at != p.fresh.end() && (!any || at->second != last_of(out))) {
                out += (any ? "|" : "") + at->second;
                any = true;
            }
        }
        return any ? out : "<absent>";
    }

    std::uint64_t counted(packet::Reason r) const { return counters_[static_cast<std::size_t>(r)]; }

    bool gave_up() const { return gave_up_; }

    flow::Flow& flow() { return flow_; }

    const State& state() const { return state_; }

    // What broke an invariant of points; empty if nothing did.
    const std::string& broken() const { return broken_; }

  private:
    static std::string last_of(const std::string& list) {
        const std::size_t at = list.rfind('|');
        return at == std::string::npos ? list : list.substr(at + 1);
    }

    void read(const app::InspectionPoint& point, Direction d) {
        ShownPoint shown;
        shown.direction = point.direction;
        shown.start = point.tx_start;
        shown.end = point.tx_end;
        shown.present = point.present;
        shown.resolved = point.resolved;
        check(point.flow == &flow_ && point.direction == d && point.buffers != nullptr, "whose");
        check((point.fresh & ~point.present).empty(), "fresh without being present");
        check(point.tx_start == !started_[index_of(d)], "start once");
        check(!ended_[index_of(d)], "a point behind the last");
        started_[index_of(d)] = true;
        ended_[index_of(d)] = point.tx_end;
        for (BufferMask left = point.present; !left.empty(); left.drop_first()) {
            const app::BufferView& v = point.view(left.first());
            check(v.complete && v.offset == 0 && v.fresh == v.bytes.size(), "a whole buffer");
            if (point.fresh.has(left.first())) {
                shown.fresh[left.first()] = std::string(v.bytes.begin(), v.bytes.end());
            }
        }
        points_.push_back(std::move(shown));
    }

    void check(bool ok, const char* what) {
        if (!ok && broken_.empty()) {
            broken_ = what;
        }
    }

    Parser& parser_;
    std::size_t history_;
    State state_;
    flow::Flow flow_;
    packet::ReasonCounters counters_{};
    std::array<std::string, 2> sent_;
    std::array<std::uint64_t, 2> lost_{};
    std::array<bool, 2> started_{};
    std::array<bool, 2> ended_{};
    std::vector<ShownPoint> points_;
    std::string broken_;
    bool gap_ = false;
    bool gave_up_ = false;
};

}  // namespace sluice::test
