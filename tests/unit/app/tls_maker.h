// SPDX-License-Identifier: Apache-2.0
// Makes TLS byte streams for tests: records, handshake messages, certificates, honest or not. Any
// thread; allocates.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {

std::string be(std::uint64_t value, std::size_t bytes);

// ---- records and messages (RFC 5246, 8446)
std::string tls_record(std::uint8_t type, const std::string& body, std::uint16_t version = 0x0303);
// The same bytes in records of at most 'piece' bytes.
std::string tls_records(std::uint8_t type, const std::string& body, std::size_t piece);
std::string handshake(std::uint8_t type, const std::string& body);
std::string extension(std::uint16_t type, const std::string& body);
std::string sni_extension(const std::string& name);
std::string alpn_extension(const std::vector<std::string>& names);
std::string list_extension(std::uint16_t type, const std::vector<std::uint16_t>& values);

struct HelloSpec {
    std::uint16_t version = 0x0303;
    std::string random = std::string(32, 'R');
    std::string session_id;
    std::vector<std::uint16_t> ciphers = {0x1301, 0xc02b, 0xc02f, 0x009c};
    bool with_extensions = true;
    std::string extensions;
};

std::string client_hello(const HelloSpec& spec);
// The first cipher is the chosen one.
std::string server_hello(const HelloSpec& spec);
std::string certificate_message(const std::vector<std::string>& chain);

// www.Example.com, groups with GREASE, point formats, algorithms, h2 and http/1.1.
std::string usual_extensions();

// ---- certificates (RFC 5280)
std::string der(std::uint8_t tag, const std::string& body);

struct NamePart {
    std::string oid;  // content bytes
    std::uint8_t tag = 0x0c;
    std::string value;
};

using Rdn = std::vector<NamePart>;

std::string der_name(const std::vector<Rdn>& rdns);
std::string common_name(const std::string& text);  // a Name

struct CertSpec {
    std::string subject = common_name("leaf");  // a Name
    std::string issuer = common_name("issuer");
    std::string serial = std::string("\x01", 1);
    std::string not_before = der(0x17, "200101000000Z");
    std::string not_after = der(0x17, "300101000000Z");
    std::vector<std::pair<std::uint8_t, std::string>> alt_names;
};

std::string certificate(const CertSpec& spec);

// ---- whole conversations
struct MadeTls {
    std::string client;
    std::string server;
};

// TLS 1.2 from hello to encrypted data.
MadeTls usual_tls12();
// Seeded: versions, fragmentation, several messages in a record, damage. Same seed, same bytes.
MadeTls make_tls(std::uint64_t seed);

}  // namespace sluice::test
