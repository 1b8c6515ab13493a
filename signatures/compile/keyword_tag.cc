// SPDX-License-Identifier: Apache-2.0
// tag: which packets after a match are told, and for how long.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::compile {
namespace {

// Suricata's: what a tag without a count says, and the most that one of packets may.
constexpr std::uint32_t kMostPackets = 256;

constexpr std::array<std::pair<std::string_view, bundle::TagMetric>, 3> kMetrics{
    {{"packets", bundle::TagMetric::kPackets},
     {"bytes", bundle::TagMetric::kBytes},
     {"seconds", bundle::TagMetric::kSeconds}}};

// session|host[, COUNT, packets|bytes|seconds[, src|dst]]
std::optional<bundle::Tag> parse_tag(std::string_view text) {
    const auto parts = split(text, ',');
    const bool host = parts[0] == "host";
    if ((!host && parts[0] != "session") || parts.size() == 2 || parts.size() > 4) {
        return std::nullopt;
    }
    if (parts.size() == 4 && parts[3] != "src" && parts[3] != "dst") {
        return std::nullopt;
    }
    bundle::Tag tag;
    if (host) {
        const bool source = parts.size() == 4 && parts[3] == "src";
        tag.scope = source ? bundle::TagScope::kSource : bundle::TagScope::kDestination;
    }
    tag.count = kMostPackets;
    if (parts.size() == 1) {
        return tag;
    }
    const auto count = parse_decimal(parts[1], UINT32_MAX);
    const auto metric = std::find_if(kMetrics.begin(), kMetrics.end(),
                                     [&parts](const auto& m) { return m.first == parts[2]; });
    if (!count || metric == kMetrics.end()) {
        return std::nullopt;
    }
    tag.metric = metric->second;
    tag.count = static_cast<std::uint32_t>(*count);
    if (tag.metric == bundle::TagMetric::kPackets) {
        tag.count = std::min(tag.count, kMostPackets);
    }
    return tag;
}

void read_tag(RuleDraft& draft, const Argument& arg) {
    const std::optional<bundle::Tag> tag = parse_tag(arg.value);
    if (!tag) {
        draft.invalid(
            arg.option,
            "session or host expected, then perhaps a count up to 4294967295 with "
            "packets, bytes or seconds, then perhaps src or dst: tag:host,60,seconds,src");
        return;
    }
    // Of two for one scope the first holds, as in Suricata, where the second finds the rule's tag
    // set already.
    std::vector<bundle::Tag>& tags = draft.rule.tags;
    const bool first = std::none_of(tags.begin(), tags.end(),
                                    [&tag](const bundle::Tag& t) { return t.scope == tag->scope; });
    if (first) {
        tags.push_back(*tag);
    }
}

constexpr std::array kRows{HandlerRow{"tag", read_tag}};

}  // namespace

std::span<const HandlerRow> tag_handlers() {
    return kRows;
}

}  // namespace sluice::compile
