// SPDX-License-Identifier: Apache-2.0
// Feeds the two streams of a connection to one parser (begin(), next(), release()) cut as told,
// checks at every point what holds for all, and writes down what each point showed. Two transcripts
// of the same bytes must be equal however they were cut; points of a transaction with a streaming
// buffer count as one. Single thread.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"
#include "tests/support/lone_flow.h"

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
    std::uint64_t tx_id = 0;
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
        if (gave_up_ || handed_over_) {
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
            read(point);
        }
        gave_up_ = parser_.gave_up();
        if constexpr (requires { Parser::handover(state_); }) {
            handed_over_ = Parser::handover(state_).done;
        }
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

    // The rest is another protocol's: in each direction what lies behind 'consumed'.
    bool handed_over() const { return handed_over_; }

    flow::Flow& flow() { return flow_; }

    const State& state() const { return state_; }

    // What broke an invariant of points; empty if nothing did.
    const std::string& broken() const { return broken_; }

  private:
    // Of the transaction at hand, by direction.
    struct Progress {
        std::uint64_t tx_id = 0;
        bool started = false;
        bool ended = false;
        std::map<BufferId, std::string> streams;
    };

    static std::string last_of(const std::string& list) {
        const std::size_t at = list.rfind('|');
        return at == std::string::npos ? list : list.substr(at + 1);
    }

    void read(const app::InspectionPoint& point) {
        const Direction d = point.direction;
        ShownPoint shown;
        shown.direction = point.direction;
        shown.tx_id = point.tx_id;
        shown.start = point.tx_start;
        shown.end = point.tx_end;
        shown.present = point.present;
        shown.resolved = point.resolved;
        check(point.flow == &flow_ && point.buffers != nullptr, "whose");
        check((point.fresh & ~point.present).empty(), "fresh without being present");
        Progress& at = progress_[index_of(d)];
        if (at.ended && point.tx_id > at.tx_id) {
            at = {};
            at.tx_id = point.tx_id;
        }
        check(point.tx_id == at.tx_id, "one transaction after the other");
        check(point.tx_start == !at.started, "start once");
        check(!at.ended, "a point behind the last");
        at.started = true;
        at.ended = point.tx_end;
        bool streams = false;
        for (BufferMask left = point.present; !left.empty(); left.drop_first()) {
            const app::BufferView& v = point.view(left.first());
            const bool fresh = point.fresh.has(left.first());
            if (is_streaming_buffer(left.first())) {
                streams = true;
                check(v.fresh <= v.bytes.size(), "no more fresh bytes than bytes");
                std::string& all = at.streams[left.first()];
                check(v.offset + v.bytes.size() == all.size() + v.fresh, "a stream without gaps");
                check(all.size() - v.offset == v.bytes.size() - v.fresh &&
                          all.compare(v.offset, std::string::npos,
                                      std::string(v.bytes.begin(), v.bytes.end() - v.fresh)) == 0,
                      "history as it was shown");
                const std::string more(v.bytes.end() - v.fresh, v.bytes.end());
                all += more;
                if (fresh) {
                    shown.fresh[left.first()] = more;
                }
                continue;
            }
            check(v.complete && v.offset == 0 && v.fresh == v.bytes.size(), "a whole buffer");
            if (fresh) {
                shown.fresh[left.first()] = std::string(v.bytes.begin(), v.bytes.end());
            }
        }
        if (streams && !point.tx_start && append_to_last(shown)) {
            return;
        }
        points_.push_back(std::move(shown));
    }

    // Adds to the transaction's last point what this one shows. False: there is none.
    bool append_to_last(const ShownPoint& more) {
        for (std::size_t i = points_.size(); i-- > 0;) {
            ShownPoint& last = points_[i];
            if (last.direction != more.direction) {
                continue;
            }
            if (last.tx_id != more.tx_id) {
                return false;
            }
            for (const auto& [id, bytes] : more.fresh) {
                last.fresh[id] += bytes;
            }
            last.end = more.end;
            last.present = more.present;
            last.resolved = more.resolved;
            return true;
        }
        return false;
    }

    void check(bool ok, const char* what) {
        if (!ok && broken_.empty()) {
            broken_ = what;
        }
    }

    Parser& parser_;
    std::size_t history_;
    State state_;
    LoneFlow flow_memory_;
    flow::Flow& flow_ = *flow_memory_;
    packet::ReasonCounters counters_{};
    std::array<std::string, 2> sent_;
    std::array<std::uint64_t, 2> lost_{};
    std::array<Progress, 2> progress_;
    std::vector<ShownPoint> points_;
    std::string broken_;
    bool gap_ = false;
    bool gave_up_ = false;
    bool handed_over_ = false;
};

}  // namespace sluice::test
