// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/app/conversation_maker.h"

#include "tests/unit/app/compress.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace sluice::test {
namespace {

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    MadeConversation make() {
        MadeConversation out;
        const unsigned n = below(5) + 1;
        for (unsigned i = 0; i < n; ++i) {
            exchange(out, i + 1 == n);
        }
        if (below(4) == 0) {
            damage(out.client);
        }
        if (below(4) == 0) {
            damage(out.server);
        }
        return out;
    }

  private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    template <std::size_t N>
    const char* pick(const std::array<const char*, N>& from) {
        return from[below(N)];
    }

    std::string line_end() { return below(8) == 0 ? "\n" : "\r\n"; }

    std::string body(unsigned limit) {
        std::string out;
        const unsigned n = below(limit);
        while (out.size() < n) {
            out += static_cast<char>(below(20) == 0 ? below(256) : 'a' + below(26));
        }
        return out;
    }

    std::string chunked(const std::string& text) {
        std::string out;
        for (std::size_t pos = 0; pos < text.size();) {
            const std::size_t n =
                std::min<std::size_t>(text.size() - pos, 1 + below(below(2) == 0 ? 9 : 3000));
            std::array<char, 32> size{};
            (void)std::snprintf(size.data(), size.size(), below(2) == 0 ? "%zx" : "%04zX", n);
            out += size.data() + std::string(below(6) == 0 ? ";ext=1" : "") + line_end();
            out += text.substr(pos, n) + line_end();
            pos += n;
        }
        out += "0" + line_end();
        out += below(4) == 0 ? "Trailer: x" + line_end() : std::string();
        return out + line_end();
    }

    std::string fields() {
        static constexpr std::array<const char*, 14> kFields = {"Host: www.Example.com:80",
                                                                "User-Agent: Mozilla/5.0",
                                                                "Cookie: a=b",
                                                                "Set-Cookie: c=d; Path=/",
                                                                "X-Dup: 1",
                                                                "x-dup:  2 ",
                                                                "Server : nginx",
                                                                "Accept:*/*",
                                                                "no colon here",
                                                                "X-Fold: a\r\n  b\r\n\tc",
                                                                "Empty:",
                                                                "Location: /x",
                                                                "Content-Type: text/html",
                                                                "Connection: keep-alive"};
        std::string out;
        for (unsigned i = below(7); i > 0; --i) {
            out += pick(kFields) + line_end();
        }
        return out;
    }

    std::string with_body(std::string text, bool last, bool may_close) {
        std::string coding;
        if (below(3) == 0) {
            static constexpr std::array<const char*, 4> kCodings = {
                "gzip", "deflate", "X-GZIP , deflate", "identity,gzip,gzip"};
            coding = std::string("Content-Encoding: ") + pick(kCodings) + line_end();
            for (unsigned i = below(3); i > 0; --i) {
                static constexpr std::array<int, 3> kBits = {kGzipBits, kZlibBits, kRawBits};
                text = compressed(text, kBits[below(3)]);
            }
            if (below(4) == 0) {
                text += compressed(body(100), kGzipBits);  // one more member, or bytes behind
            }
            if (below(4) == 0) {
                damage(text);
            }
        }
        switch (below(may_close && last ? 3 : 2)) {
            case 0:
                return coding + "Content-Length: " + std::to_string(text.size()) + line_end() +
                       fields() + line_end() + text;
            case 1:
                return coding + "Transfer-Encoding: chunked" + line_end() + line_end() +
                       chunked(text);
            default:
                return coding + fields() + line_end() + text;
        }
    }

    // Parts, some of them files, with what looks like a boundary in them.
    std::string form() {
        static constexpr std::array<const char*, 6> kFields = {
            "Content-Disposition: form-data; name=t", "Content-Disposition: x; filename=\"a;b\"",
            "content-disposition:x;\r\n\tfilename=c", "Content-Type: text/plain",
            "Content-Disposition: x; filename=\"\"",  "no colon"};
        static constexpr std::array<const char*, 5> kBytes = {"\r\n", "--bo", "--bound", "\r", "-"};
        std::string out = below(3) == 0 ? body(50) + line_end() : std::string();
        for (unsigned i = below(5); i > 0; --i) {
            out += "--bound" + line_end();
            for (unsigned k = below(3); k > 0; --k) {
                out += pick(kFields) + line_end();
            }
            out += line_end();
            for (unsigned k = below(6); k > 0; --k) {
                out += below(3) == 0 ? body(below(9) == 0 ? 9000 : 40) : std::string(pick(kBytes));
            }
            out += line_end();
        }
        return out + (below(4) == 0 ? std::string() : "--bound--" + line_end());
    }

    void exchange(MadeConversation& out, bool last) {
        static constexpr std::array<const char*, 6> kMethods = {"GET",     "POST", "HEAD",
                                                                "OPTIONS", "PUT",  "FOO"};
        static constexpr std::array<const char*, 7> kTargets = {
            "/",    "/a/../b%2f?x=%41", "http://H.com:1/p//q",
            "*",    "/%c0%ae%c0%ae/e",  "/index.html#f",
            "//\\x"};
        static constexpr std::array<const char*, 7> kStatus = {
            "200 OK", "204 No Content", "304 Not Modified", "404",
            "200",    "100 Continue",   "500 Oh no"};
        if (last && below(12) == 0) {
            out.client += below(2) == 0 ? "CONNECT h.com:443 HTTP/1.1\r\n\r\n" : "GET /nine\r\n";
            out.server += below(2) == 0 ? "HTTP/1.1 200 fine\r\n\r\n" : "tunnel or page";
            if (below(2) == 0) {
                exchange(out, true);  // in the tunnel, if it was one
                return;
            }
            out.client += body(200);
            out.server += body(200);
            return;
        }
        const std::string method = pick(kMethods);
        out.client += below(10) == 0 ? "\r\n" : "";
        out.client += method + " " + pick(kTargets) + " HTTP/1.1" + line_end() + fields();
        if (method == "POST" && below(2) == 0) {
            out.client += "Content-Type: multipart/form-data; boundary=bound" + line_end();
            out.client += with_body(form(), last, false);
        } else {
            out.client += method == "POST" || method == "PUT" ? with_body(body(5000), last, false)
                                                              : line_end();
        }
        const std::string status = pick(kStatus);
        out.server += "HTTP/1.1 " + status + line_end() + fields();
        const bool none = method == "HEAD" || status[0] == '1' || status == "204 No Content" ||
                          status == "304 Not Modified";
        out.server += none ? line_end() : with_body(body(below(6) == 0 ? 60000 : 3000), last, true);
        if (status[0] == '1') {
            out.server += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        }
    }

    void damage(std::string& bytes) {
        for (unsigned i = below(3) + 1; i > 0 && !bytes.empty(); --i) {
            const std::size_t at = below(static_cast<unsigned>(bytes.size()));
            switch (below(4)) {
                case 0:
                    bytes[at] = static_cast<char>(below(256));
                    break;
                case 1:
                    bytes.erase(at, below(20));
                    break;
                case 2:
                    bytes.insert(at, body(20));
                    break;
                default:
                    bytes.resize(at);
                    break;
            }
        }
    }

    std::mt19937_64 random_;
};

}  // namespace

MadeConversation make_conversation(std::uint64_t seed) {
    return Maker(seed).make();
}

}  // namespace sluice::test
