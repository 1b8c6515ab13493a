// SPDX-License-Identifier: Apache-2.0
// sluice-corpus: the captures that tools/bench measures on, and floods.
#include "tools/corpus/flood.h"
#include "tools/corpus/frames.h"
#include "tools/corpus/sink.h"
#include "tools/corpus/text.h"

#include <CLI/CLI.hpp>

#include <arpa/inet.h>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::corpus {

namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kPushAck = 0x18;
constexpr std::uint8_t kFinAck = 0x11;
constexpr std::size_t kMss = 1460;

Endpoint client(std::uint32_t n) {
    return {0xc0a80000U + n % 65000 + 1,
            static_cast<std::uint16_t>(20000 + n / 65000 * 7 + n % 40000)};
}

// One HTTP connection that can be advanced a step at a time, so that many are in flight at once.
class Conversation {
  public:
    Conversation(std::uint32_t n, Random& random)
        : client_(client(n)),
          server_{0x5db80000U + random.below(60000), 80},
          left_(1 + random.below(5)),
          client_seq_(static_cast<std::uint32_t>(random.next())),
          server_seq_(static_cast<std::uint32_t>(random.next())) {}

    bool done() const { return done_; }

    // Sends the next segment or two.
    void step(FrameWriter& out, Random& random) {
        if (!open_) {
            handshake(out);
        } else if (sent_ < body_.size()) {
            send_response_piece(out);
        } else if (left_ > 0) {
            request(out, random);
        } else {
            close(out);
        }
    }

  private:
    void handshake(FrameWriter& out) {
        out.tcp(client_, server_, {client_seq_++, 0, kSyn}, {});
        out.tcp(server_, client_, {server_seq_++, client_seq_, kSyn | kAck}, {});
        out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
        open_ = true;
    }

    void request(FrameWriter& out, Random& random) {
        --left_;
        const auto kind =
            random.below(10) < 4 ? BodyKind::kPicture : static_cast<BodyKind>(random.below(4));
        const bool post = random.below(100) < 8;
        const std::string form =
            post ? make_body(random, BodyKind::kJson, 100 + random.below(900)) : std::string();
        std::string head =
            (post ? "POST " : "GET ") + make_target(random, kind) +
            " HTTP/1.1\r\nHost: " + make_host(random) +
            "\r\nUser-Agent: " + pick_user_agent(random) +
            "\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: "
            "en-US,en;q=0.5\r\n"
            "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n";
        if (post) {
            head +=
                "Content-Type: application/json\r\nContent-Length: " + std::to_string(form.size()) +
                "\r\n";
        }
        head += "\r\n" + form;
        for (std::size_t at = 0; at < head.size(); at += kMss) {
            const std::string_view piece = std::string_view(head).substr(at, kMss);
            out.tcp(client_, server_, {client_seq_, server_seq_, kPushAck}, piece);
            client_seq_ += static_cast<std::uint32_t>(piece.size());
        }
        static constexpr std::size_t kSizes[] = {1024,  1024,  1024,  1024,  16384,
                                                 16384, 16384, 65536, 65536, 262144};
        const std::string content =
            make_body(random, kind, kSizes[random.below(10)] + random.below(512));
        body_ =
            "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 14 Nov 2023 22:13:20 "
            "GMT\r\nContent-Type: " +
            std::string(content_type(kind)) +
            "\r\nContent-Length: " + std::to_string(content.size()) +
            "\r\nConnection: keep-alive\r\nCache-Control: max-age=3600\r\n\r\n" + content;
        sent_ = 0;
    }

    void send_response_piece(FrameWriter& out) {
        for (int i = 0; i < 2 && sent_ < body_.size(); ++i) {
            const std::string_view piece = std::string_view(body_).substr(sent_, kMss);
            out.tcp(server_, client_, {server_seq_, client_seq_, kAck}, piece);
            server_seq_ += static_cast<std::uint32_t>(piece.size());
            sent_ += piece.size();
        }
        out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
    }

    void close(FrameWriter& out) {
        out.tcp(client_, server_, {client_seq_++, server_seq_, kFinAck}, {});
        out.tcp(server_, client_, {server_seq_++, client_seq_, kFinAck}, {});
        out.tcp(client_, server_, {client_seq_, server_seq_, kAck}, {});
        done_ = true;
    }

    Endpoint client_;
    Endpoint server_;
    std::uint32_t left_;
    std::uint32_t client_seq_;
    std::uint32_t server_seq_;
    std::string body_;
    std::size_t sent_ = 0;
    bool open_ = false;
    bool done_ = false;
};

void write_http(FrameWriter& out, Random& random, std::uint64_t bytes) {
    std::deque<Conversation> active;
    std::uint32_t flows = 0;
    while (out.bytes() < bytes || !active.empty()) {
        while (active.size() < 200 && out.bytes() < bytes) {
            active.emplace_back(flows++, random);
        }
        std::swap(active[random.below(static_cast<std::uint32_t>(active.size()))], active.front());
        active.front().step(out, random);
        if (active.front().done()) {
            active.pop_front();
        }
    }
}

void write_small(FrameWriter& out, Random& random, std::uint64_t bytes) {
    constexpr std::uint32_t kFlows = 100'000;
    const Endpoint server{0x5db80001, 443};
    std::vector<std::uint32_t> seq(kFlows);
    for (std::uint32_t i = 0; i < kFlows; ++i) {
        seq[i] = static_cast<std::uint32_t>(random.next());
        out.tcp(client(i), server, {seq[i]++, 0, kSyn}, {});
        out.tcp(server, client(i), {7000, seq[i], kSyn | kAck}, {});
        out.tcp(client(i), server, {seq[i], 7001, kAck}, {});
    }
    while (out.bytes() < bytes) {
        const std::uint32_t i = random.below(kFlows);
        if (random.below(2) != 0) {
            out.tcp(client(i), server, {seq[i], 7001, kAck}, {});
        } else {
            out.tcp(server, client(i), {7001, seq[i], kAck}, {});
        }
    }
}

void write_imix(FrameWriter& out, Random& random, std::uint64_t bytes) {
    constexpr std::uint32_t kHeaders = 14 + 20 + 8;
    static constexpr std::uint32_t kSizes[12] = {60, 60,  60,  60,  60,  60,
                                                 60, 590, 590, 590, 590, 1514};
    const std::string text = make_body(random, BodyKind::kHtml, 1 << 20);
    const std::string noise = make_body(random, BodyKind::kPicture, 1 << 20);
    while (out.bytes() < bytes) {
        const std::uint32_t i = random.below(50'000);
        const Endpoint a = client(i);
        const Endpoint b{0x5db90000U + i % 997, static_cast<std::uint16_t>(20000 + i % 30000)};
        const std::uint32_t size = kSizes[random.below(12)] - kHeaders;
        const std::string& source = random.below(2) != 0 ? text : noise;
        const std::string_view payload =
            std::string_view(source).substr(random.below((1 << 20) - 2048), size);
        if (random.below(2) != 0) {
            out.udp(a, b, payload);
        } else {
            out.udp(b, a, payload);
        }
    }
}

struct Options {
    std::string kind;
    std::string path;
    std::string interface;
    std::uint32_t rate = 50'000;
    std::uint64_t megabytes = 500;
    std::uint64_t seed = 1;
    std::string server;
    std::string mac;
    FloodOptions flood;
};

void add_options(CLI::App& app, Options& o) {
    app.add_option("kind", o.kind, "http, small, imix, synflood or fragflood")
        ->required()
        ->check(CLI::IsMember({"http", "small", "imix", "synflood", "fragflood"}));
    auto* file = app.add_option("-o,--output", o.path, "file to write; - for standard output");
    auto* wire = app.add_option("--interface", o.interface, "send the frames there instead");
    app.add_option("--rate", o.rate, "frames a second, with --interface")
        ->check(CLI::Range(1U, 10'000'000U))
        ->needs(wire);
    file->excludes(wire);
    app.add_option("--megabytes", o.megabytes, "http, small, imix: about this many frame bytes");
    app.add_option("--seed", o.seed, "same seed, same bytes");
    app.add_option("--count", o.flood.count, "floods: frames, each from a source of its own")
        ->check(CLI::Range(0U, 1U << 27));
    app.add_flag("--one-source", o.flood.one_source, "floods: all from one source");
    app.add_option("--syn-data", o.flood.syn_data, "synflood: bytes in each SYN")
        ->check(CLI::Range(0U, 1400U));
    app.add_option("--connections", o.flood.connections,
                   "floods: honest HTTP connections among it; every second one sends an attack")
        ->check(CLI::Range(0U, 30'000U));
    app.add_flag("--fragment-requests", o.flood.fragment_requests,
                 "floods: their second request comes in IP fragments");
    app.add_option("--tail", o.flood.tail_seconds, "floods: seconds of silence behind it");
    app.add_option("--server", o.server, "floods: IPv4 address of the server")
        ->check(CLI::ValidIPV4);
    app.add_option("--mac", o.mac, "destination MAC address");
}

// False: not of the form 02:00:00:00:00:02.
bool parse_mac(const std::string& text, MacAddress& out) {
    unsigned b[6];
    char more = 0;
    if (std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4],
                    &b[5], &more) != 6) {
        return false;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(b[i]);
    }
    return true;
}

std::uint32_t parse_ipv4(const std::string& text) {
    in_addr address{};
    inet_pton(AF_INET, text.c_str(), &address);
    return ntohl(address.s_addr);
}

void write(FrameWriter& out, const Options& o) {
    Random random(o.seed);
    const std::uint64_t bytes = o.megabytes * 1'000'000;
    if (o.kind == "http") {
        write_http(out, random, bytes);
    } else if (o.kind == "small") {
        write_small(out, random, bytes);
    } else if (o.kind == "imix") {
        write_imix(out, random, bytes);
    } else if (o.kind == "synflood") {
        write_syn_flood(out, random, o.flood);
    } else {
        write_fragment_flood(out, random, o.flood);
    }
}

int run(Options& o) {
    if (o.path.empty() == o.interface.empty()) {
        std::fprintf(stderr, "sluice-corpus: where to? give -o FILE or --interface NAME\n");
        return 2;
    }
    if (!o.server.empty()) {
        o.flood.server.address = parse_ipv4(o.server);
    }
    const std::unique_ptr<FrameSink> sink =
        o.interface.empty() ? open_capture(o.path) : open_interface(o.interface, o.rate);
    FrameWriter out(*sink);
    MacAddress mac{};
    if (!o.mac.empty()) {
        if (!parse_mac(o.mac, mac)) {
            std::fprintf(stderr, "sluice-corpus: '%s' is no MAC address: write 02:00:00:00:00:02\n",
                         o.mac.c_str());
            return 2;
        }
        out.set_destination_mac(mac);
    }
    write(out, o);
    std::fprintf(stderr, "%s: %llu frames, %llu bytes\n",
                 (o.interface.empty() ? o.path : o.interface).c_str(),
                 static_cast<unsigned long long>(out.frames()),
                 static_cast<unsigned long long>(out.bytes()));
    return 0;
}

}  // namespace

}  // namespace sluice::corpus

int main(int argc, char** argv) {
    CLI::App app{
        "Writes a capture for tools/bench, or a flood.\nExample: sluice-corpus http -o http.pcap "
        "--megabytes 500\n         sluice-corpus synflood -o - | sluice replay --pcap - ..."};
    sluice::corpus::Options options;
    sluice::corpus::add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    return sluice::corpus::run(options);
}
