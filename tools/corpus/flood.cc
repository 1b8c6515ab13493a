// SPDX-License-Identifier: Apache-2.0
#include "tools/corpus/flood.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::corpus {

namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kPushAck = 0x18;
constexpr std::uint8_t kFinAck = 0x11;
constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kMss = 1460;

// One source for each n below 2^27, in no order: 16.0.0.0 to 23.255.255.255.
std::uint32_t spoofed(std::uint64_t n) {
    constexpr std::uint64_t kMask = (1U << 27) - 1;
    return 0x10000000U + static_cast<std::uint32_t>((n * 0x9e3779b1U + 0x51ed27) & kMask);
}

// A page, then a request that signatures/rules/demo.rules blocks, or one that differs from it in a
// word.
class Exchange {
  public:
    static constexpr int kSteps = 9;
    static constexpr int kOpenSteps = 5;  // until the first page has come

    Exchange(std::uint32_t n, const FloodOptions& options, Random& random)
        : client_{0x0a010001U + n, static_cast<std::uint16_t>(30000 + n % 30000)},
          server_(options.server),
          fragments_(options.fragment_requests),
          closes_(n % 8 < 6),
          client_seq_(static_cast<std::uint32_t>(random.next())),
          server_seq_(static_cast<std::uint32_t>(random.next())),
          page_(make_body(random, BodyKind::kHtml, 2000 + random.below(3000))),
          second_("GET /sluice-test-" + std::string(n / 2 % 2 == 0 ? "block" : "plain") +
                  "?n=" + std::to_string(n) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n") {}

    void step(FrameWriter& out) {
        switch (step_++) {
            case 0:
                out.tcp(client_, server_, {client_seq_++, 0, kSyn}, {});
                return;
            case 1:
                out.tcp(server_, client_, {server_seq_++, client_seq_, kSyn | kAck}, {});
                return;
            case 2:
                out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
                return;
            case 3:
                ask(out, "GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n");
                return;
            case 4:
            case 7:
                answer(out);
                return;
            case 5:
                if (!fragments_) {
                    ask(out, std::string_view(second_).substr(0, kCut));
                }
                return;
            case 6:
                finish_second(out);
                return;
            default:
                close(out);
                return;
        }
    }

  private:
    static constexpr std::size_t kCut = 12;  // within what the rule looks for

    void ask(FrameWriter& out, std::string_view text) {
        out.tcp(client_, server_, {client_seq_, server_seq_, kPushAck}, text);
        client_seq_ += static_cast<std::uint32_t>(text.size());
    }

    void finish_second(FrameWriter& out) {
        if (!fragments_) {
            ask(out, std::string_view(second_).substr(kCut));
            return;
        }
        out.tcp_in_fragments(client_, server_, {client_seq_, server_seq_, kPushAck}, second_);
        client_seq_ += static_cast<std::uint32_t>(second_.size());
    }

    void answer(FrameWriter& out) {
        const std::string response =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " +
            std::to_string(page_.size()) + "\r\n\r\n" + page_;
        for (std::size_t at = 0; at < response.size(); at += kMss) {
            const std::string_view piece = std::string_view(response).substr(at, kMss);
            out.tcp(server_, client_, {server_seq_, client_seq_, kAck}, piece);
            server_seq_ += static_cast<std::uint32_t>(piece.size());
        }
        out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
    }

    void close(FrameWriter& out) {
        if (!closes_) {
            return;
        }
        out.tcp(client_, server_, {client_seq_++, server_seq_, kFinAck}, {});
        out.tcp(server_, client_, {server_seq_++, client_seq_, kFinAck}, {});
        out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
    }

    Endpoint client_;
    Endpoint server_;
    bool fragments_;
    bool closes_;
    std::uint32_t client_seq_;
    std::uint32_t server_seq_;
    std::string page_;
    std::string second_;
    int step_ = 0;
};

// A step of a connection, before the flood's frame number 'at'.
struct Event {
    std::uint64_t at;
    std::size_t connection;
};

// Where the steps of connection n lie: those of even ones until the first page before the flood,
// the middle of the second request within it, the rest behind it; those of odd ones within it.
void schedule(std::size_t n, std::uint64_t count, Random& random, std::vector<Event>& events) {
    const std::uint64_t place = random.next() % 1'000'000;
    const std::uint64_t apart = std::min<std::uint64_t>(count / 100, 500);
    for (int step = 0; step < Exchange::kSteps; ++step) {
        std::uint64_t at = count * place / 1'000'000;
        if (n % 2 == 0 && step < Exchange::kOpenSteps) {
            at = 0;
        } else if (n % 2 == 0 && step > Exchange::kOpenSteps) {
            at = count;
        } else if (n % 2 != 0) {
            at = std::min(at + apart * static_cast<std::uint64_t>(step), count);
        }
        events.push_back({at, n});
    }
}

void write_flood(FrameWriter& out, Random& random, const FloodOptions& options,
                 const std::function<void(std::uint64_t)>& frame) {
    std::vector<Exchange> connections;
    std::vector<Event> events;
    for (std::uint32_t n = 0; n < options.connections; ++n) {
        connections.emplace_back(n, options, random);
        schedule(n, options.count, random, events);
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.at < b.at; });
    auto next = events.begin();
    for (std::uint64_t n = 0; n <= options.count; ++n) {
        for (; next != events.end() && next->at == n; ++next) {
            connections[next->connection].step(out);
        }
        if (n < options.count) {
            frame(n);
        }
    }
    if (options.tail_seconds != 0) {
        constexpr int kTicks = 128;  // two batches
        out.wait_seconds(options.tail_seconds);
        for (int i = 0; i < kTicks; ++i) {
            out.tick();
        }
    }
}

}  // namespace

void write_syn_flood(FrameWriter& out, Random& random, const FloodOptions& options) {
    Random noise(random.next());
    const std::string data = make_body(noise, BodyKind::kHtml, options.syn_data);
    write_flood(out, random, options, [&](std::uint64_t n) {
        const std::uint64_t port = options.one_source ? n % 64000 : noise.below(64000);
        const Endpoint from{spoofed(options.one_source ? 0 : n),
                            static_cast<std::uint16_t>(1024 + port)};
        out.tcp(from, options.server, {static_cast<std::uint32_t>(noise.next()), 0, kSyn}, data);
    });
}

void write_fragment_flood(FrameWriter& out, Random& random, const FloodOptions& options) {
    static constexpr std::size_t kSizes[] = {24, 512, 1400};
    Random sizes(random.next());
    const std::string noise = make_body(sizes, BodyKind::kPicture, 1 << 16);
    write_flood(out, random, options, [&](std::uint64_t n) {
        const std::uint64_t source = options.one_source ? 0 : n;
        const auto id = static_cast<std::uint32_t>(n / 2);
        const std::string_view payload =
            std::string_view(noise).substr(sizes.below(1 << 15), kSizes[sizes.below(3)]);
        if (n % 2 == 0) {
            // 16 bits of id: another receiver when they are used up, so that no two meet.
            const Endpoint to{options.server.address + (id >> 16), 0};
            out.ipv4_fragment({spoofed(source), 0}, to, kUdp, {id, 0, true}, payload);
        } else {
            const Ipv6Address from{0x20010db8, spoofed(source), 0, 1};
            out.ipv6_fragment(from, {0x20010db8, 0, 0, 1}, kUdp, {id, 0, true}, payload);
        }
    });
}

}  // namespace sluice::corpus
