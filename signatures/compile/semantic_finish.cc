// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic_finish.h"

#include "signatures/compile/app_protocols.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;
using bundle::Transform;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kPayloadKeyword = "pkt_data";

bool is_space(char c) {
    return lang::is_blank(c) || c == '\n';
}

bool has_upper(std::string_view s) {
    return std::any_of(s.begin(), s.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool has_lower(std::string_view s) {
    return std::any_of(s.begin(), s.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool has_double_space(std::string_view s) {
    for (std::size_t i = 1; i < s.size(); ++i) {
        if (is_space(s[i - 1]) && is_space(s[i])) {
            return true;
        }
    }
    return false;
}

// A content that the transform takes out of the buffer can never be found.
bool can_be_found(std::string_view content, Transform t) {
    switch (t) {
        case Transform::kStripWhitespace:
            return std::none_of(content.begin(), content.end(), is_space);
        case Transform::kCompressWhitespace:
            return !has_double_space(content);
        case Transform::kToLowercase:
            return !has_upper(content);
        case Transform::kToUppercase:
            return !has_lower(content);
        case Transform::kDotPrefix:
        case Transform::kUrlDecode:
        case Transform::kToMd5:
        case Transform::kToSha1:
        case Transform::kToSha256:
        case Transform::kStripPseudoHeaders:
        case Transform::kHeaderLowercase:
        case Transform::kPcreXform:
        case Transform::kXor:
            return true;
    }
    return true;
}

// Buffers in hexadecimal digits of one case: authors may write the other.
struct DigestBuffer {
    std::string_view keyword;
    bool upper;
    std::size_t size;  // of every value; 0: they differ
};

constexpr std::array kDigestBuffers{
    DigestBuffer{"ja3.hash", false, 32},
    DigestBuffer{"ja3s.hash", false, 32},
    DigestBuffer{"ssh.hassh", false, 32},
    DigestBuffer{"ssh.hassh.server", false, 32},
    DigestBuffer{"tls.cert_fingerprint", false, 59},
    DigestBuffer{"tls.cert_serial", true, 0},
};

void settle_digest(RuleDraft& draft, const DraftBuffer& b, DraftItem& d) {
    for (const DigestBuffer& row : kDigestBuffers) {
        if (row.keyword != b.keyword) {
            continue;
        }
        if (row.size != 0 && d.bytes.size() != row.size) {
            draft.invalid(*d.option, std::string(b.keyword) + " is always " +
                                         std::to_string(row.size) +
                                         " characters long, the content is not");
        }
        for (char& c : d.bytes) {
            c = row.upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A')
                : row.upper                       ? c
                                                  : lang::to_lower(c);
        }
    }
}

void check_content(RuleDraft& draft, const DraftBuffer& b, const DraftItem& d) {
    for (const DraftTransform& t : b.transforms) {
        if (!can_be_found(d.bytes, t.kind)) {
            draft.invalid(*d.option, "content can never be in the transformed buffer");
        }
    }
    if (b.keyword == "http.host" && d.has(bundle::kNocase)) {
        draft.invalid(*d.option, "the host buffer is lower case: nocase is not allowed");
    } else if (b.keyword == "http.host" && has_upper(d.bytes)) {
        draft.invalid(*d.option, "the host buffer is lower case, the content is not");
    }
    if (b.keyword == "http.method" &&
        (lang::is_blank(d.bytes.front()) || lang::is_blank(d.bytes.back()))) {
        draft.invalid(*d.option, "a method has no blanks around it");
    }
}

// How many bytes a buffer needs at least: for the first content and those relative to it, as
// Suricata counts them.
std::int64_t required_size(const DraftBuffer& b) {
    std::int64_t length = 0;
    std::int64_t offset = 0;
    bool first = true;
    for (const DraftItem& d : b.items) {
        constexpr std::uint32_t kVars =
            bundle::kOffsetVar | bundle::kDistanceVar | bundle::kWithinVar;
        const bool relative = d.has(bundle::kHasDistance | bundle::kHasWithin);
        const bool counts = first || (relative && !d.has(bundle::kNegated));
        if (d.item.kind != ItemKind::kContent || d.has(kVars) || !counts) {
            continue;
        }
        length += static_cast<std::int64_t>(d.bytes.size()) + (first ? 0 : d.item.distance);
        offset = std::max<std::int64_t>(offset, d.item.offset);
        first = false;
    }
    return length + offset;
}

// The largest size that a size keyword can let pass, judged like Suricata does: one too much for
// '<' and ranges.
std::int64_t largest(const bundle::Item& item) {
    switch (item.op) {
        case CompareOp::kEq:
        case CompareOp::kLt:
        case CompareOp::kLe:
            return item.lo;
        case CompareOp::kNe:
            return item.kind == ItemKind::kDsize ? item.lo : kNoLimit;
        case CompareOp::kRange:
        case CompareOp::kRangeInclusive:
            return (item.flags & bundle::kNegated) != 0 ? kNoLimit : item.hi;
        case CompareOp::kGt:
        case CompareOp::kGe:
        case CompareOp::kAnd:
        case CompareOp::kOr:
        case CompareOp::kNand:
        case CompareOp::kNor:
            break;
    }
    return kNoLimit;
}

void check_sizes(RuleDraft& draft, const DraftBuffer& b) {
    const std::int64_t required = required_size(b);
    std::int64_t longest = 0;
    for (const DraftItem& d : b.items) {
        longest = std::max(longest, static_cast<std::int64_t>(d.bytes.size()));
    }
    for (const DraftItem& d : b.items) {
        const bool bsize = d.item.kind == ItemKind::kBsize && required > largest(d.item);
        const bool urilen = d.item.kind == ItemKind::kUrilen && longest > largest(d.item);
        if (bsize || urilen) {
            draft.invalid(*d.option, "the contents are longer than the buffer may be");
        }
    }
    if (b.keyword != kPayloadKeyword) {
        return;
    }
    for (const DraftItem& d : draft.header) {
        if (d.item.kind == ItemKind::kDsize && required > largest(d.item)) {
            draft.invalid(*d.option, "the contents are longer than the payload may be");
        }
    }
}

// Variables live in the buffer that they are extracted from.
void check_variables(RuleDraft& draft) {
    std::vector<const DraftBuffer*> owner(bundle::kMaxVars, nullptr);
    for (const DraftBuffer& b : draft.buffers) {
        for (const DraftItem& d : b.items) {
            if (d.item.kind == ItemKind::kByteExtract || d.item.kind == ItemKind::kByteMath) {
                owner[d.item.var] = &b;
            }
        }
    }
    for (const DraftBuffer& b : draft.buffers) {
        for (const DraftItem& d : b.items) {
            const auto foreign = [&](std::uint32_t flag, std::int64_t slot) {
                return d.has(flag) && owner[static_cast<std::size_t>(slot)] != &b;
            };
            if (foreign(bundle::kOffsetVar, d.item.offset) ||
                foreign(bundle::kDepthVar, d.item.depth) ||
                foreign(bundle::kDistanceVar, d.item.distance) ||
                foreign(bundle::kWithinVar, d.item.within) ||
                foreign(bundle::kNbytesVar, d.item.nbytes) ||
                foreign(bundle::kValueVar, d.item.var)) {
                draft.unsupported(*d.option,
                                  "variable from another buffer is not compiled by this version");
            }
        }
    }
}

bool has_place(const DraftBuffer& b) {
    return std::any_of(b.items.begin(), b.items.end(), [](const DraftItem& d) {
        return d.item.kind == ItemKind::kContent && d.has(bundle::kHasOffset | bundle::kHasDepth);
    });
}

// Payload of packets, of the stream, or both: detect-parse's rules for TCP. Other protocols have no
// stream.
std::uint32_t payload_views(const RuleDraft& draft, const DraftBuffer& payload) {
    switch (draft.rule.proto) {
        case bundle::HeaderProto::kUdp:
        case bundle::HeaderProto::kIcmp:
        case bundle::HeaderProto::kSctp:
            return bundle::kRulePacket;
        case bundle::HeaderProto::kIp:
        case bundle::HeaderProto::kTcp:
            break;
    }
    if (draft.needs_packet) {
        return bundle::kRulePacket;
    }
    if (draft.needs_stream) {
        return bundle::kRuleStream;
    }
    const bool packet_too =
        draft.rule.proto == bundle::HeaderProto::kIp || has_place(payload) || draft.has_stream_size;
    return bundle::kRuleStream | (packet_too ? bundle::kRulePacket : 0U);
}

void settle_protocol(RuleDraft& draft, bool app_buffers) {
    if (draft.app == AppProto::kUnknown && !app_buffers) {
        return;
    }
    const AppProtocol* app = find_app_protocol(name_of(draft.app));
    const bundle::HeaderProto over = app != nullptr ? app->transport : bundle::HeaderProto::kTcp;
    const bool any = over == bundle::HeaderProto::kIp;
    switch (draft.rule.proto) {
        case bundle::HeaderProto::kIp:
            draft.rule.proto = over;
            break;
        case bundle::HeaderProto::kTcp:
        case bundle::HeaderProto::kUdp:
            if (!any && draft.rule.proto != over) {
                const bool tcp = over == bundle::HeaderProto::kTcp;
                draft.unsupported(std::string(name_of(draft.app)) + " runs over " +
                                  (tcp ? "TCP" : "UDP") + ", the rule is for " +
                                  (tcp ? "udp" : "tcp"));
            }
            break;
        case bundle::HeaderProto::kIcmp:
        case bundle::HeaderProto::kSctp:
            draft.unsupported(std::string(name_of(draft.app)) + " does not run over " +
                              draft.ast.proto);
            break;
    }
    draft.rule.app = draft.app;
}

void check_views(RuleDraft& draft, bool app_buffers) {
    if (draft.needs_packet && app_buffers) {
        draft.invalid("keywords over one packet cannot be together with application buffers");
    } else if (draft.needs_packet && draft.needs_stream) {
        draft.invalid(
            "keywords over one packet cannot be together with tcp-stream or flow:only_stream");
    }
}

using Directions = std::vector<std::optional<Direction>>;

Directions given_direction(RuleDraft& draft, Direction d) {
    for (const DraftBuffer& b : draft.buffers) {
        if (b.spec != nullptr && !b.spec->in(d)) {
            draft.invalid(*b.option, std::string(b.keyword) +
                                         " does not exist in the direction of the flow keyword");
        }
    }
    return {d};
}

Directions implied_directions(RuleDraft& draft) {
    const DraftBuffer* request = nullptr;
    const DraftBuffer* response = nullptr;
    bool body = false;
    for (const DraftBuffer& b : draft.buffers) {
        if (b.spec == nullptr || b.keyword == kPayloadKeyword) {
            continue;
        }
        request = b.spec->in(Direction::kToClient) ? request : &b;
        response = b.spec->in(Direction::kToServer) ? response : &b;
        body = body || b.keyword == "http.response_body";
        if (b.keyword == "http.header.raw") {
            draft.invalid(*b.option, "http.header.raw needs flow:to_server or flow:to_client");
        }
    }
    if (request != nullptr && response != nullptr) {
        draft.invalid(*response->option, std::string(request->keyword) + " and " +
                                             std::string(response->keyword) +
                                             " are in opposite directions");
    }
    if (request != nullptr) {
        return {Direction::kToServer};
    }
    if (response != nullptr || body) {
        return {Direction::kToClient};
    }
    return {Direction::kToServer, Direction::kToClient};
}

Directions directions_of(RuleDraft& draft, bool app_buffers) {
    if (!app_buffers) {
        return {std::nullopt};
    }
    if ((draft.rule.flow_flags & bundle::kFlowToServer) != 0) {
        return given_direction(draft, Direction::kToServer);
    }
    if ((draft.rule.flow_flags & bundle::kFlowToClient) != 0) {
        return given_direction(draft, Direction::kToClient);
    }
    return implied_directions(draft);
}

bool is_kind(const DraftItem& d, ItemKind kind) {
    return d.item.kind == kind;
}

// Behind a base64_decode stands what looks at its result: that decides, so what stood there is
// never reached, and without it (as in Suricata) nothing matches.
void place_decoded(RuleDraft& draft) {
    std::vector<DraftItem> decoded;
    for (DraftBuffer& b : draft.buffers) {
        if (b.keyword == kDecodedBuffer) {
            decoded = std::move(b.items);
        }
    }
    std::erase_if(draft.buffers, [](const DraftBuffer& b) { return b.keyword == kDecodedBuffer; });
    for (DraftBuffer& b : draft.buffers) {
        const auto at = std::find_if(b.items.begin(), b.items.end(), [](const DraftItem& d) {
            return is_kind(d, ItemKind::kBase64Decode);
        });
        if (at != b.items.end()) {
            b.items.erase(at + 1, b.items.end());
            b.items.insert(b.items.end(), decoded.begin(), decoded.end());
        }
    }
}

void place_asn1(RuleDraft& draft) {
    for (DraftBuffer& b : draft.buffers) {
        std::stable_partition(b.items.begin(), b.items.end(),
                              [](const DraftItem& d) { return !is_kind(d, ItemKind::kAsn1); });
    }
}

void check_limits(RuleDraft& draft) {
    // One more engine for the header.
    if (draft.buffers.size() + 1 > bundle::kMaxEngines) {
        draft.unsupported("rule looks at more than " + std::to_string(bundle::kMaxEngines - 1) +
                          " buffers");
    }
    for (const DraftBuffer& b : draft.buffers) {
        if (b.items.size() > bundle::kMaxItems || b.transforms.size() > bundle::kMaxTransforms) {
            draft.unsupported(*b.option, "too many matches or transforms in one buffer");
        }
    }
    if (draft.header.size() > bundle::kMaxItems) {
        draft.unsupported("too many header keywords");
    }
}

}  // namespace

std::vector<std::optional<Direction>> finish(RuleDraft& draft) {
    draft.end();
    std::erase_if(draft.buffers, [](const DraftBuffer& b) { return b.items.empty(); });
    bool app_buffers = false;
    for (DraftBuffer& b : draft.buffers) {
        app_buffers = app_buffers || (b.spec != nullptr && b.keyword != kPayloadKeyword &&
                                      !is_header_buffer(b.spec->request));
        for (DraftItem& d : b.items) {
            if (d.item.kind == ItemKind::kContent) {
                settle_digest(draft, b, d);
                check_content(draft, b, d);
            }
        }
        check_sizes(draft, b);
    }
    place_decoded(draft);
    place_asn1(draft);
    check_variables(draft);
    check_limits(draft);
    check_views(draft, app_buffers);
    settle_protocol(draft, app_buffers);
    for (const DraftBuffer& b : draft.buffers) {
        if (b.keyword == kPayloadKeyword) {
            draft.rule.flow_flags |= payload_views(draft, b);
        }
    }
    if (draft.ast.arrow == lang::Arrow::kBoth) {
        draft.rule.flow_flags |= bundle::kRuleBidirectional;
    }
    return directions_of(draft, app_buffers);
}

}  // namespace sluice::compile
