// SPDX-License-Identifier: Apache-2.0
// Names that the rule language and the packet path share: directions, application protocols,
// inspection buffers. Values are part of the bundle format (signatures/bundle/FORMAT.md): append,
// never renumber. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

enum class Direction : std::uint8_t { kToServer = 0, kToClient = 1 };

constexpr Direction opposite(Direction d) {
    return d == Direction::kToServer ? Direction::kToClient : Direction::kToServer;
}

constexpr std::size_t index_of(Direction d) {
    return static_cast<std::size_t>(d);
}

// Application protocols that a rule may name. kUnknown: not decided yet; kNone: decided, none of
// ours ("failed" in EVE).
enum class AppProto : std::uint8_t {
    kUnknown = 0,
    kNone,
    kHttp1,
    kHttp2,
    kTls,
    kDns,
    kSmtp,
    kFtp,
    kSsh,
    kSmb,
    kDcerpc,
    kImap,
    kPop3,
    kRdp,
    kSip,
    kQuic,
    kNfs,
    kTftp,
    kKrb5,
    kDhcp,
    kSnmp,
    kRfb,
    kMqtt,
    kModbus,
    kDnp3,
    kEnip,
    kNtp,
    kIke,
    kTelnet,
    kFtpData,
    kPgsql,
    kBittorrentDht,
    kCount
};

// Inspection buffers. Each belongs to one direction and one protocol (buffers of http below), or to
// the packet/stream; traits_of() tells.
enum class BufferId : std::uint8_t {
    kPacketHeader = 0,  // no bytes: keywords over header fields (ttl, itype, dsize, ...)
    kPayload,           // packet payload, or the reassembled stream for stream rules ("pkt_data")
    kHttpUri,
    kHttpUriRaw,
    kHttpMethod,
    kHttpProtocol,
    kHttpRequestLine,
    kHttpRequestHeader,
    kHttpRequestHeaderRaw,
    kHttpRequestHeaderNames,
    kHttpRequestStart,
    kHttpHost,
    kHttpHostRaw,
    kHttpUserAgent,
    kHttpReferer,
    kHttpRequestCookie,
    kHttpAccept,
    kHttpAcceptEnc,
    kHttpAcceptLang,
    kHttpRequestConnection,
    kHttpRequestContentType,
    kHttpRequestContentLen,
    kHttpRequestBody,
    kHttpResponseLine,
    kHttpStatCode,
    kHttpStatMsg,
    kHttpResponseProtocol,
    kHttpResponseHeader,
    kHttpResponseHeaderRaw,
    kHttpResponseHeaderNames,
    kHttpResponseStart,
    kHttpServer,
    kHttpLocation,
    kHttpResponseCookie,
    kHttpResponseConnection,
    kHttpResponseContentType,
    kHttpResponseContentLen,
    kHttpResponseBody,
    kFileDataToClient,  // file.data over an HTTP response body
    kFileDataToServer,  // file.data over an HTTP request body
    kDnsQuery,          // a question's name
    kDnsQueryName,      // the same, of either direction
    kDnsAnswerName,
    kDnsOpcode,  // numbers are two bytes, the more significant one first
    kDnsRcode,
    kDnsRrtype,
    kTlsSni,
    kTlsVersion,  // two bytes
    kTlsAlpn,
    kTlsRandom,
    kTlsRandomTime,
    kTlsRandomBytes,
    kTlsCertSubject,
    kTlsCertIssuer,
    kTlsCertSerial,
    kTlsCertFingerprint,
    kTlsCerts,  // DER; each certificate of a chain comes by itself
    kTlsSubjectAltName,
    kTlsCertChainLen,   // four bytes
    kTlsCertNotBefore,  // eight bytes: seconds since 1970
    kTlsCertNotAfter,
    kJa3Hash,
    kJa3String,
    kJa3sHash,
    kJa3sString,
    kJa4Hash,
    kSshProto,
    kSshSoftware,
    kSshHassh,
    kSshHasshString,
    kSshHasshServer,
    kSshHasshServerString,
    kTlsState,         // a byte, see tls_values.h
    kTlsCertValidity,  // a byte, see tls_values.h
    // Headers of one packet, as they lie in it; see is_header_buffer().
    kIpv4Header,
    kIpv6Header,  // with its extension headers
    kTcpHeader,
    kUdpHeader,
    kIcmp4Header,
    kIcmp6Header,
    kFtpBounce,              // a byte: a PORT command that names another host than the client
    kFtpDataCommand,         // "retr" or "stor": what opened a data connection
    kAppEvents,              // names of what a parser found odd, of either direction
    kHttpRequestHeaderEach,  // "Name: value", each field on its own
    kHttpResponseHeaderEach,
    kFileNameToServer,  // of a file that is uploaded
    kFileNameToClient,
    kCount
};

constexpr std::size_t kBufferCount = static_cast<std::size_t>(BufferId::kCount);

constexpr std::size_t index_of(BufferId b) {
    return static_cast<std::size_t>(b);
}

// Buffers that HTTP/1 fills. They come first, so that what is kept per message stays small.
constexpr bool is_http_buffer(BufferId b) {
    return b >= BufferId::kHttpUri && b <= BufferId::kFileDataToServer;
}

constexpr std::size_t kHttpBufferEnd = index_of(BufferId::kFileDataToServer) + 1;

// HTTP buffers that a server sends; every other one is a client's.
constexpr bool is_response_buffer(BufferId b) {
    return b >= BufferId::kHttpResponseLine && b <= BufferId::kFileDataToClient;
}

// Bytes of one packet's headers: no application shows them.
constexpr bool is_header_buffer(BufferId b) {
    return b >= BufferId::kIpv4Header && b <= BufferId::kIcmp6Header;
}

// Bodies arrive in pieces and are inspected through a window; all other application buffers are
// complete when first seen.
constexpr bool is_streaming_buffer(BufferId b) {
    return b == BufferId::kPayload || b == BufferId::kHttpRequestBody ||
           b == BufferId::kHttpResponseBody || b == BufferId::kFileDataToClient ||
           b == BufferId::kFileDataToServer;
}

}  // namespace sluice
