// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/app/tls_maker.h"

#include <algorithm>
#include <random>

namespace sluice::test {
namespace {

constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;

std::string hello_head(const HelloSpec& s) {
    return be(s.version, 2) + s.random + be(s.session_id.size(), 1) + s.session_id;
}

std::string hello_tail(const HelloSpec& s) {
    return s.with_extensions ? be(s.extensions.size(), 2) + s.extensions : std::string();
}

std::string oid(std::initializer_list<int> bytes) {
    std::string out;
    for (const int b : bytes) {
        out += static_cast<char>(b);
    }
    return out;
}

}  // namespace

std::string be(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = bytes; i > 0; --i) {
        out += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
    }
    return out;
}

std::string tls_record(std::uint8_t type, const std::string& body, std::uint16_t version) {
    return be(type, 1) + be(version, 2) + be(body.size(), 2) + body;
}

std::string tls_records(std::uint8_t type, const std::string& body, std::size_t piece) {
    std::string out;
    for (std::size_t i = 0; i < body.size(); i += piece) {
        out += tls_record(type, body.substr(i, piece));
    }
    return out;
}

std::string handshake(std::uint8_t type, const std::string& body) {
    return be(type, 1) + be(body.size(), 3) + body;
}

std::string extension(std::uint16_t type, const std::string& body) {
    return be(type, 2) + be(body.size(), 2) + body;
}

std::string sni_extension(const std::string& name) {
    return extension(0, be(name.size() + 3, 2) + be(0, 1) + be(name.size(), 2) + name);
}

std::string alpn_extension(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& n : names) {
        list += be(n.size(), 1) + n;
    }
    return extension(16, be(list.size(), 2) + list);
}

std::string list_extension(std::uint16_t type, const std::vector<std::uint16_t>& values) {
    std::string list;
    for (const std::uint16_t v : values) {
        list += be(v, 2);
    }
    return extension(type, be(list.size(), type == 43 ? 1 : 2) + list);
}

std::string client_hello(const HelloSpec& s) {
    std::string ciphers;
    for (const std::uint16_t c : s.ciphers) {
        ciphers += be(c, 2);
    }
    return handshake(
        1, hello_head(s) + be(ciphers.size(), 2) + ciphers + be(1, 1) + be(0, 1) + hello_tail(s));
}

std::string server_hello(const HelloSpec& s) {
    return handshake(2, hello_head(s) + be(s.ciphers.at(0), 2) + be(0, 1) + hello_tail(s));
}

std::string certificate_message(const std::vector<std::string>& chain) {
    std::string list;
    for (const std::string& c : chain) {
        list += be(c.size(), 3) + c;
    }
    return handshake(11, be(list.size(), 3) + list);
}

std::string usual_extensions() {
    return sni_extension("www.Example.com") + list_extension(10, {0x1a1a, 29, 23, 24}) +
           extension(11, be(3, 1) + be(0, 1) + be(1, 1) + be(2, 1)) +
           list_extension(13, {0x0403, 0x0804}) + alpn_extension({"h2", "http/1.1"});
}

std::string der(std::uint8_t tag, const std::string& body) {
    std::string length = be(body.size(), 1);
    if (body.size() > 0xff) {
        length = be(0x82, 1) + be(body.size(), 2);
    } else if (body.size() > 0x7f) {
        length = be(0x81, 1) + be(body.size(), 1);
    }
    return be(tag, 1) + length + body;
}

std::string der_name(const std::vector<Rdn>& rdns) {
    std::string out;
    for (const Rdn& rdn : rdns) {
        std::string set;
        for (const NamePart& p : rdn) {
            set += der(0x30, der(0x06, p.oid) + der(p.tag, p.value));
        }
        out += der(0x31, set);
    }
    return der(0x30, out);
}

std::string common_name(const std::string& text) {
    return der_name({{{oid({0x55, 4, 3}), 0x0c, text}}});
}

std::string certificate(const CertSpec& s) {
    const std::string algorithm =
        der(0x30, der(0x06, oid({0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11})) + der(5, ""));
    const std::string key = der(0x30, algorithm + der(3, std::string(70, 'k')));
    std::string names;
    for (const auto& [tag, value] : s.alt_names) {
        names += der(tag, value);
    }
    const std::string extensions =
        s.alt_names.empty() ? std::string()
                            : der(0xa3, der(0x30, der(0x30, der(0x06, oid({0x55, 0x1d, 0x11})) +
                                                                der(4, der(0x30, names)))));
    const std::string tbs = der(0xa0, der(2, be(2, 1))) + der(2, s.serial) + algorithm + s.issuer +
                            der(0x30, s.not_before + s.not_after) + s.subject + key + extensions;
    return der(0x30, der(0x30, tbs) + algorithm + der(3, std::string(65, 's')));
}

MadeTls usual_tls12() {
    MadeTls t;
    HelloSpec client;
    client.extensions = usual_extensions();
    HelloSpec server;
    server.random = std::string(32, 'S');
    server.ciphers = {0xc02f};
    const std::string finish =
        tls_record(kChangeCipherSpec, be(1, 1)) + tls_record(kHandshake, std::string(40, 'F'));
    t.client = tls_record(kHandshake, client_hello(client), 0x0301) +
               tls_record(kHandshake, handshake(16, std::string(66, 'K'))) + finish +
               tls_record(kApplicationData, std::string(300, 'D'));
    t.server =
        tls_record(kHandshake, server_hello(server) +
                                   certificate_message({certificate({}), certificate({})}) +
                                   handshake(12, std::string(100, 'X')) + handshake(14, "")) +
        finish + tls_record(kApplicationData, std::string(300, 'D'));
    return t;
}

MadeTls make_tls(std::uint64_t seed) {
    std::mt19937_64 rng(seed);
    const auto pick = [&](std::uint64_t n) { return rng() % n; };
    HelloSpec client;
    client.extensions = usual_extensions();
    if (pick(3) == 0) {
        client.extensions += list_extension(43, {0x0a0a, 0x0304, 0x0303});
    }
    HelloSpec server;
    if (pick(3) == 0) {
        server.extensions = extension(43, be(0x0304, 2));
    }
    std::vector<std::string> chain;
    for (std::uint64_t i = pick(4); i > 0; --i) {
        CertSpec c;
        c.subject = common_name(std::string(1 + pick(300), static_cast<char>('a' + pick(26))));
        c.serial = be(rng(), 1 + pick(8));
        for (std::uint64_t k = pick(4); k > 0; --k) {
            c.alt_names.emplace_back(pick(2) == 0 ? 0x82 : 0x87, std::string(4, 'n'));
        }
        chain.push_back(certificate(c));
    }
    std::string up = client_hello(client) + (pick(2) == 0 ? client_hello(client) : "") +
                     certificate_message(chain) + handshake(16, std::string(pick(99), 'K'));
    std::string down = (pick(4) == 0 ? handshake(0, "") : "") + server_hello(server) +
                       certificate_message(chain) + handshake(12, std::string(pick(999), 'X'));
    for (std::string* s : {&up, &down}) {
        if (pick(3) == 0) {
            (*s)[pick(s->size())] = static_cast<char>(rng());
        }
        *s = tls_records(kHandshake, *s, 1 + pick(pick(2) == 0 ? 20 : 3000));
        *s += tls_record(kChangeCipherSpec, be(1, 1)) + tls_record(kHandshake, "FFFF") +
              tls_record(kApplicationData, std::string(pick(99), 'D'));
        if (pick(5) == 0) {
            (*s)[pick(s->size())] = static_cast<char>(rng());
        }
    }
    return {up, down};
}

}  // namespace sluice::test
