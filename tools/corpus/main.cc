// SPDX-License-Identifier: Apache-2.0
// sluice-corpus: the captures that tools/bench measures on.
#include "tools/corpus/frames.h"
#include "tools/corpus/text.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <deque>
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

}  // namespace

}  // namespace sluice::corpus

int main(int argc, char** argv) {
    CLI::App app{
        "Writes a capture for tools/bench.\nExample: sluice-corpus http -o http.pcap --megabytes "
        "500"};
    std::string kind;
    std::string path;
    std::uint64_t megabytes = 500;
    std::uint64_t seed = 1;
    app.add_option("kind", kind, "http, small or imix")
        ->required()
        ->check(CLI::IsMember({"http", "small", "imix"}));
    app.add_option("-o,--output", path, "file to write")->required();
    app.add_option("--megabytes", megabytes, "about this many frame bytes");
    app.add_option("--seed", seed, "same seed, same bytes");
    CLI11_PARSE(app, argc, argv);
    sluice::corpus::FrameWriter out(path.c_str());
    sluice::corpus::Random random(seed);
    const std::uint64_t bytes = megabytes * 1'000'000;
    if (kind == "http") {
        sluice::corpus::write_http(out, random, bytes);
    } else if (kind == "small") {
        sluice::corpus::write_small(out, random, bytes);
    } else {
        sluice::corpus::write_imix(out, random, bytes);
    }
    std::fprintf(stderr, "%s: %llu frames, %llu bytes\n", path.c_str(),
                 static_cast<unsigned long long>(out.frames()),
                 static_cast<unsigned long long>(out.bytes()));
    return 0;
}
