// SPDX-License-Identifier: Apache-2.0
#include "tests/property/talk.h"

#include <algorithm>
#include <cstdio>

namespace sluice::test {

namespace {

double some(Rng& rng, double most) {
    return once_in(rng, 2) ? 0 : most * static_cast<double>(below(rng, 1000)) / 1000;
}

Texts http_texts(Rng& rng) {
    Texts t;
    t.http = true;
    const std::size_t requests = 1 + below(rng, 3);
    for (std::size_t i = 0; i < requests; ++i) {
        t.client += "GET /" + random_text(rng, below(rng, 60)) +
                    " HTTP/1.1\r\nHost: " + random_text(rng, 3) +
                    "\r\nX-A: " + random_text(rng, 9) + "\r\n\r\n";
        const std::string body = random_text(rng, below(rng, 400));
        if (once_in(rng, 2)) {
            t.server += "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body;
        } else {
            char size[16];
            std::snprintf(size, sizeof size, "%zx\r\n", body.size());
            t.server += "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                        (body.empty() ? "" : size + body + "\r\n") + "0\r\n\r\n";
        }
    }
    return t;
}

Habits random_habits(Rng& rng, std::size_t size) {
    Habits h;
    h.timestamps = !once_in(rng, 3);
    h.wscale = once_in(rng, 3) ? -1 : static_cast<int>(below(rng, 9));
    h.sack = !once_in(rng, 3);
    h.last_copy_wins = once_in(rng, 2);
    h.delayed_acks = once_in(rng, 2);
    h.keepalive_garbage = once_in(rng, 2);
    h.probe_with_data = once_in(rng, 2);
    h.random_cuts = size < 3000 && once_in(rng, 2);
    h.mss = std::max<std::size_t>(1 + below(rng, 1400), size / 20);
    h.buffer = once_in(rng, 3) ? std::max<std::size_t>(size / 8, 50 + below(rng, 2000)) : 65535;
    while (h.wscale > 0 && h.buffer >> h.wscale < 32) {
        --h.wscale;  // a window must be worth announcing
    }
    h.burst = 1 + below(rng, 12);
    h.isn = once_in(rng, 4) ? 0xffffff80U : static_cast<std::uint32_t>(rng());
    h.ts_base = once_in(rng, 4) ? 0xffffff00U : static_cast<std::uint32_t>(rng());
    if (once_in(rng, 4)) {
        h.pause_reading_at = below(rng, size + 1);
        h.pause_sending_at = below(rng, size + 1);
        h.pause = static_cast<Time>(below(rng, 2000)) * kMs;
    }
    return h;
}

}  // namespace

std::string random_text(Rng& rng, std::size_t n) {
    constexpr std::string_view kLetters = "abcdABxy01";
    std::string out;
    while (out.size() < n) {
        out += kLetters[below(rng, kLetters.size())];
    }
    return out;
}

bool once_in(Rng& rng, std::size_t n) {
    return below(rng, n) == 0;
}

Ends random_ends(Rng& rng) {
    Ends e;
    e.v6 = once_in(rng, 3);
    if (e.v6) {
        e.client = "2001:db8:1::1";
        e.server = "2001:db8:2::1";
    }
    e.client_port = static_cast<std::uint16_t>(10'000 + below(rng, 40'000));
    e.server_port = once_in(rng, 2) ? 80 : 8000;
    e.vlan = once_in(rng, 8) ? 7 : -1;
    if (once_in(rng, 4)) {
        e.around = static_cast<Around>(1 + below(rng, 3));
        e.outer_v6 = once_in(rng, 3);
    }
    return e;
}

Faults random_faults(Rng& rng) {
    Faults f;
    f.lost_before = some(rng, 0.15);
    f.lost_after = some(rng, 0.15);
    f.copied = some(rng, 0.1);
    f.delayed = some(rng, 0.3);
    f.longest_delay = static_cast<Time>(1 + below(rng, 12)) * kMs;
    f.gather = once_in(rng, 2) ? static_cast<Time>(below(rng, 5)) * kMs : 0;
    return f;
}

Cutting random_cutting(Rng& rng) {
    Cutting c;
    c.chance = once_in(rng, 2) ? 0 : some(rng, 1);
    c.outer = 0.5;
    c.again = once_in(rng, 4) ? 0.3 : 0;
    c.smallest = 8 * (1 + below(rng, 100));
    c.order = static_cast<CutOrder>(below(rng, 3));
    return c;
}

Texts random_texts(Rng& rng, const std::vector<RuleSpec>& to_server,
                   const std::vector<RuleSpec>& to_client) {
    if (once_in(rng, 3)) {
        return http_texts(rng);
    }
    Texts t;
    t.client = random_stream(rng, to_server);
    t.server = once_in(rng, 5) ? "" : random_stream(rng, to_client);
    return t;
}

Pair random_pair(Rng& rng, const Texts& t) {
    Pair p{random_habits(rng, t.client.size()), random_habits(rng, t.server.size())};
    if (t.http || once_in(rng, 3)) {
        p.server.speak_after = t.client.size();
        p.client.farewell = once_in(rng, 2) ? Farewell::kFinAfterPeer : Farewell::kFin;
    } else if (once_in(rng, 2)) {
        p.client.farewell = Farewell::kFinAfterPeer;
    }
    if (once_in(rng, 5)) {
        (once_in(rng, 2) ? p.client : p.server).farewell = Farewell::kReset;
    }
    if (p.server.farewell == Farewell::kReset && p.client.farewell == Farewell::kFinAfterPeer) {
        p.client.farewell = Farewell::kFin;
    }
    return p;
}

Habits undisturbed(Habits h) {
    h.mss = 1400;
    h.buffer = 65535;
    h.burst = 64;
    h.random_cuts = h.delayed_acks = false;
    h.pause_reading_at = h.pause_sending_at = ~std::size_t{0};
    return h;
}

}  // namespace sluice::test
