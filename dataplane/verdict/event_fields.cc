// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/event_fields.h"

#include <algorithm>
#include <string_view>

namespace sluice::verdict {

namespace {

// Texts one after the other, each cut to 'longest' but the last, which gets what is left.
template <std::size_t N, std::size_t Room>
void pack(const std::array<Bytes, N>& texts, std::size_t longest,
          std::array<std::uint16_t, N>& lengths, std::array<char, Room>& out) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < N; ++i) {
        const std::size_t most = i + 1 == N ? out.size() : longest;
        const std::size_t n = std::min({texts[i].size(), most, out.size() - at});
        std::copy_n(texts[i].begin(), n, out.begin() + static_cast<std::ptrdiff_t>(at));
        lengths[i] = static_cast<std::uint16_t>(n);
        at += n;
    }
}

Bytes bytes_of(const abi::HttpFields& http, abi::HttpText which) {
    const std::string_view text = text_of(http, which);
    const void* first = text.data();
    return {static_cast<const std::uint8_t*>(first), text.size()};
}

abi::TcpPhase tcp_phase(const flow::Flow& f) {
    using abi::TcpPhase;
    const flow::TcpHalf& client = f.half[index_of(Direction::kToServer)];
    const flow::TcpHalf& server = f.half[index_of(Direction::kToClient)];
    if (f.state == flow::FlowState::kNew) {
        if (!client.seen && !server.seen) {
            return TcpPhase::kNone;
        }
        if (f.midstream) {
            return TcpPhase::kEstablished;
        }
        return client.seen && server.seen ? TcpPhase::kSynReceived : TcpPhase::kSynSent;
    }
    const bool reset = (f.closing & flow::kClosingReset) != 0;
    if (f.state == flow::FlowState::kClosed && (reset || !client.fin || !server.fin)) {
        return TcpPhase::kClosed;
    }
    if (client.fin && server.fin) {
        const bool acked = server.acked == server.next && client.acked == client.next;
        return acked ? TcpPhase::kClosed : TcpPhase::kLastAck;
    }
    if (client.fin) {
        return TcpPhase::kCloseWait;
    }
    return server.fin ? TcpPhase::kFinWait1 : TcpPhase::kEstablished;
}

abi::FlowPhase phase_of(flow::FlowState state) {
    switch (state) {
        case flow::FlowState::kNew:
            return abi::FlowPhase::kNew;
        case flow::FlowState::kEstablished:
            return abi::FlowPhase::kEstablished;
        case flow::FlowState::kClosed:
            break;
    }
    return abi::FlowPhase::kClosed;
}

abi::FlowEnd end_of(flow::FlowEnd end) {
    switch (end) {
        case flow::FlowEnd::kTimeout:
            return abi::FlowEnd::kTimeout;
        case flow::FlowEnd::kEvicted:
            return abi::FlowEnd::kEvicted;
        case flow::FlowEnd::kReused:
            return abi::FlowEnd::kReused;
        case flow::FlowEnd::kShutdown:
            break;
    }
    return abi::FlowEnd::kShutdown;
}

}  // namespace

void fill(const app::HttpSummary& http, abi::HttpFields& out) {
    constexpr std::size_t kLongest = 192;  // so that a kilobyte of the URL is certain to fit
    out.response = http.response;
    out.status = http.status;
    out.length = http.length;
    const std::array<Bytes, abi::HttpFields::kTexts> texts = {
        http.method,     http.protocol, http.host,     http.host_raw, http.content_type,
        http.user_agent, http.referer,  http.location, http.uri};
    pack(texts, kLongest, out.text_length, out.text);
    out.known = out.status != 0 || http.response ||
                std::any_of(out.text_length.begin(), out.text_length.end(),
                            [](std::uint16_t n) { return n != 0; });
}

// The request as it was kept, with what is known of the response now.
void add_response(const abi::HttpFields& request, app::HttpSummary response, abi::HttpFields& out) {
    response.method = bytes_of(request, abi::HttpText::kMethod);
    response.host = bytes_of(request, abi::HttpText::kHost);
    response.host_raw = bytes_of(request, abi::HttpText::kHostRaw);
    response.user_agent = bytes_of(request, abi::HttpText::kUserAgent);
    response.referer = bytes_of(request, abi::HttpText::kReferer);
    response.uri = bytes_of(request, abi::HttpText::kUrl);
    response.protocol = bytes_of(request, abi::HttpText::kProtocol);
    fill(response, out);
}

// What a certificate or a host can sensibly need.
abi::TlsFields fields_of(const app::TlsSummary& tls) {
    constexpr std::size_t kLongest = 256;
    abi::TlsFields out;
    out.version = tls.version;
    out.has_certificate = !tls.serial.empty() || !tls.fingerprint.empty();
    out.not_before = static_cast<std::int64_t>(tls.not_before);
    out.not_after = static_cast<std::int64_t>(tls.not_after);
    const std::array<Bytes, abi::TlsFields::kTexts> texts = {
        tls.sni,      tls.subject,   tls.issuer, tls.serial,      tls.fingerprint,
        tls.ja3_hash, tls.ja3s_hash, tls.ja4,    tls.ja3s_string, tls.ja3_string};
    pack(texts, kLongest, out.length, out.text);
    return out;
}

void fill(const flow::Flow& f, const Now& now, abi::FlowFields& out) {
    out.last_ns = now.wall.count - (now.time.count - f.last_seen.count);
    out.tcp_flags = f.tcp_flags;
    out.end = end_of(f.rest().end);
    out.tcp = tcp_phase(f);
    // Picked up midstream counts as established, one side seen or both.
    out.phase = f.state == flow::FlowState::kNew && out.tcp == abi::TcpPhase::kEstablished
                    ? abi::FlowPhase::kEstablished
                    : phase_of(f.state);
    out.alerted = f.rest().alerted;
    out.dropped = f.verdict == flow::FlowVerdict::kDrop;
    out.passed = f.verdict == flow::FlowVerdict::kPass;
    out.answered = !f.silent(index_of(Direction::kToClient));
}

}  // namespace sluice::verdict
