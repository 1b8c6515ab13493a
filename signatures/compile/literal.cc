// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/literal.h"

#include "signatures/compile/buffer_profile.h"
#include "signatures/compile/byte_model.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

namespace sluice::compile {
namespace {

using bundle::Engine;
using bundle::Item;
using bundle::ItemKind;
using bundle::Transform;
using bundle::TransformStep;

constexpr double kAlwaysWeight = 4;   // a rule looked at without a place searches the whole buffer
constexpr double kFewHits = 0.02;     // per TCP segment: less than a scan of its start costs
constexpr double kPieceBytes = 1460;  // a stream is looked at once per TCP segment
constexpr std::size_t kMaxOffset = std::numeric_limits<std::uint8_t>::max();

// What a literal of the transformed buffer says about the buffer as it is scanned.
struct TransformEffect {
    bool usable = true;
    bool moved = false;  // hits do not tell the place in the transformed buffer
    bool any_case = false;
    bool dot_added = false;  // a leading '.' may not be there
};

TransformEffect effect_of(const std::vector<TransformStep>& transforms) {
    TransformEffect effect;
    for (const TransformStep& t : transforms) {
        effect.moved = true;
        switch (t.kind) {
            case Transform::kDotPrefix:
                effect.dot_added = true;
                break;
            case Transform::kToLowercase:
            case Transform::kToUppercase:
                effect.any_case = true;
                break;
            case Transform::kStripWhitespace:
            case Transform::kCompressWhitespace:
            case Transform::kUrlDecode:
            case Transform::kToMd5:
            case Transform::kToSha1:
            case Transform::kToSha256:
            case Transform::kStripPseudoHeaders:
            case Transform::kHeaderLowercase:
            case Transform::kPcreXform:
            case Transform::kXor:
                effect.usable = false;
                break;
        }
    }
    return effect;
}

// Items that look at the buffer itself: what stands behind a base64_decode looks at its result.
std::span<const Item> scanned_items(const Engine& engine) {
    const auto at = std::find_if(engine.items.begin(), engine.items.end(),
                                 [](const Item& i) { return i.kind == ItemKind::kBase64Decode; });
    return std::span(engine.items).first(static_cast<std::size_t>(at - engine.items.begin()));
}

std::string_view content_of(const bundle::Model& model, const Item& item) {
    // The blob holds text and binary alike; char and unsigned char may alias.
    const void* first = model.blob.data() + item.data;
    return {static_cast<const char*>(first), item.data_len};
}

bool has(const Item& item, bundle::ItemFlag flag) {
    return (item.flags & flag) != 0;
}

// Per byte of what the buffer carries.
double mixed_occurrences(BufferId buffer, std::string_view literal, bool nocase) {
    const double binary = profile_of(buffer).binary_share;
    const double text = occurrences_per_byte(literal, nocase, Traffic::kText);
    return binary > 0 ? (1 - binary) * text +
                            binary * occurrences_per_byte(literal, nocase, Traffic::kBinary)
                      : text;
}

double always_cost(BufferId buffer) {
    const BufferProfile& profile = profile_of(buffer);
    const double looks = profile.streaming ? 1 + profile.bytes / kPieceBytes : 1;
    return profile.presence * looks * kAlwaysWeight;
}

// A rule that wants a short payload (dsize) looks at no other.
bool payload_is_short(const bundle::Rule& rule) {
    for (const Engine& engine : rule.engines) {
        for (const Item& item : engine.items) {
            if (item.kind != ItemKind::kDsize || has(item, bundle::kNegated)) {
                continue;
            }
            const bool upper = item.op == bundle::CompareOp::kRange ||
                               item.op == bundle::CompareOp::kRangeInclusive;
            const bool below = item.op == bundle::CompareOp::kEq ||
                               item.op == bundle::CompareOp::kLt ||
                               item.op == bundle::CompareOp::kLe;
            if ((upper && item.hi <= kNearReach.back()) ||
                (below && item.lo <= kNearReach.back())) {
                return true;
            }
        }
    }
    return false;
}

struct Place {
    BufferId buffer;
    std::uint8_t engine;
    std::uint16_t item;
};

// The cheapest window of one content; nothing when it has no byte to offer.
std::optional<Prefilter> best_window(std::string_view content, const Place& place, bool nocase,
                                     const TransformEffect& effect) {
    const std::size_t window = profile_of(place.buffer).streaming ? kStreamWindow : kFieldWindow;
    std::size_t first = 0;
    if (effect.dot_added && !content.empty() && content.front() == '.') {
        first = 1;
    }
    const std::size_t length = std::min(window, content.size() - first);
    if (length == 0) {
        return std::nullopt;
    }
    Prefilter best;
    best.cost = std::numeric_limits<double>::infinity();
    for (std::size_t i = first; i + length <= content.size() && i <= kMaxOffset; ++i) {
        const std::string_view piece = content.substr(i, length);
        const double cost = literal_cost(place.buffer, piece, nocase || effect.any_case);
        if (cost < best.cost) {
            best.cost = cost;
            best.literal_offset = static_cast<std::uint8_t>(i);
        }
    }
    best.kind = PrefilterKind::kLiteral;
    best.buffer = place.buffer;
    best.engine = place.engine;
    best.item = place.item;
    best.nocase = nocase || effect.any_case;
    best.literal = content.substr(best.literal_offset, length);
    best.whole = length == content.size() && !effect.moved;
    return best;
}

// Two literals of the same price: the longer, then the earlier in the rule, so the choice does not
// depend on rounding.
bool better(const Prefilter& a, const Prefilter& b) {
    if (a.cost < b.cost || a.cost > b.cost) {
        return a.cost < b.cost;
    }
    return a.literal.size() > b.literal.size();
}

std::optional<Prefilter> best_literal(const bundle::Model& model, const bundle::Rule& rule) {
    std::optional<Prefilter> best;
    for (std::size_t e = 0; e < rule.engines.size(); ++e) {
        const Engine& engine = rule.engines[e];
        const TransformEffect effect = effect_of(engine.transforms);
        if (!effect.usable || is_header_buffer(engine.buffer)) {
            continue;
        }
        const std::span items = scanned_items(engine);
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Item& item = items[i];
            if (item.kind != ItemKind::kContent || has(item, bundle::kNegated)) {
                continue;
            }
            const Place place{engine.buffer, static_cast<std::uint8_t>(e),
                              static_cast<std::uint16_t>(i)};
            auto found =
                best_window(content_of(model, item), place, has(item, bundle::kNocase), effect);
            if (found && (!best || better(*found, *best))) {
                best = std::move(found);
            }
        }
    }
    return best;
}

// A relative pcre starts where the item before it ended; dropping that is sound only when nothing
// ties it to its start.
bool tied_to_start(const bundle::Pcre& pcre) {
    return (pcre.flags & bundle::kPcreAnchored) != 0 ||
           pcre.pattern.find('^') != std::string::npos ||
           pcre.pattern.find("\\A") != std::string::npos ||
           pcre.pattern.find("\\G") != std::string::npos;
}

std::optional<Prefilter> best_pcre(const bundle::Model& model, const bundle::Rule& rule,
                                   const PcreUsable& usable) {
    std::optional<Prefilter> best;
    for (std::size_t e = 0; e < rule.engines.size(); ++e) {
        const Engine& engine = rule.engines[e];
        const bool packets_only =
            engine.buffer == BufferId::kPayload && (rule.flow_flags & bundle::kRuleStream) == 0;
        const bool pieces = profile_of(engine.buffer).streaming && !packets_only;
        const double cost = always_cost(engine.buffer);
        if (!engine.transforms.empty() || is_header_buffer(engine.buffer) ||
            (best && best->cost <= cost)) {
            continue;
        }
        const std::span items = scanned_items(engine);
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Item& item = items[i];
            if (item.kind != ItemKind::kPcre || has(item, bundle::kNegated)) {
                continue;
            }
            const bundle::Pcre& pcre = model.pcres[item.data];
            if ((has(item, bundle::kRelative) && tied_to_start(pcre)) || !usable(pcre, pieces)) {
                continue;
            }
            best.emplace();
            best->kind = PrefilterKind::kPcre;
            best->buffer = engine.buffer;
            best->engine = static_cast<std::uint8_t>(e);
            best->item = static_cast<std::uint16_t>(i);
            best->pcre = item.data;
            best->cost = cost;
            break;
        }
    }
    return best;
}

Prefilter cheapest_always(const bundle::Rule& rule) {
    Prefilter best;
    for (const Engine& engine : rule.engines) {
        if (engine.buffer == BufferId::kPacketHeader || is_header_buffer(engine.buffer)) {
            continue;
        }
        const double cost = always_cost(engine.buffer);
        if (best.kind == PrefilterKind::kPacket || cost < best.cost) {
            best.kind = PrefilterKind::kAlways;
            best.buffer = engine.buffer;
            best.cost = cost;
        }
    }
    return best;
}

}  // namespace

double literal_cost(BufferId buffer, std::string_view literal, bool nocase) {
    const BufferProfile& profile = profile_of(buffer);
    const double per_byte = mixed_occurrences(buffer, literal, nocase);
    const double hits = std::max(usual_share(buffer, literal, nocase), profile.bytes * per_byte);
    return profile.presence * hits + profile.scan_cost;
}

Prefilter choose_prefilter(const bundle::Model& model, const bundle::Rule& rule,
                           const PcreUsable& pcre_usable) {
    Prefilter always = cheapest_always(rule);
    if (always.kind == PrefilterKind::kPacket) {
        return always;
    }
    auto literal = best_literal(model, rule);
    if (literal && literal->cost < always.cost) {
        return std::move(*literal);
    }
    if (auto pcre = best_pcre(model, rule, pcre_usable)) {
        return std::move(*pcre);
    }
    return always;
}

std::optional<std::uint32_t> reach_of(const Item& item) {
    constexpr std::uint32_t kMoves =
        bundle::kHasDistance | bundle::kHasWithin | bundle::kOffsetVar | bundle::kDepthVar;
    if (item.kind != ItemKind::kContent || has(item, bundle::kNegated) ||
        (item.flags & kMoves) != 0) {
        return std::nullopt;
    }
    if (has(item, bundle::kStartsWith)) {
        return item.data_len;
    }
    if (!has(item, bundle::kHasDepth) || item.offset < 0 || item.depth < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(item.offset) + static_cast<std::uint32_t>(item.depth);
}

std::size_t near_part(const bundle::Rule& rule, const Prefilter& p) {
    if (p.kind != PrefilterKind::kLiteral || !rule.engines[p.engine].transforms.empty()) {
        return kNearReach.size();
    }
    const auto reach = reach_of(rule.engines[p.engine].items[p.item]);
    std::size_t part = 0;
    while (part < kNearReach.size() && (!reach || *reach > kNearReach[part])) {
        ++part;
    }
    return part;
}

namespace {

bool holds_host_name(BufferId b) {
    return b == BufferId::kDnsQuery || b == BufferId::kDnsQueryName ||
           b == BufferId::kDnsAnswerName || b == BufferId::kTlsSni || b == BufferId::kHttpHost ||
           b == BufferId::kHttpHostRaw;
}

// Transforms that change no more than what a domain table does not look at: case, a '.' in front.
bool keeps_the_end(const std::vector<bundle::TransformStep>& transforms) {
    const auto is_dot = [](const bundle::TransformStep& t) {
        return t.kind == Transform::kDotPrefix;
    };
    return std::all_of(transforms.begin(), transforms.end(),
                       [&](const bundle::TransformStep& t) {
                           return is_dot(t) || t.kind == Transform::kToLowercase ||
                                  t.kind == Transform::kToUppercase;
                       }) &&
           std::count_if(transforms.begin(), transforms.end(), is_dot) <= 1;
}

bool ends_buffer(const Engine& engine, std::size_t item) {
    const Item& content = engine.items[item];
    if (content.kind != ItemKind::kContent || has(content, bundle::kNegated) ||
        content.data_len > bundle::kMaxDomainText) {
        return false;
    }
    const bool whole = std::any_of(engine.items.begin(), engine.items.end(), [&](const Item& i) {
        return i.kind == ItemKind::kBsize && i.op == bundle::CompareOp::kEq &&
               !has(i, bundle::kNegated) && i.lo == content.data_len;
    });
    const Item* next = item + 1 < engine.items.size() ? &engine.items[item + 1] : nullptr;
    const bool nothing_after = next != nullptr && next->kind == ItemKind::kIsDataAt &&
                               has(*next, bundle::kRelative) && has(*next, bundle::kNegated) &&
                               (next->flags & bundle::kOffsetVar) == 0 && next->offset == 1;
    return whole || nothing_after || has(content, bundle::kEndsWith);
}

}  // namespace

std::optional<AnchoredContent> find_anchored(const bundle::Rule& rule, const Prefilter& p) {
    if (p.kind != PrefilterKind::kLiteral || !holds_host_name(p.buffer)) {
        return std::nullopt;
    }
    std::optional<AnchoredContent> best;
    std::size_t length = 0;
    for (std::size_t e = 0; e < rule.engines.size(); ++e) {
        const Engine& engine = rule.engines[e];
        if (engine.buffer != p.buffer || !keeps_the_end(engine.transforms)) {
            continue;
        }
        for (std::size_t i = 0; i < engine.items.size(); ++i) {
            const bool chosen = e == p.engine && i == p.item;
            const std::size_t size = engine.items[i].data_len;
            if (ends_buffer(engine, i) && size > length && (chosen || size >= kFieldWindow)) {
                best = {static_cast<std::uint8_t>(e), static_cast<std::uint16_t>(i)};
                length = size;
            }
        }
    }
    return best;
}

bool rides_with_stream(const bundle::Rule& rule, const Prefilter& p) {
    if (p.kind != PrefilterKind::kLiteral || !rule.engines[p.engine].transforms.empty()) {
        return false;
    }
    return near_part(rule, p) == kNearReach.size() ||
           kPieceBytes * mixed_occurrences(p.buffer, p.literal, p.nocase) < kFewHits;
}

Prefilter choose_segment_prefilter(const bundle::Model& model, const bundle::Rule& rule,
                                   const Prefilter& general) {
    if (general.kind != PrefilterKind::kLiteral || general.buffer != BufferId::kPayload ||
        payload_is_short(rule)) {
        return general;
    }
    std::optional<Prefilter> best;
    for (std::size_t e = 0; e < rule.engines.size(); ++e) {
        const Engine& engine = rule.engines[e];
        if (engine.buffer != BufferId::kPayload || !engine.transforms.empty()) {
            continue;
        }
        const std::span items = scanned_items(engine);
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Item& item = items[i];
            const auto reach = reach_of(item);
            if (!reach || *reach > kNearReach.back()) {
                continue;
            }
            const Place place{engine.buffer, static_cast<std::uint8_t>(e),
                              static_cast<std::uint16_t>(i)};
            auto found =
                best_window(content_of(model, item), place, has(item, bundle::kNocase), {});
            if (found && (!best || better(*found, *best))) {
                best = std::move(found);
            }
        }
    }
    const auto hits = [](const Prefilter& p) {
        return kNearReach.back() * mixed_occurrences(BufferId::kPayload, p.literal, p.nocase);
    };
    if (best && hits(*best) < kAlwaysWeight) {
        return std::move(*best);
    }
    return general;
}

}  // namespace sluice::compile
