// SPDX-License-Identifier: Apache-2.0
// The words of the rule language: every keyword and every header protocol that Suricata 7.0.10
// knows, so that a typing error
// ("unknown keyword") can be told from a keyword that this version does not compile. Constant
// tables; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::lang {

enum class KeywordClass : std::uint8_t {
    kMetadata,         // about the rule: msg, sid, reference, ...
    kContentModifier,  // refines the content before it: nocase, depth, ...
    kBufferModifier,   // moves the content before it to a buffer: http_uri, ...
    kStickyBuffer,     // names the buffer of all that follows: http.uri, ...
    kTransform,        // changes the buffer named before it: dotprefix, ...
    kPayload,          // looks at bytes: content, pcre, byte_test, ...
    kHeader,           // fields of one packet's headers: ttl, itype, ...
    kFlow,             // what is known of the flow: flow, flowbits, ...
    kApp,              // fields of an application protocol: tls.version, ...
    kFile,             // files on the wire: filename, filemd5, ...
    kAction,           // what a match does: threshold, noalert, ...
    kEvent,            // events of decoders and parsers: decode-event, ...
};

enum class KeywordValue : std::uint8_t { kNone, kOptional, kRequired };

struct Keyword {
    std::string_view name;       // lower case
    std::string_view canonical;  // differs from name for an alias
    KeywordClass kind = KeywordClass::kMetadata;
    KeywordValue value = KeywordValue::kRequired;
    std::string_view protocol;  // application protocol whose traffic it looks at; "" when not one
};

// Null: not a keyword. 'name' in lower case.
const Keyword* find_keyword(std::string_view name);

// Sorted by name.
std::span<const Keyword> all_keywords();

// What may stand in a rule's header.
enum class ProtocolKind : std::uint8_t {
    kTransport,  // tcp, udp, ip, icmp, ... and tcp-pkt, tcp-stream
    kDecoder,    // pkthdr: packets as such, for decoder events
    kApp,        // http, tls, ...
};

struct Protocol {
    std::string_view name;  // lower case
    ProtocolKind kind = ProtocolKind::kTransport;
};

// Null: not a protocol of a rule header.
const Protocol* find_protocol(std::string_view name);

std::span<const Protocol> all_protocols();

}  // namespace sluice::lang
