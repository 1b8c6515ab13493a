// SPDX-License-Identifier: Apache-2.0
// Bytes -> the segments of one TCP connection, through StreamStage inline and as a tap, each beside
// a naive reassembler: a map of bytes in which the first copy wins. What the stage hands on must be
// that map's contiguous bytes, at once and no more; inline, nothing goes on to the receiver that it
// may still take and that differs. Memory is ample here; want of it is stream_fuzz's matter. A
// stage is used again once it is empty: making one costs more than a run.
#include "tests/support/tcp_conversation.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace sluice;
using packet::Reason;

constexpr int kMaxSteps = 100;  // times the largest step in the stream: less than a window

// Which of the two copies of every byte there are.
char byte_at(std::int64_t place, bool other) {
    return static_cast<char>(((static_cast<std::uint64_t>(place) * 2654435761U) >> 9) ^
                             (other ? 0x55U : 0U));
}

// One direction as a naive reader of the segments sees it. Places are offsets in the stream.
struct Naive {
    static constexpr std::int16_t kMissing = -1;
    std::vector<std::int16_t> bytes;
    std::int64_t acked = 0;
    std::optional<std::int64_t> fin;
    std::size_t compared = 0;

    bool has(std::int64_t place) const {
        return place >= 0 && place < static_cast<std::int64_t>(bytes.size()) &&
               bytes[static_cast<std::size_t>(place)] != kMissing;
    }

    void take(std::int64_t begin, std::string_view text, std::size_t delivered) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::int64_t place = begin + static_cast<std::int64_t>(i);
            // What was given up (a gap) stays so.
            if (place >= static_cast<std::int64_t>(delivered) && !has(place)) {
                const auto at = static_cast<std::size_t>(place);
                bytes.resize(std::max(bytes.size(), at + 1), kMissing);
                bytes[at] = static_cast<std::uint8_t>(text[i]);
            }
        }
    }

    // All that was handed on since the last call; the rest up to the next hole must be among it.
    void compare(const std::string& delivered) {
        for (; compared < delivered.size(); ++compared) {
            const auto place = static_cast<std::int64_t>(compared);
            if (has(place)) {
                SLUICE_CHECK(bytes[compared] == static_cast<std::uint8_t>(delivered[compared]));
            } else {
                SLUICE_CHECK(place < acked);  // given up: the receiver has it from elsewhere
            }
        }
        SLUICE_CHECK(!has(static_cast<std::int64_t>(compared)));
    }

    // What the receiver may still take of a segment is what was inspected, or waits to be.
    void receive(std::int64_t begin, std::string_view text, bool has_fin) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::int64_t place = begin + static_cast<std::int64_t>(i);
            if (place >= acked) {
                SLUICE_CHECK(has(place));
                SLUICE_CHECK(bytes[static_cast<std::size_t>(place)] ==
                             static_cast<std::uint8_t>(text[i]));
                SLUICE_CHECK(!fin || place < *fin);
            }
        }
        const std::int64_t end = begin + static_cast<std::int64_t>(text.size());
        if (has_fin) {
            SLUICE_CHECK(!fin || *fin == end);
            SLUICE_CHECK(static_cast<std::int64_t>(bytes.size()) <= end);
        }
    }
};

struct Step {
    Direction direction = Direction::kToServer;
    bool relative = false;  // to what was delivered
    bool other = false;
    bool has_ts = false;
    bool honest_ack = false;
    std::int64_t place = 0;
    std::int64_t ack = 0;
    std::size_t size = 0;
    std::uint8_t flags = 0;
    std::uint8_t extra = 0;
    Nanos wait;
};

Step read_step(Cursor& in) {
    const std::uint8_t control = in.u8();
    const std::uint16_t place = in.be16().host();
    const std::uint8_t size = in.u8();
    const std::uint8_t flags = in.u8();
    const std::uint16_t ack = in.be16().host();
    Step s;
    s.direction = (control & 1) != 0 ? Direction::kToClient : Direction::kToServer;
    s.relative = (control & 2) == 0;
    s.other = (control & 4) != 0;
    s.has_ts = (control & 8) != 0;
    s.honest_ack = (control & 16) == 0;
    s.place = s.relative ? static_cast<std::int8_t>(place) / 2 : place & 0x0fff;
    s.ack = s.honest_ack ? static_cast<std::int8_t>(ack) / 16
                         : std::int64_t{ack} * ((control & 32) != 0 ? 4 : 1);
    s.size = size & 0x3f;
    s.flags = static_cast<std::uint8_t>(flags ^ packet::kTcpAck);  // zero: a plain ACK
    if ((s.flags & packet::kTcpSyn) != 0) {                        // what decode lets through
        s.flags &= static_cast<std::uint8_t>(~(packet::kTcpFin | packet::kTcpRst));
    } else if ((s.flags & packet::kTcpRst) != 0) {
        s.flags &= static_cast<std::uint8_t>(~packet::kTcpFin);
    }
    s.extra = in.u8();
    s.wait = seconds((control & 64) != 0 ? 1 : 0) + seconds((control & 128) != 0 ? 90 : 0);
    return s;
}

class Run {
  public:
    Run(stream::StreamStage& stage, const stream::StreamConfig& config, std::uint8_t choice)
        : stage_(stage), config_(config), tcp_(stage, config) {
        if ((choice & 1) != 0) {
            isn_ = {0xfffffff0, 0xffff8000};
        }
        shake_hands(choice);
    }

    // False: what follows is another connection, or none.
    bool step(const Step& s) {
        const std::size_t d = index_of(s.direction);
        const Direction back = opposite(s.direction);
        Naive& naive = naive_[d];
        const bool syn = (s.flags & packet::kTcpSyn) != 0;
        const auto delivered = static_cast<std::int64_t>(tcp_.delivered(s.direction).size());
        const std::int64_t place = s.place + (s.relative ? delivered : 0);
        const std::int64_t ack =
            s.ack + (s.honest_ack ? static_cast<std::int64_t>(tcp_.delivered(back).size()) : 0);
        text_.clear();
        for (std::size_t i = 0; i < s.size && !(syn && !config_.inline_mode); ++i) {
            text_ += byte_at(place + static_cast<std::int64_t>(i), s.other);
        }
        // The number of a SYN is that of no byte.
        const std::int64_t begin = syn ? place + 1 : place;
        tcp_.now = tcp_.now + s.wait;
        const packet::ReasonCounters before = tcp_.counters;
        const stream::StreamStats stats = stage_.stats();
        const test::SegmentResult r =
            tcp_.send({.direction = s.direction,
                       .seq = isn_[d] + 1 + static_cast<std::uint32_t>(place),
                       .ack = isn_[index_of(back)] + 1 + static_cast<std::uint32_t>(ack),
                       .flags = s.flags,
                       .payload = text_,
                       .window = static_cast<std::uint16_t>(0xffff >> (s.extra & 15)),
                       .ts = s.has_ts ? std::optional(1000U + s.extra / 4U) : std::nullopt});
        SLUICE_CHECK(config_.inline_mode || !r.packet.dropped());
        ends_ += r.ends;
        if (stage_.stats().resets != stats.resets || stage_.stats().resyncs != stats.resyncs) {
            return false;
        }
        const bool reset = (s.flags & packet::kTcpRst) != 0;
        const bool believed = !reset && !refused(before);  // its ACK, too
        const bool taken = believed && !r.packet.dropped() && !rose(before, Reason::tcp_after_fin);
        const bool fin = (s.flags & packet::kTcpFin) != 0;
        if (fin && !config_.inline_mode && rose(before, Reason::tcp_overlap_differs)) {
            return false;  // its bytes or its FIN: from outside we cannot tell
        }
        if (taken) {
            naive.take(begin, text_, static_cast<std::size_t>(delivered));
        }
        if (taken && config_.inline_mode) {
            SLUICE_CHECK(!rose(before, Reason::tcp_overlap_unverified));
            naive.receive(begin, text_, fin);
        }
        if (taken && fin && !naive.fin) {
            naive.fin = begin + static_cast<std::int64_t>(text_.size());
        }
        if (believed && (s.flags & packet::kTcpAck) != 0) {
            naive_[index_of(back)].acked = std::max(naive_[index_of(back)].acked, ack);
        }
        for (const Direction each : {Direction::kToServer, Direction::kToClient}) {
            naive_[index_of(each)].compare(tcp_.delivered(each));
        }
        return true;
    }

    void finish() {
        stage_.release(tcp_.flow);
        SLUICE_CHECK(stage_.stats().streams == 0);
        SLUICE_CHECK(stage_.stats().held_bytes == 0);
    }

  private:
    void shake_hands(std::uint8_t choice) {
        const std::int8_t shift = (choice & 2) != 0 ? 3 : -1;
        const auto ts = (choice & 4) != 0 ? std::optional(1000U) : std::nullopt;
        tcp_.send({.seq = isn_[0], .flags = packet::kTcpSyn, .wscale = shift, .ts = ts});
        tcp_.send({.direction = Direction::kToClient,
                   .seq = isn_[1],
                   .ack = isn_[0] + 1,
                   .flags = packet::kTcpSyn | packet::kTcpAck,
                   .wscale = shift,
                   .ts = ts});
        if ((choice & 8) == 0) {
            tcp_.send({.seq = isn_[0] + 1, .ack = isn_[1] + 1, .ts = ts});
        }
    }

    bool rose(const packet::ReasonCounters& before, Reason r) const {
        return tcp_.count(r) != before[static_cast<std::size_t>(r)];
    }

    // By its numbers and flags, as a tap says it: nothing is dropped there.
    bool refused(const packet::ReasonCounters& before) const {
        for (const Reason r :
             {Reason::tcp_out_of_window, Reason::tcp_old_timestamp, Reason::tcp_bad_ack,
              Reason::tcp_bad_flags, Reason::tcp_syn_differs, Reason::tcp_after_rst}) {
            if (rose(before, r)) {
                return true;
            }
        }
        return false;
    }

    stream::StreamStage& stage_;
    stream::StreamConfig config_;
    test::TcpConversation tcp_;
    std::array<std::uint32_t, 2> isn_ = {1000, 5000};
    std::array<Naive, 2> naive_;
    std::string text_;
    std::uint32_t ends_ = 0;
};

stream::StreamConfig ample(bool inline_mode) {
    stream::StreamConfig c;
    c.inline_mode = inline_mode;
    c.arena_bytes = std::size_t{8} << 20;
    c.max_streams = 8;
    c.max_held_segments = 1024;
    return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::array configs = {ample(true), ample(false)};
    static std::array stages = {std::make_unique<stream::StreamStage>(configs[0]),
                                std::make_unique<stream::StreamStage>(configs[1])};
    for (std::size_t mode = 0; mode < 2; ++mode) {
        Cursor in(Bytes(data, size));
        Run run(*stages[mode], configs[mode], in.u8());
        for (int n = 0; n < kMaxSteps && in.remaining() >= 8; ++n) {
            if (!run.step(read_step(in))) {
                break;
            }
        }
        run.finish();
    }
    return 0;
}
