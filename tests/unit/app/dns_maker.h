// SPDX-License-Identifier: Apache-2.0
// Writes DNS messages for tests (RFC 1035 section 4). Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::test {

inline std::string dns_u16(std::size_t v) {
    return {static_cast<char>((v >> 8U) & 0xffU), static_cast<char>(v & 0xffU)};
}

// "www.example.com" -> labels with their lengths and the root's.
inline std::string dns_name(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        out += static_cast<char>(dot);
        out += text.substr(0, dot);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    out += '\0';
    return out;
}

inline std::string dns_pointer(std::size_t to) {
    return dns_u16(0xc000U | to);
}

// 'name' as it is on the wire.
inline std::string dns_question(std::string_view name, std::size_t type = 1,
                                std::size_t rr_class = 1) {
    return std::string(name) + dns_u16(type) + dns_u16(rr_class);
}

inline std::string dns_record(std::string_view name, std::size_t type, std::string_view data,
                              std::size_t ttl = 60) {
    return std::string(name) + dns_u16(type) + dns_u16(1) + dns_u16(ttl >> 16U) +
           dns_u16(ttl & 0xffffU) + dns_u16(data.size()) + std::string(data);
}

struct DnsText {
    std::size_t id = 0x1234;
    std::size_t flags = 0x0100;
    std::size_t questions = 0;
    std::size_t answers = 0;
    std::size_t authorities = 0;
    std::size_t additionals = 0;
    std::string body;

    std::string bytes() const {
        return dns_u16(id) + dns_u16(flags) + dns_u16(questions) + dns_u16(answers) +
               dns_u16(authorities) + dns_u16(additionals) + body;
    }
};

inline std::string dns_query(std::string_view name, std::size_t type = 1) {
    return DnsText{.questions = 1, .body = dns_question(dns_name(name), type)}.bytes();
}

// One address record for it.
inline std::string dns_answer(std::string_view name) {
    using namespace std::literals;
    return DnsText{
        .flags = 0x8180,
        .questions = 1,
        .answers = 1,
        .body = dns_question(dns_name(name)) + dns_record(dns_pointer(12), 1, "\x01\x02\x03\x04"sv)}
        .bytes();
}

// As TCP carries it.
inline std::string dns_framed(std::string_view message) {
    return dns_u16(message.size()) + std::string(message);
}

}  // namespace sluice::test
