// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/http1_store.h"

#include "dataplane/app/content_decoder.h"
#include "dataplane/app/disposition.h"
#include "dataplane/app/http1_oddities.h"
#include "dataplane/app/uri.h"
#include "dataplane/base/check.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::app {
namespace {

using enum BufferId;

constexpr BufferId kNoBuffer = BufferId::kCount;
constexpr std::uint16_t kSwitching = 101;
constexpr std::string_view kH2c = "h2c";

// Headers that have a buffer of their own.
struct KnownHeader {
    std::string_view name;
    BufferId in_request;
    BufferId in_response;
};

constexpr std::array<KnownHeader, 13> kKnownHeaders = {{
    {"host", kHttpHostRaw, kNoBuffer},
    {"accept", kHttpAccept, kNoBuffer},
    {"cookie", kHttpRequestCookie, kNoBuffer},
    {"server", kNoBuffer, kHttpServer},
    {"referer", kHttpReferer, kNoBuffer},
    {"location", kNoBuffer, kHttpLocation},
    {"connection", kHttpRequestConnection, kHttpResponseConnection},
    {"set-cookie", kNoBuffer, kHttpResponseCookie},
    {"user-agent", kHttpUserAgent, kNoBuffer},
    {"content-type", kHttpRequestContentType, kHttpResponseContentType},
    {"content-length", kHttpRequestContentLen, kHttpResponseContentLen},
    {"accept-encoding", kHttpAcceptEnc, kNoBuffer},
    {"accept-language", kHttpAcceptLang, kNoBuffer},
}};

constexpr BufferMask join(std::initializer_list<BufferId> ids) {
    BufferMask m;
    for (const BufferId id : ids) {
        m |= mask_of(id);
    }
    return m;
}

constexpr BufferMask kRequestLineMask =
    join({kHttpUri, kHttpUriRaw, kHttpMethod, kHttpProtocol, kHttpRequestLine});
constexpr BufferMask kRequestHeaderMask =
    join({kHttpRequestHeader, kHttpRequestHeaderRaw, kHttpRequestHeaderNames, kHttpRequestStart,
          kHttpHost, kHttpHostRaw, kHttpUserAgent, kHttpReferer, kHttpRequestCookie, kHttpAccept,
          kHttpAcceptEnc, kHttpAcceptLang, kHttpRequestConnection, kHttpRequestContentType,
          kHttpRequestContentLen, kHttpRequestHeaderEach});
constexpr BufferMask kRequestBodyMask = join({kHttpRequestBody, kFileDataToServer});
constexpr BufferMask kRequestFileMask = join({kFileDataToServer, kFileNameToServer});
constexpr BufferMask kResponseLineMask =
    join({kHttpResponseLine, kHttpStatCode, kHttpStatMsg, kHttpResponseProtocol});
constexpr BufferMask kResponseHeaderMask =
    join({kHttpResponseHeader, kHttpResponseHeaderRaw, kHttpResponseHeaderNames, kHttpResponseStart,
          kHttpServer, kHttpLocation, kHttpResponseCookie, kHttpResponseConnection,
          kHttpResponseContentType, kHttpResponseContentLen, kHttpResponseHeaderEach});
constexpr BufferMask kResponseBodyMask = join({kHttpResponseBody, kFileDataToClient});
constexpr BufferMask kResponseFileMask = join({kFileDataToClient, kFileNameToClient});

BufferId known_buffer(Bytes name, Direction d) {
    for (const KnownHeader& h : kKnownHeaders) {
        if (h.name.size() == name.size() && equals_nocase(name, h.name)) {
            return d == Direction::kToServer ? h.in_request : h.in_response;
        }
    }
    return kNoBuffer;
}

// http.header leaves these out; they have http.cookie.
bool is_cookie(BufferId id) {
    return id == kHttpRequestCookie || id == kHttpResponseCookie;
}

constexpr std::string_view kDisposition = "content-disposition";

constexpr std::size_t kLineEnd = 2;    // CRLF
constexpr std::size_t kSeparator = 2;  // ": " and ", "

// The value, if clients may take this field for 'lower' although its name has NULs in it or white
// space behind it; null if not.
Bytes loose_value(const Http1Field& f, std::string_view lower) {
    Bytes name = f.name;
    Bytes value = f.value;
    if (name.empty()) {
        const auto colon = std::find(value.begin(), value.end(), std::uint8_t{':'});
        if (colon == value.end()) {
            return {};
        }
        const auto at = static_cast<std::size_t>(colon - value.begin());
        name = value.first(at);
        value = value.subspan(at);
    }
    std::size_t matched = 0;
    for (const std::uint8_t c : name) {
        if (matched < lower.size() && to_lower(c) == static_cast<std::uint8_t>(lower[matched])) {
            ++matched;
        } else if (c != 0 && !(matched == lower.size() && is_space(c))) {
            return {};
        }
    }
    return matched == lower.size() ? value : Bytes{};
}

// Of a target in normal form: what precedes query and fragment.
std::size_t path_size(Bytes uri) {
    const void* end = std::memchr(uri.data(), '?', uri.size());
    const void* hash = std::memchr(uri.data(), '#', uri.size());
    end = end == nullptr || (hash != nullptr && hash < end) ? hash : end;
    return end == nullptr
               ? uri.size()
               : static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - uri.data());
}

Bytes literal(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace

BufferMask line_buffers(Direction d) {
    return d == Direction::kToServer ? kRequestLineMask : kResponseLineMask;
}

BufferMask header_buffers(Direction d) {
    return d == Direction::kToServer ? kRequestHeaderMask : kResponseHeaderMask;
}

BufferMask body_buffers(Direction d) {
    return d == Direction::kToServer ? kRequestBodyMask : kResponseBodyMask;
}

BufferMask file_buffers(Direction d) {
    return d == Direction::kToServer ? kRequestFileMask : kResponseFileMask;
}

// Appends to the slab and keeps the table.
struct StoreBuilder::Out {
    StoredMessage* message;
    MutableBytes slab;
    std::uint32_t used;
    std::uint32_t block_at = 0;  // where the copy of the block is
    Bytes block;                 // the caller's bytes that it is a copy of
    Bytes* each = nullptr;
    std::size_t each_count = 0;

    std::uint32_t put(Bytes b) {
        SLUICE_ASSERT(b.size() <= slab.size() - used);
        const std::uint32_t at = used;
        if (!b.empty()) {
            std::memcpy(slab.data() + at, b.data(), b.size());
        }
        used += static_cast<std::uint32_t>(b.size());
        return at;
    }

    std::uint32_t put(std::string_view s) { return put(literal(s)); }

    // Room for the header fields one by one.
    void reserve_each(std::size_t fields) {
        used = static_cast<std::uint32_t>((used + alignof(Bytes) - 1) / alignof(Bytes) *
                                          alignof(Bytes));
        each = new (slab.data() + used) Bytes[fields];
        used += static_cast<std::uint32_t>(fields * sizeof(Bytes));
    }

    void add_each(std::uint32_t at, std::size_t length) {
        each[each_count++] = slab.subspan(at, length);
        message->each = {each, each_count};
    }

    void set(BufferId id, std::uint32_t at, std::size_t length) {
        if (id != kNoBuffer) {
            message->at[index_of(id)] = {at, static_cast<std::uint32_t>(length)};
            message->present |= mask_of(id);
        }
    }

    void set_file_name(std::uint32_t at, std::size_t length) {
        message->has_file_name = true;
        message->file_name = {at, static_cast<std::uint32_t>(length)};
    }

    // A part of the block, by its place in the copy.
    void alias(BufferId id, Bytes part) {
        if (part.data() != nullptr) {
            set(id, block_at + static_cast<std::uint32_t>(part.data() - block.data()), part.size());
        }
    }

    Bytes get(BufferId id) const {
        const Extent e = message->at[index_of(id)];
        return slab.subspan(e.offset, e.length);
    }
};

BuildResult StoreBuilder::build(const Input& in, SlabArena& arena, Slab& store,
                                MessageFacts& facts) {
    const Direction d = in.direction;
    if (!fields_.parse(in.with_headers ? in.block.subspan(in.line_size) : Bytes{},
                       d == Direction::kToClient)) {
        return BuildResult::kLimit;
    }
    const std::size_t need = upper_bound(in);
    if (need > SlabArena::kMaxSlab) {
        return BuildResult::kLimit;
    }
    const Slab slab = arena.take(need);
    if (slab == kNoSlab) {
        return BuildResult::kNoMemory;
    }
    const MutableBytes bytes = arena.bytes(slab);
    Out out{new (bytes.data()) StoredMessage{}, bytes, sizeof(StoredMessage), 0, in.block};
    out.block_at = out.put(in.block);
    facts = MessageFacts{};
    if (d == Direction::kToServer) {
        request_line(in, out, facts);
    } else {
        status_line(in, out, facts);
    }
    if (in.with_headers) {
        out.reserve_each(fields_.size());
        header_buffers(in, out);
        if (!out.message->has_file_name && in.asked_for.data() != nullptr) {
            out.set_file_name(out.put(in.asked_for), in.asked_for.size());
        }
        body_facts(d, facts);
        facts.codings = codings();
        facts.bad_range = d == Direction::kToClient && has_bad_range(fields_);
        facts.to_h2c = facts.status == kSwitching && names_h2c();
    }
    oddities(in, out, facts);
    arena.give(store);
    store = slab;
    return BuildResult::kOk;
}

// The block is what http.start and http.header would be written as: alias instead of copying.
bool StoreBuilder::canonical(const Input& in) const {
    if (!fields_.canonical() ||
        chomp(in.block.first(in.line_size)).size() + kLineEnd != in.line_size) {
        return false;
    }
    std::size_t total = in.line_size + kLineEnd;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        total += fields_[i].name.size() + kSeparator + fields_[i].value.size() + kLineEnd;
    }
    return total == in.block.size();
}

std::size_t StoreBuilder::upper_bound(const Input& in) const {
    std::size_t fields = 0;
    std::size_t names = 2 * kLineEnd;
    std::size_t host = 0;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const Http1Field& f = fields_[i];
        fields += f.name.size() + kSeparator + f.value.size() + kLineEnd;
        names += f.name.size() + kLineEnd;
        host +=
            known_buffer(f.name, in.direction) == kHttpHostRaw ? f.value.size() + kSeparator : 0;
    }
    // The block, the path asked for, http.uri and the URI's host, http.host, names, http.start, and
    // http.header when it is not part of that.
    return sizeof(StoredMessage) + (fields_.size() + 1) * sizeof(Bytes) + in.block.size() +
           in.asked_for.size() + in.line_size + host + names +
           (canonical(in) ? fields : in.line_size + 2 * fields + 2 * kLineEnd);
}

void StoreBuilder::oddities(const Input& in, const Out& out, MessageFacts& facts) const {
    const Bytes text = chomp(in.block.first(in.line_size));
    if (in.direction == Direction::kToServer) {
        const RequestLine line = parse_request_line(text);
        note_request_line(text, line, facts.events);
        if (in.with_headers) {
            // A host in the target is kept in normal form under both names.
            const bool of_uri = facts.uri_host;
            note_request_fields(fields_, line, of_uri ? out.get(kHttpHost) : Bytes{}, facts.events);
        }
        return;
    }
    const StatusLine line = parse_status_line(text);
    note_status_line(line, facts.events);
    if (in.with_headers) {
        note_response_fields(fields_, line, facts.events);
    }
}

void StoreBuilder::request_line(const Input& in, Out& out, MessageFacts& facts) const {
    const Bytes text = chomp(in.block.first(in.line_size));
    const RequestLine line = parse_request_line(text);
    facts.method = line.kind;
    facts.old_protocol = line.protocol.data() == nullptr;
    out.alias(kHttpRequestLine, text);
    out.alias(kHttpMethod, line.method);
    out.alias(kHttpProtocol, line.protocol);
    out.alias(kHttpUriRaw, line.uri);
    if (line.uri.data() == nullptr) {
        return;
    }
    uri_buffers(in, line, out);
    facts.uri_host = in.with_headers && out.message->present.has(kHttpHost);
}

// http.uri, and the host in the target, which beats the Host header (RFC 9112 section 3.2.2).
void StoreBuilder::uri_buffers(const Input& in, const RequestLine& line, Out& out) const {
    const bool connect = line.kind == MethodKind::kConnect;
    if (!connect && is_normal_uri(line.uri)) {
        out.alias(kHttpUri, line.uri);
        const Extent at = out.message->at[index_of(kHttpUri)];
        out.set_file_name(at.offset, path_size(line.uri));
        return;
    }
    UriParts parts = connect ? UriParts{} : split_uri(line.uri);
    if (connect) {
        parts.host = host_of(line.uri);
    }
    const NormalUri uri = normalize_uri(parts, out.slab.subspan(out.used));
    out.set(kHttpUri, out.used, uri.size);
    out.set_file_name(out.used, uri.path);
    out.used += static_cast<std::uint32_t>(uri.size);
    if (parts.host.data() != nullptr && in.with_headers) {
        const std::size_t host = normalize_uri_host(parts.host, out.slab.subspan(out.used));
        out.set(kHttpHost, out.used, host);
        out.set(kHttpHostRaw, out.used, host);
        out.used += static_cast<std::uint32_t>(host);
    }
}

void StoreBuilder::status_line(const Input& in, Out& out, MessageFacts& facts) const {
    const Bytes text = chomp(in.block.first(in.line_size));
    const StatusLine line = parse_status_line(text);
    facts.status = line.status;
    out.alias(kHttpResponseLine, text);
    out.alias(kHttpResponseProtocol, line.protocol);
    out.alias(kHttpStatCode, line.code);
    out.alias(kHttpStatMsg, line.message);
}

void StoreBuilder::header_buffers(const Input& in, Out& out) const {
    const bool request = in.direction == Direction::kToServer;
    const Bytes raw = in.block.subspan(in.line_size);
    if (!raw.empty()) {
        out.alias(request ? kHttpRequestHeaderRaw : kHttpResponseHeaderRaw, raw);
    }
    start_and_header(in, out);
    if (fields_.size() != 0) {
        names(in, out);
    }
    if (request) {
        host_buffers(out);
    }
}

// By a Content-Disposition that is in the slab.
void StoreBuilder::name_file(Bytes disposition, Out& out) {
    const Bytes name = file_name_of(disposition);
    if (name.data() != nullptr) {
        out.set_file_name(static_cast<std::uint32_t>(name.data() - out.slab.data()), name.size());
    }
}

// http.start holds every header; the others are parts of it, but for http.header in a message with
// cookies.
void StoreBuilder::start_and_header(const Input& in, Out& out) const {
    const bool request = in.direction == Direction::kToServer;
    const bool as_sent = canonical(in);
    const bool uri_host = out.message->present.has(kHttpHostRaw);
    std::uint32_t start = out.block_at;
    std::uint32_t at = start + static_cast<std::uint32_t>(in.line_size);
    if (!as_sent) {
        start = out.put(chomp(in.block.first(in.line_size)));
        out.put("\r\n");
        at = out.used;
    }
    const std::uint32_t first_field = at;
    bool cookies = false;
    Extent disposition;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const Http1Field& f = fields_[i];
        if (f.repeats) {
            continue;
        }
        const BufferId id = known_buffer(f.name, in.direction);
        const std::uint32_t value = at + static_cast<std::uint32_t>(f.name.size() + kSeparator);
        if (as_sent) {
            at = value + static_cast<std::uint32_t>(f.value.size());
        } else {
            put_field(f, id, out);
            at = out.used - static_cast<std::uint32_t>(kLineEnd);
        }
        if (!(id == kHttpHostRaw && uri_host)) {
            out.set(id, value, at - value);
        }
        if (!request && f.name.size() == kDisposition.size() &&
            equals_nocase(f.name, kDisposition)) {
            disposition = {value, at - value};
        }
        const std::size_t name = f.name.size() + kSeparator;
        out.add_each(value - static_cast<std::uint32_t>(name), name + at - value);
        at += static_cast<std::uint32_t>(kLineEnd);
        cookies = cookies || is_cookie(id);
    }
    if (disposition.length != 0) {
        name_file(out.slab.subspan(disposition.offset, disposition.length), out);
    }
    const std::uint32_t end_of_fields = at;
    if (fields_.size() != 0) {
        if (!as_sent) {
            out.put("\r\n");
        }
        at += static_cast<std::uint32_t>(kLineEnd);
    }
    out.set(request ? kHttpRequestStart : kHttpResponseStart, start, at - start);
    if (cookies) {
        header_without_cookies(in, out);
    } else if (end_of_fields != first_field) {
        out.set(request ? kHttpRequestHeader : kHttpResponseHeader, first_field,
                end_of_fields - first_field);
    }
}

void StoreBuilder::header_without_cookies(const Input& in, Out& out) const {
    const std::uint32_t copy = out.used;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const BufferId id = known_buffer(fields_[i].name, in.direction);
        if (!fields_[i].repeats && !is_cookie(id)) {
            put_field(fields_[i], id, out);
        }
    }
    if (out.used != copy) {
        const bool request = in.direction == Direction::kToServer;
        out.set(request ? kHttpRequestHeader : kHttpResponseHeader, copy, out.used - copy);
    }
}

// "Name: value" CRLF, with the values of later fields of that name joined; of Content-Length only
// the first counts.
void StoreBuilder::put_field(const Http1Field& f, BufferId id, Out& out) const {
    out.put(f.name);
    out.put(": ");
    out.put(f.value);
    const bool join_values = id != kHttpRequestContentLen && id != kHttpResponseContentLen;
    for (std::uint16_t n = f.next; n != Http1Field::kNone && join_values; n = fields_[n].next) {
        out.put(", ");
        out.put(fields_[n].value);
    }
    out.put("\r\n");
}

void StoreBuilder::names(const Input& in, Out& out) const {
    const std::uint32_t at = out.put("\r\n");
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (!fields_[i].repeats) {
            out.put(fields_[i].name);
            out.put("\r\n");
        }
    }
    out.put("\r\n");
    out.set(
        in.direction == Direction::kToServer ? kHttpRequestHeaderNames : kHttpResponseHeaderNames,
        at, out.used - at);
}

// Suricata lower-cases http.host unless a port follows it; here it is always lower case, as rules
// expect.
void StoreBuilder::host_buffers(Out& out) const {
    if (out.message->present.has(kHttpHost) || !out.message->present.has(kHttpHostRaw)) {
        return;
    }
    const Bytes host = host_of(out.get(kHttpHostRaw));
    if (host.data() == nullptr) {
        return;
    }
    if (std::none_of(host.begin(), host.end(), [](std::uint8_t c) { return c != to_lower(c); })) {
        out.set(kHttpHost, static_cast<std::uint32_t>(host.data() - out.slab.data()), host.size());
        return;
    }
    const std::uint32_t at = out.put(host);
    for (std::uint8_t& c : out.slab.subspan(at, host.size())) {
        c = to_lower(c);
    }
    out.set(kHttpHost, at, host.size());
}

bool StoreBuilder::loosely_chunked() const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (contains_nocase(loose_value(fields_[i], "transfer-encoding"), "chunked")) {
            return true;
        }
    }
    return false;
}

// Content-Encoding, in all its fields: each word that has gzip or deflate in it is a layer, as
// libhtp reads it (which of the two, the bytes tell), and each "br".
Codings StoreBuilder::codings() const {
    Codings out;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        Bytes left = loose_value(fields_[i], "content-encoding");
        while (!left.empty()) {
            std::size_t n = 0;
            while (n < left.size() && left[n] != ',' && left[n] != ' ') {
                ++n;
            }
            const Bytes word = left.first(n);
            if (contains_nocase(word, "gzip") || contains_nocase(word, "deflate")) {
                out.wrap(Coding::kInflate);
            } else if (equals_nocase(trim_lws(word), "br")) {
                out.wrap(Coding::kBrotli);
            }
            left = left.subspan(std::min(n + 1, left.size()));
        }
    }
    return out;
}

// As Suricata compares it.
bool StoreBuilder::names_h2c() const {
    const Http1Field* upgrade = fields_.find("upgrade");
    return upgrade != nullptr && upgrade->value.size() == kH2c.size() &&
           std::equal(kH2c.begin(), kH2c.end(), upgrade->value.begin());
}

// RFC 9112 section 6.3, as libhtp applies it.
void StoreBuilder::body_facts(Direction direction, MessageFacts& facts) const {
    const bool request = direction == Direction::kToServer;
    const Http1Field* te = fields_.find("transfer-encoding");
    const Http1Field* cl = fields_.find("content-length");
    facts.has_length = te != nullptr || cl != nullptr;
    facts.body = request ? BodyKind::kNone : BodyKind::kUntilClose;
    if (te != nullptr) {
        bool exact = false;
        bool loose = false;
        for (const Http1Field* f = te; f != nullptr;
             f = f->next == Http1Field::kNone ? nullptr : &fields_[f->next]) {
            exact = exact || list_has(f->value, "chunked");
            loose = loose || contains_nocase(f->value, "chunked");
        }
        facts.anomaly = cl != nullptr || !exact;
        if (request || loose) {
            facts.body = exact || !request ? BodyKind::kChunked : BodyKind::kInvalid;
            return;
        }
    }
    if (te == nullptr && !request && loosely_chunked()) {
        facts.anomaly = true;
        facts.has_length = true;
        facts.body = BodyKind::kChunked;
        return;
    }
    if (cl == nullptr) {
        return;
    }
    facts.length = parse_content_length(cl->value);
    for (std::uint16_t n = cl->next; n != Http1Field::kNone; n = fields_[n].next) {
        facts.anomaly = facts.anomaly || parse_content_length(fields_[n].value) != facts.length;
    }
    if (facts.length < 0) {
        facts.anomaly = true;
        facts.body = request ? BodyKind::kInvalid : BodyKind::kUntilClose;
        return;
    }
    facts.body = facts.length == 0 ? BodyKind::kNone : BodyKind::kLength;
}

}  // namespace sluice::app
