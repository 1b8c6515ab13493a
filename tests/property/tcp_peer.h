// SPDX-License-Identifier: Apache-2.0
// TcpPeer: one end of a TCP connection as real ones are (RFC 9293, 7323, 5681's retransmissions):
// handshake, windows that close, delayed ACKs, timeouts, keep-alives, FIN or RST. What was lost is
// cut anew when it is sent again. It shares no code with the data plane. Test support; allocates.
// One thread.
#pragma once

#include "tests/property/tcp_script.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

using Time = std::int64_t;  // ns

inline constexpr Time kMs = 1'000'000;

struct TcpSegment {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;
    int mss = -1;
    int wscale = -1;
    bool sack_permitted = false;
    std::optional<std::pair<std::uint32_t, std::uint32_t>> timestamps;  // value, echo
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sacks;
    std::string payload;

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

enum class Farewell : std::uint8_t { kFin, kFinAfterPeer, kReset };

// How an end behaves; chosen once.
struct Habits {
    bool timestamps = false;
    int wscale = -1;
    bool sack = false;
    bool last_copy_wins = false;  // of bytes that wait behind a hole
    bool delayed_acks = false;
    bool keepalive_garbage = false;  // one byte of it, RFC 9293 section 3.8.4
    bool probe_with_data = false;    // of a zero window: the next byte, or none
    bool random_cuts = false;        // segments of any size, not of the largest
    std::size_t mss = 1400;
    std::size_t buffer = 65535;   // the receive window
    std::size_t burst = 8;        // segments in flight
    std::size_t speak_after = 0;  // bytes received before it says anything
    std::size_t pause_reading_at = ~std::size_t{0};
    std::size_t pause_sending_at = ~std::size_t{0};
    Time pause = 0;
    std::uint32_t isn = 0;
    std::uint32_t ts_base = 0;
    Farewell farewell = Farewell::kFin;
};

class TcpPeer {
  public:
    // 'rng' is borrowed.
    TcpPeer(const Habits& habits, std::string to_send, std::size_t peer_size, Rng& rng);

    void connect(Time now);

    void take(const TcpSegment& s, Time now);

    // When tick() has something to do.
    Time next_timer() const;
    void tick(Time now);

    // To be sent; the caller takes them away.
    std::vector<TcpSegment> out;

    const std::string& received() const { return received_; }

    // Nothing more to be said or to be heard.
    bool done() const;

    bool was_reset() const { return state_ == State::kReset; }

    bool gave_up() const { return failures_ > kMaxFailures; }

  private:
    static constexpr Time kNever = INT64_MAX;
    static constexpr int kMaxFailures = 40;  // in a row; real ones give up at 5 to 15
    static constexpr Time kRto = 200 * kMs;

    enum class State : std::uint8_t { kClosed, kSynSent, kSynReceived, kOpen, kReset };

    std::uint32_t stream_seq(std::size_t at) const {
        return habits_.isn + 1 + static_cast<std::uint32_t>(at);
    }

    void take_syn(const TcpSegment& s, Time now);
    void agree(const TcpSegment& s);
    void take_reset(const TcpSegment& s, Time now);
    bool too_old(const TcpSegment& s);
    void take_ack(const TcpSegment& s, Time now);
    void acked_more(std::size_t una, Time now);
    void take_data(const TcpSegment& s);
    void deliver(Time now);
    void pump(Time now);
    bool may_close() const;
    void send_at(std::size_t at, std::size_t most, Time now);
    void send_ack(Time now);
    void send_syn(Time now);
    void acknowledge(const TcpSegment& s, bool in_order, Time now);
    void keepalive(Time now);
    void time_out(Time now);
    void read();
    std::size_t window(Time now);
    TcpSegment segment(std::uint32_t seq, std::uint8_t flags, Time now);

    std::size_t everything() const { return text_.size() + (fin_sent_ ? 1 : 0); }

    Habits habits_;
    std::string text_;
    std::size_t peer_size_;
    Rng& rng_;
    State state_ = State::kClosed;
    bool client_ = false;

    // Sending. Offsets in the stream; the FIN is the byte behind the last.
    std::size_t una_ = 0;
    std::size_t next_ = 0;
    std::size_t recover_ = 0;     // retransmitting until this is acknowledged
    std::size_t peer_right_ = 0;  // may send up to here
    int duplicate_acks_ = 0;
    bool fin_sent_ = false;
    int failures_ = 0;
    Time rto_at_ = kNever;
    Time keepalive_at_ = kNever;
    Time send_again_at_ = 0;  // end of a pause
    bool paused_sending_ = false;
    int peer_wscale_ = 0;
    bool scaled_ = false;

    // Receiving.
    std::uint32_t peer_isn_ = 0;
    std::string received_;
    std::map<std::size_t, char> early_;
    std::size_t fin_at_ = ~std::size_t{0};
    bool fin_taken_ = false;
    std::size_t right_ = 0;  // of the window as announced
    std::size_t read_ = 0;   // by the application
    Time read_again_at_ = kNever;
    bool paused_reading_ = false;
    Time ack_at_ = kNever;
    int own_wscale_ = 0;
    bool ts_on_ = false;
    bool sack_on_ = false;
    std::uint32_t ts_recent_ = 0;
    std::uint32_t last_ack_sent_ = 0;
};

}  // namespace sluice::test
