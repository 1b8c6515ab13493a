// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic_draft.h"

#include "signatures/compile/app_protocols.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::compile {
namespace {

constexpr BufferId kNo = BufferId::kPacketHeader;

constexpr std::array kBuffers{
    BufferSpec{"app-layer-event", BufferId::kAppEvents, BufferId::kAppEvents, AppProto::kUnknown,
               true},
    BufferSpec{"dns.answer.name", BufferId::kDnsAnswerName, BufferId::kDnsAnswerName,
               AppProto::kDns, true},
    BufferSpec{"dns.opcode", BufferId::kDnsOpcode, BufferId::kDnsOpcode, AppProto::kDns},
    BufferSpec{"dns.query", BufferId::kDnsQuery, kNo, AppProto::kDns, true},
    BufferSpec{"dns.query.name", BufferId::kDnsQueryName, BufferId::kDnsQueryName, AppProto::kDns,
               true},
    BufferSpec{"dns.rcode", BufferId::kDnsRcode, BufferId::kDnsRcode, AppProto::kDns},
    BufferSpec{"dns.rrtype", BufferId::kDnsRrtype, BufferId::kDnsRrtype, AppProto::kDns, true},
    BufferSpec{"file.data", BufferId::kFileDataToServer, BufferId::kFileDataToClient,
               AppProto::kUnknown},
    BufferSpec{"file.name", BufferId::kFileNameToServer, BufferId::kFileNameToClient,
               AppProto::kUnknown, true},
    BufferSpec{"ftpbounce", BufferId::kFtpBounce, kNo, AppProto::kFtp},
    BufferSpec{"ftpdata_command", BufferId::kFtpDataCommand, BufferId::kFtpDataCommand,
               AppProto::kFtpData},
    BufferSpec{"http.accept", BufferId::kHttpAccept, kNo},
    BufferSpec{"http.accept_enc", BufferId::kHttpAcceptEnc, kNo},
    BufferSpec{"http.accept_lang", BufferId::kHttpAcceptLang, kNo},
    BufferSpec{"http.connection", BufferId::kHttpRequestConnection,
               BufferId::kHttpResponseConnection},
    BufferSpec{"http.content_len", BufferId::kHttpRequestContentLen,
               BufferId::kHttpResponseContentLen},
    BufferSpec{"http.content_type", BufferId::kHttpRequestContentType,
               BufferId::kHttpResponseContentType},
    BufferSpec{"http.cookie", BufferId::kHttpRequestCookie, BufferId::kHttpResponseCookie},
    BufferSpec{"http.header", BufferId::kHttpRequestHeader, BufferId::kHttpResponseHeader},
    BufferSpec{"http.header.raw", BufferId::kHttpRequestHeaderRaw,
               BufferId::kHttpResponseHeaderRaw},
    BufferSpec{"http.header_names", BufferId::kHttpRequestHeaderNames,
               BufferId::kHttpResponseHeaderNames},
    BufferSpec{"http.host", BufferId::kHttpHost, kNo},
    BufferSpec{"http.host.raw", BufferId::kHttpHostRaw, kNo},
    BufferSpec{"http.location", kNo, BufferId::kHttpLocation},
    BufferSpec{"http.method", BufferId::kHttpMethod, kNo},
    BufferSpec{"http.protocol", BufferId::kHttpProtocol, BufferId::kHttpResponseProtocol},
    BufferSpec{"http.referer", BufferId::kHttpReferer, kNo},
    BufferSpec{"http.request_body", BufferId::kHttpRequestBody, kNo},
    BufferSpec{"http.request_header", BufferId::kHttpRequestHeaderEach, kNo, AppProto::kHttp1,
               true},
    BufferSpec{"http.request_line", BufferId::kHttpRequestLine, kNo},
    // Another name of file.data in Suricata, so it accepts a request too.
    BufferSpec{"http.response_body", BufferId::kFileDataToServer, BufferId::kHttpResponseBody},
    BufferSpec{"http.response_header", kNo, BufferId::kHttpResponseHeaderEach, AppProto::kHttp1,
               true},
    BufferSpec{"http.response_line", kNo, BufferId::kHttpResponseLine},
    BufferSpec{"http.server", kNo, BufferId::kHttpServer},
    BufferSpec{"http.start", BufferId::kHttpRequestStart, BufferId::kHttpResponseStart},
    BufferSpec{"http.stat_code", kNo, BufferId::kHttpStatCode},
    BufferSpec{"http.stat_msg", kNo, BufferId::kHttpStatMsg},
    BufferSpec{"http.uri", BufferId::kHttpUri, kNo},
    BufferSpec{"http.uri.raw", BufferId::kHttpUriRaw, kNo},
    BufferSpec{"http.user_agent", BufferId::kHttpUserAgent, kNo},
    BufferSpec{"ja3.hash", BufferId::kJa3Hash, kNo, AppProto::kTls},
    BufferSpec{"ja3.string", BufferId::kJa3String, kNo, AppProto::kTls},
    BufferSpec{"ja3s.hash", kNo, BufferId::kJa3sHash, AppProto::kTls},
    BufferSpec{"ja3s.string", kNo, BufferId::kJa3sString, AppProto::kTls},
    BufferSpec{"ja4.hash", BufferId::kJa4Hash, kNo, AppProto::kTls},
    BufferSpec{"ssh.hassh", BufferId::kSshHassh, kNo, AppProto::kSsh},
    BufferSpec{"ssh.hassh.server", kNo, BufferId::kSshHasshServer, AppProto::kSsh},
    BufferSpec{"ssh.hassh.server.string", kNo, BufferId::kSshHasshServerString, AppProto::kSsh},
    BufferSpec{"ssh.hassh.string", BufferId::kSshHasshString, kNo, AppProto::kSsh},
    BufferSpec{"ssh.proto", BufferId::kSshProto, BufferId::kSshProto, AppProto::kSsh},
    BufferSpec{"ssh.software", BufferId::kSshSoftware, BufferId::kSshSoftware, AppProto::kSsh},
    BufferSpec{"ssl_state", BufferId::kTlsState, BufferId::kTlsState, AppProto::kTls},
    BufferSpec{"tls.cert_chain_len", kNo, BufferId::kTlsCertChainLen, AppProto::kTls},
    BufferSpec{"tls.cert_fingerprint", BufferId::kTlsCertFingerprint, BufferId::kTlsCertFingerprint,
               AppProto::kTls},
    BufferSpec{"tls.cert_issuer", BufferId::kTlsCertIssuer, BufferId::kTlsCertIssuer,
               AppProto::kTls},
    BufferSpec{"tls.cert_serial", BufferId::kTlsCertSerial, BufferId::kTlsCertSerial,
               AppProto::kTls},
    BufferSpec{"tls.cert_subject", BufferId::kTlsCertSubject, BufferId::kTlsCertSubject,
               AppProto::kTls},
    BufferSpec{"tls.certs", BufferId::kTlsCerts, BufferId::kTlsCerts, AppProto::kTls},
    BufferSpec{"tls.random", BufferId::kTlsRandom, BufferId::kTlsRandom, AppProto::kTls},
    BufferSpec{"tls.random_bytes", BufferId::kTlsRandomBytes, BufferId::kTlsRandomBytes,
               AppProto::kTls},
    BufferSpec{"tls.random_time", BufferId::kTlsRandomTime, BufferId::kTlsRandomTime,
               AppProto::kTls},
    BufferSpec{"tls.sni", BufferId::kTlsSni, kNo, AppProto::kTls},
    BufferSpec{"tls.version", BufferId::kTlsVersion, BufferId::kTlsVersion, AppProto::kTls},
    BufferSpec{"tls_cert_notafter", kNo, BufferId::kTlsCertNotAfter, AppProto::kTls},
    BufferSpec{"tls_cert_notbefore", kNo, BufferId::kTlsCertNotBefore, AppProto::kTls},
    BufferSpec{"tls_cert_valid", kNo, BufferId::kTlsCertValidity, AppProto::kTls},
    BufferSpec{"icmpv4.hdr", BufferId::kIcmp4Header, BufferId::kIcmp4Header, AppProto::kUnknown},
    BufferSpec{"icmpv6.hdr", BufferId::kIcmp6Header, BufferId::kIcmp6Header, AppProto::kUnknown},
    BufferSpec{"ipv4.hdr", BufferId::kIpv4Header, BufferId::kIpv4Header, AppProto::kUnknown},
    BufferSpec{"ipv6.hdr", BufferId::kIpv6Header, BufferId::kIpv6Header, AppProto::kUnknown},
    BufferSpec{"pkt_data", BufferId::kPayload, BufferId::kPayload, AppProto::kUnknown},
    BufferSpec{"tcp.hdr", BufferId::kTcpHeader, BufferId::kTcpHeader, AppProto::kUnknown},
    BufferSpec{"udp.hdr", BufferId::kUdpHeader, BufferId::kUdpHeader, AppProto::kUnknown},
};

lang::Problem problem_at(const lang::RuleAst& ast, const lang::Option* o, std::string reason) {
    lang::Problem p;
    p.where = ast.where;
    p.sid = ast.sid;
    p.reason = std::move(reason);
    if (o != nullptr) {
        p.keyword = o->name;
        p.where.line = o->line;
        p.where.column = o->column;
    }
    return p;
}

}  // namespace

std::string_view buffer_text(BufferId buffer) {
    if (buffer == BufferId::kPayload || buffer == BufferId::kPacketHeader) {
        return buffer == BufferId::kPayload ? "payload" : "header";
    }
    for (const BufferSpec& spec : kBuffers) {
        if (spec.request == buffer || spec.response == buffer) {
            return spec.keyword;
        }
    }
    return "other";
}

const BufferSpec* find_buffer(std::string_view keyword) {
    for (const BufferSpec& b : kBuffers) {
        if (b.keyword == keyword) {
            return &b;
        }
    }
    return nullptr;
}

void RuleDraft::invalid(const lang::Option& o, std::string reason) {
    if (!invalid_) {
        invalid_ = problem_at(ast, &o, std::move(reason));
    }
}

void RuleDraft::invalid(std::string reason) {
    if (!invalid_) {
        invalid_ = problem_at(ast, nullptr, std::move(reason));
    }
}

void RuleDraft::unsupported(const lang::Option& o, std::string reason) {
    if (!unsupported_) {
        unsupported_ = problem_at(ast, &o, std::move(reason));
        unsupported_->unsupported = true;
    }
}

void RuleDraft::unsupported(std::string reason) {
    if (!unsupported_) {
        unsupported_ = problem_at(ast, nullptr, std::move(reason));
        unsupported_->unsupported = true;
    }
}

void RuleDraft::check_sticky_used(bool transforms_too) {
    // Where a keyword is not compiled, what it would have matched is not known.
    if (!sticky() || unsupported_ || sticky_ == kDecodedBuffer) {
        return;
    }
    bool used = false;
    bool transformed = transforms_.empty() || !transforms_too;
    for (const DraftBuffer& b : buffers) {
        used = used || (is_sticky(b) && !b.items.empty());
        transformed = transformed || (is_sticky(b) && b.transforms == transforms_);
    }
    if (!used || !transformed) {
        invalid(*sticky_option_, "nothing is matched in buffer " + std::string(sticky_));
    }
}

bool RuleDraft::is_sticky(const DraftBuffer& b) const {
    return b.keyword == sticky_ && b.opening == opening_;
}

void RuleDraft::open_sticky(std::string_view keyword, const lang::Option& o) {
    check_sticky_used(true);
    if (sticky_ == kDecodedBuffer) {
        invalid(o, "no other buffer can follow base64_data");
    }
    const BufferSpec* spec = find_buffer(keyword);
    opening_ = spec != nullptr && spec->several ? ++openings_ : 0;
    sticky_ = keyword;
    sticky_option_ = &o;
    transforms_.clear();
}

void RuleDraft::close_sticky() {
    check_sticky_used(true);
    sticky_ = {};
    sticky_option_ = nullptr;
    transforms_.clear();
}

void RuleDraft::end() {
    // Suricata lets a transform stand that nothing follows.
    check_sticky_used(false);
}

void RuleDraft::add_transform(DraftTransform t) {
    transforms_.push_back(std::move(t));
}

DraftBuffer& RuleDraft::here(const lang::Option& o) {
    if (!sticky()) {
        return buffer("pkt_data", o);
    }
    for (DraftBuffer& b : buffers) {
        if (is_sticky(b) && b.transforms == transforms_) {
            return b;
        }
    }
    DraftBuffer& fresh = buffers.emplace_back();
    fresh.keyword = sticky_;
    fresh.opening = opening_;
    fresh.spec = find_buffer(sticky_);
    fresh.transforms = transforms_;
    fresh.option = sticky_option_;
    return fresh;
}

DraftBuffer& RuleDraft::buffer(std::string_view keyword, const lang::Option& o) {
    for (DraftBuffer& b : buffers) {
        if (b.keyword == keyword && b.transforms.empty()) {
            return b;
        }
    }
    return own_buffer(keyword, o);
}

DraftBuffer& RuleDraft::own_buffer(std::string_view keyword, const lang::Option& o) {
    DraftBuffer& fresh = buffers.emplace_back();
    fresh.spec = find_buffer(keyword);
    fresh.keyword = fresh.spec != nullptr ? fresh.spec->keyword : keyword;
    fresh.option = &o;
    return fresh;
}

DraftItem& RuleDraft::append(DraftBuffer& to, bundle::ItemKind kind, const lang::Option& o) {
    DraftItem& d = to.items.emplace_back();
    d.item.kind = kind;
    d.order = ++order_;
    d.option = &o;
    return d;
}

DraftItem& RuleDraft::append_header(bundle::ItemKind kind, const lang::Option& o) {
    DraftItem& d = header.emplace_back();
    d.item.kind = kind;
    d.option = &o;
    return d;
}

void RuleDraft::move_last_payload_item(std::string_view keyword, const lang::Option& o) {
    DraftBuffer& to = buffer(keyword, o);
    DraftBuffer& from = buffer("pkt_data", o);
    // The payload buffer exists, as it holds the item: 'to' stays where it is.
    const auto is_content = [](const DraftItem& d) {
        return d.item.kind == bundle::ItemKind::kContent;
    };
    const auto at = std::find_if(from.items.rbegin(), from.items.rend(), is_content);
    DraftItem moved = std::move(*at);
    from.items.erase(std::next(at).base());
    to.items.push_back(std::move(moved));
}

DraftItem* RuleDraft::last(std::uint64_t kinds, DraftBuffer** where) {
    DraftItem* found = nullptr;
    for (DraftBuffer& b : buffers) {
        if (sticky() && !(is_sticky(b) && b.transforms == transforms_)) {
            continue;
        }
        for (DraftItem& d : b.items) {
            const bool wanted = (kind_bit(d.item.kind) & kinds) != 0;
            if (wanted && (found == nullptr || d.order > found->order)) {
                found = &d;
                if (where != nullptr) {
                    *where = &b;
                }
            }
        }
    }
    return found;
}

bool RuleDraft::require_app(AppProto wanted, const lang::Option& o) {
    if (foreign_app || (app != AppProto::kUnknown && app != wanted)) {
        invalid(o, "keyword is about " + std::string(name_of(wanted)) + ", but the rule is about " +
                       (foreign_app ? ast.proto : std::string(name_of(app))));
        return false;
    }
    app = wanted;
    return true;
}

std::optional<std::uint32_t> RuleDraft::find_var(std::string_view name) const {
    const auto at = std::find(vars_.begin(), vars_.end(), name);
    if (at == vars_.end()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(at - vars_.begin());
}

std::optional<std::uint32_t> RuleDraft::add_var(std::string_view name) {
    if (vars_.size() == bundle::kMaxVars) {
        return std::nullopt;
    }
    vars_.emplace_back(name);
    return static_cast<std::uint32_t>(vars_.size() - 1);
}

}  // namespace sluice::compile
