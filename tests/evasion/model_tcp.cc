// SPDX-License-Identifier: Apache-2.0
// The TCP half of ModelReceiver.
#include "tests/evasion/model_receiver.h"

namespace sluice::evasion {

namespace {

constexpr std::uint32_t kLenientWindow = 1U << 20;
constexpr std::uint32_t kStrictWindow = 65535;

std::uint32_t be32(Bytes b, std::size_t at) {
    return std::uint32_t{b[at]} << 24 | std::uint32_t{b[at + 1]} << 16 |
           std::uint32_t{b[at + 2]} << 8 | b[at + 3];
}

}  // namespace

struct ModelReceiver::Tcp {
    explicit Tcp(Bytes b)
        : source(static_cast<std::uint16_t>(b[0] << 8 | b[1])),
          target(static_cast<std::uint16_t>(b[2] << 8 | b[3])),
          seq(be32(b, 4)),
          ack(be32(b, 8)),
          flags(b[13]),
          urgent(static_cast<std::uint16_t>(b[18] << 8 | b[19])) {
        const std::size_t header = (b[12] >> 4) * 4U;
        valid = header >= 20 && header <= b.size();
        if (valid) {
            payload = b.subspan(header);
            read_options(b.subspan(20, header - 20));
        }
    }

    void read_options(Bytes o) {
        while (o.size() >= 2 && o[0] != 0) {
            const std::size_t size = o[0] == 1 ? 1 : o[1];
            if (size == 0 || size > o.size()) {
                return;
            }
            if (o[0] == 8 && size == 10) {
                timestamps = true;
                ts = be32(o, 2);
            }
            wscale = o[0] == 3 && size == 3 ? o[2] : wscale;
            sack = sack || o[0] == 4;
            md5 = md5 || o[0] == 19;
            o = o.subspan(size);
        }
    }

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }

    std::uint16_t source;
    std::uint16_t target;
    std::uint32_t seq;
    std::uint32_t ack;
    std::uint8_t flags;
    std::uint16_t urgent;
    bool valid = false;
    Bytes payload;
    bool timestamps = false;
    bool sack = false;
    bool md5 = false;
    int wscale = -1;
    std::uint32_t ts = 0;
};

void ModelReceiver::tcp(Bytes l4, const Ends& ends) {
    const Tcp t(l4);
    if (!t.valid) {
        return;
    }
    const std::string key = ends.from + std::to_string(t.source);
    const auto found = connections_.find(key);
    if (t.has(packet::kTcpSyn) && !t.has(packet::kTcpAck)) {
        if (found == connections_.end() || found->second.closed) {
            Connection& c = connections_[key];
            streams_ += stream_of(c);  // of the one that this replaces
            c = {};
            syn(c, t, ends);
        }
        return;
    }
    if (found == connections_.end() || found->second.closed) {
        return;
    }
    Connection& c = found->second;
    if (t.has(packet::kTcpRst)) {
        c.closed = t.seq == c.next + c.delivered;
        return;
    }
    if (!acceptable(c, t)) {
        return;
    }
    if (t.timestamps && t.seq == c.next + c.delivered) {
        c.newest_ts = t.ts;
    }
    data(c, t);
    if (!t.payload.empty() || t.has(packet::kTcpFin)) {
        answer(c, t, ends, packet::kTcpAck);
    }
}

void ModelReceiver::syn(Connection& c, const Tcp& t, const Ends& ends) {
    c.next = t.seq + 1;
    c.timestamps = t.timestamps;
    c.newest_ts = t.ts;
    if (!traits_.strict) {
        Tcp as_data = t;  // a receiver that takes data from a SYN (Fast Open)
        as_data.seq = t.seq + 1;
        data(c, as_data);
    }
    answer(c, t, ends, packet::kTcpSyn | packet::kTcpAck);
}

bool ModelReceiver::acceptable(const Connection& c, const Tcp& t) const {
    if (!traits_.strict) {
        return true;
    }
    const bool old =
        c.timestamps && t.timestamps && static_cast<std::int32_t>(t.ts - c.newest_ts) < 0;
    return t.has(packet::kTcpAck) && !t.has(packet::kTcpSyn) && t.ack == isn_ + 1 && !old && !t.md5;
}

void ModelReceiver::data(Connection& c, const Tcp& t) {
    const std::uint32_t begin = t.seq - c.next;
    const std::uint32_t window = traits_.strict ? kStrictWindow : kLenientWindow;
    for (std::uint32_t i = 0; i < t.payload.size(); ++i) {
        const std::uint32_t at = begin + i;
        // What the application has is never changed, what is beyond the window or a FIN not taken.
        if (at < c.delivered || at - c.delivered >= window || at >= c.fin) {
            continue;
        }
        if (traits_.last_copy_wins) {
            c.bytes[at] = t.payload[i];
        } else {
            c.bytes.emplace(at, t.payload[i]);
        }
        if (t.has(packet::kTcpUrg) && t.urgent != 0 && i + 1 == t.urgent) {
            c.urgent.insert(at);
        }
    }
    while (c.bytes.count(c.delivered) != 0) {
        ++c.delivered;
    }
    if (t.has(packet::kTcpFin) && begin < kLenientWindow) {
        c.fin = begin + static_cast<std::uint32_t>(t.payload.size());
    }
    c.closed = c.closed || c.delivered == c.fin;
}

void ModelReceiver::answer(const Connection& c, const Tcp& t, const Ends& ends,
                           std::uint8_t flags) {
    Reply r;
    r.to = ends.from;
    r.port = t.source;
    r.own_port = t.target;
    r.flags = flags;
    const bool is_syn = (flags & packet::kTcpSyn) != 0;
    r.seq = is_syn ? isn_ : isn_ + 1;
    r.ack = c.next + c.delivered + (c.closed ? 1 : 0);
    r.timestamps = c.timestamps;
    r.echo = c.newest_ts;
    r.sack = is_syn && t.sack;
    r.wscale = is_syn && t.wscale >= 0 ? 7 : -1;
    replies.push_back(r);
}

}  // namespace sluice::evasion
