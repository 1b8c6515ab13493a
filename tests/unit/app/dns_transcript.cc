// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/app/dns_transcript.h"

#include <algorithm>

namespace sluice::test {
namespace {

std::string text_of(Bytes b) {
    return {b.begin(), b.end()};
}

bool is_dns_buffer(BufferId b) {
    return (b >= BufferId::kDnsQuery && b <= BufferId::kDnsRrtype) || b == BufferId::kAppEvents;
}

// It takes no number.
bool was_unreadable(const DnsShown& m) {
    return m.buffers.count(BufferId::kDnsOpcode) == 0;
}

}  // namespace

DnsTalk::DnsTalk(app::AppStage& stage, std::uint16_t server_port) : stage_(stage) {
    flow_.client_port = 40000;
    flow_.server_port = server_port;
}

DnsTalk::~DnsTalk() {
    stage_.release(flow_);
}

void DnsTalk::send(Direction d, std::string_view bytes, bool end, std::size_t lost) {
    flow_.ip_proto = packet::kProtoTcp;
    std::string& sent = sent_[index_of(d)];
    std::uint64_t& from = kept_from_[index_of(d)];
    if (lost != 0) {
        from += sent.size() + lost;
        sent.clear();
    } else if (sent.size() > kHistory) {
        from += sent.size() - kHistory;
        sent.erase(0, sent.size() - kHistory);
    }
    sent.append(bytes);
    // A copy of exact size, so that a sanitizer sees every step beyond it.
    const std::vector<std::uint8_t> window(sent.begin(), sent.end());
    stream::StreamChunk chunk;
    chunk.flow = &flow_;
    chunk.direction = d;
    chunk.window = window;
    chunk.fresh = static_cast<std::uint32_t>(bytes.size());
    chunk.offset = from;
    chunk.gap = lost != 0;
    chunk.end = end;
    stage_.begin(chunk, counters_);
    read_points();
}

void DnsTalk::send_cut(Direction d, std::string_view bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        send(d, bytes.substr(at, piece));
    }
}

void DnsTalk::datagram(Direction d, std::string_view payload) {
    flow_.ip_proto = packet::kProtoUdp;
    flow_.count(index_of(d), 0);
    std::vector<std::uint8_t> bytes(payload.begin(), payload.end());
    packet::Packet p;
    p.data = bytes.data();
    p.len = static_cast<std::uint32_t>(bytes.size());
    p.payload_len = p.len;
    p.ip_proto = packet::kProtoUdp;
    p.flow = &flow_;
    p.direction = d;
    const bool up = d == Direction::kToServer;
    p.src_port = up ? flow_.client_port : flow_.server_port;
    p.dst_port = up ? flow_.server_port : flow_.client_port;
    if (app::AppStage::wants_datagrams(flow_)) {
        stage_.begin(p, counters_);
        read_points();
    }
}

void DnsTalk::read_points() {
    app::InspectionPoint point;
    while (stage_.next(point)) {
        if (flow_.app == AppProto::kDns) {  // else the bytes were another protocol's
            read(point);
        }
    }
}

void DnsTalk::read(const app::InspectionPoint& p) {
    check(p.flow == &flow_, "flow");
    check(p.tx_start && p.tx_end, "a message is a transaction");
    check(shown_.empty() || p.tx_id > shown_.back().tx_id ||
              (p.tx_id == shown_.back().tx_id && was_unreadable(shown_.back())),
          "transactions count up");
    check(p.fresh == p.present, "all is new");
    check((p.present & ~p.resolved).empty(), "what is present is resolved");
    DnsShown& m = shown_.emplace_back();
    m.direction = p.direction;
    m.tx_id = p.tx_id;
    for (BufferMask left = p.present; !left.empty(); left.drop_first()) {
        const BufferId id = left.first();
        const app::BufferView& v = p.view(id);
        check(is_dns_buffer(id), "buffer of another protocol");
        check(v.complete && v.offset == 0 && v.fresh == v.bytes.size(), "buffers are whole");
        std::vector<std::string>& out = m.buffers[id];
        out.push_back(text_of(v.bytes));
        std::transform(v.more.begin(), v.more.end(), std::back_inserter(out), text_of);
    }
}

void DnsTalk::check(bool ok, const char* what) {
    if (!ok && broken_.empty()) {
        broken_ = std::string(what) + " at message " + std::to_string(shown_.size());
    }
}

std::vector<DnsShown> DnsTalk::shown(Direction d) const {
    std::vector<DnsShown> out;
    std::copy_if(shown_.begin(), shown_.end(), std::back_inserter(out),
                 [d](const DnsShown& m) { return m.direction == d; });
    return out;
}

std::string to_text(const std::vector<DnsShown>& shown) {
    std::string out;
    for (const DnsShown& m : shown) {
        out += (m.direction == Direction::kToServer ? "> tx " : "< tx ") + std::to_string(m.tx_id);
        for (const auto& [id, instances] : m.buffers) {
            for (const std::string& bytes : instances) {
                out += "\n  " + std::to_string(index_of(id)) + " [" + std::to_string(bytes.size()) +
                       "] " + bytes.substr(0, 200);
            }
        }
        out += "\n";
    }
    return out;
}

}  // namespace sluice::test
