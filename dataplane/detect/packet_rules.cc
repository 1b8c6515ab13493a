// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/packet_rules.h"

#include "dataplane/detect/header_items.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::detect {
namespace {

constexpr std::size_t kMaxKeyRanges = 4096;  // a set with more is not worth an interval per range
constexpr std::uint64_t kMaxKeyAddresses =
    1ULL << 26;  // nor one that most packets fall into (10/8 is 2^24)

constexpr unsigned kAppProtos = static_cast<unsigned>(AppProto::kCount);
static_assert(kAppProtos <= 64, "a bit each in PacketRuleIndex::named_");

bool proto_fits(bundle::HeaderProto rule, std::size_t cls) {
    switch (rule) {
        case bundle::HeaderProto::kIp:
            return true;
        case bundle::HeaderProto::kTcp:
            return cls == 0;
        case bundle::HeaderProto::kUdp:
            return cls == 1;
        case bundle::HeaderProto::kIcmp:
            return cls == 2;
        case bundle::HeaderProto::kSctp:
            return cls == 3;
    }
    return false;
}

bool item_fits(const bundle::Item& item, std::size_t cls, const PacketRuleIndex::Key& key) {
    if (item.kind == bundle::ItemKind::kTcpFlags) {
        return cls == 0 && bits_match(item, key.tcp_flags);
    }
    if (item.kind == bundle::ItemKind::kDsize) {
        return key.has_payload || number_fits(item, 0);
    }
    if (item.kind == bundle::ItemKind::kIpProto && cls < 2) {
        return number_fits(item, cls == 0 ? packet::kProtoTcp : packet::kProtoUdp);
    }
    return true;
}

bool may_match(const PacketRuleFacts& f, std::size_t cls, const PacketRuleIndex::Key& key) {
    const std::uint32_t flags = f.rec->flow_flags;
    if (!proto_fits(f.rec->proto, cls) || ((f.rec->traits & kRuleNeedsBit) != 0 && !key.has_bits) ||
        (f.rec->app != AppProto::kUnknown && !key.named) ||
        ((flags & bundle::kFlowToServer) != 0 && key.direction != Direction::kToServer) ||
        ((flags & bundle::kFlowToClient) != 0 && key.direction != Direction::kToClient)) {
        return false;
    }
    return std::all_of(f.header.begin(), f.header.end(),
                       [&](const bundle::Item& item) { return item_fits(item, cls, key); });
}

std::uint64_t span_of(const AddressSet& set) {
    std::uint64_t n = 0;
    for (const AddressSet::Range4& r : set.v4()) {
        n += std::uint64_t{r.hi} - r.lo + 1;
    }
    return n;
}

bool usable_key(const AddressSet& set) {
    return !set.any() && set.v6().empty() && set.v4().size() <= kMaxKeyRanges &&
           span_of(set) <= kMaxKeyAddresses;
}

}  // namespace

std::size_t PacketRuleIndex::class_of(std::uint8_t ip_proto) {
    switch (ip_proto) {
        case packet::kProtoTcp:
            return 0;
        case packet::kProtoUdp:
            return 1;
        case packet::kProtoIcmp:
        case packet::kProtoIcmp6:
            return 2;
        default:
            return 3;
    }
}

std::size_t PacketRuleIndex::slot(const Key& key) const {
    const std::size_t flags = key.ip_proto == packet::kProtoTcp ? key.tcp_flags : 0;
    const std::size_t variant = index_of(key.direction) << 3U | (key.has_payload ? 4U : 0U) |
                                (key.has_bits ? 2U : 0U) | (key.named ? 1U : 0U);
    return flags * kVariants + variant;
}

PacketRuleIndex::Rules PacketRuleIndex::by_packet(const Key& key) const {
    const std::vector<std::uint32_t>& lists = list_of_[class_of(key.ip_proto)];
    if (lists.empty()) {
        return {};
    }
    return lists_[lists[slot(key)]];
}

PacketRuleIndex::Rules PacketRuleIndex::by_address(std::size_t side,
                                                   const packet::IpAddr& a) const {
    const std::vector<Interval>& list = intervals_[side];
    if (list.empty() || !a.is_v4()) {
        return {};
    }
    const std::uint32_t v = v4_of(a);
    const auto it = std::upper_bound(list.begin(), list.end(), v,
                                     [](std::uint32_t x, const Interval& i) { return x < i.lo; });
    if (it == list.begin() || v > std::prev(it)->hi) {
        return {};
    }
    return Rules(interval_rules_[side]).subspan(std::prev(it)->first, std::prev(it)->count);
}

class PacketRuleIndexBuilder {
  public:
    explicit PacketRuleIndexBuilder(std::span<const PacketRuleFacts> rules) : rules_(rules) {}

    PacketRuleIndex build() {
        for (const PacketRuleFacts& f : rules_) {
            if ((f.rec->traits & kRuleIpOnly) != 0) {
                add_address_rule(f);
            } else {
                keyed_.push_back(f);
                name(f.rec->app);
            }
        }
        build_lists();
        flatten(0);
        flatten(1);
        return std::move(out_);
    }

  private:
    struct Entry {
        std::uint32_t lo;
        std::uint32_t hi;
        RuleIndex rule;
    };

    void name(AppProto wanted) {
        for (unsigned i = 0; wanted != AppProto::kUnknown && i < kAppProtos; ++i) {
            if (speaks(static_cast<AppProto>(i), wanted)) {
                out_.named_ |= std::uint64_t{1} << i;
            }
        }
    }

    void add_address_rule(const PacketRuleFacts& f) {
        out_.has_address_rules_ = true;
        const bool src = usable_key(*f.src);
        const bool dst = usable_key(*f.dst);
        const bool both = (f.rec->flow_flags & bundle::kRuleBidirectional) != 0;
        if ((!src && !dst) || both) {
            out_.any_address_.push_back(f.rule);
            return;
        }
        const std::size_t side = src && (!dst || span_of(*f.src) <= span_of(*f.dst)) ? 0 : 1;
        for (const AddressSet::Range4& r : (side == 0 ? f.src : f.dst)->v4()) {
            entries_[side].push_back({r.lo, r.hi, f.rule});
        }
    }

    std::uint32_t list_id(std::vector<RuleIndex> rules) {
        const auto [it, fresh] =
            ids_.emplace(std::move(rules), static_cast<std::uint32_t>(out_.lists_.size()));
        if (fresh) {
            out_.lists_.push_back(it->first);
        }
        return it->second;
    }

    std::vector<RuleIndex> matching(std::size_t cls, const PacketRuleIndex::Key& key) const {
        std::vector<RuleIndex> rules;
        for (const PacketRuleFacts& f : keyed_) {
            if (may_match(f, cls, key)) {
                rules.push_back(f.rule);
            }
        }
        return rules;
    }

    bool sets_bits(std::size_t cls, const PacketRuleIndex::Key& key) const {
        return std::any_of(rules_.begin(), rules_.end(), [&](const PacketRuleFacts& f) {
            return f.rec->header_count != f.rec->action_first && may_match(f, cls, key);
        });
    }

    void build_lists() {
        for (std::size_t cls = 0; cls < PacketRuleIndex::kClasses && !keyed_.empty(); ++cls) {
            const std::size_t flag_values = cls == 0 ? PacketRuleIndex::kFlagValues : 1;
            std::vector<std::uint32_t>& lists = out_.list_of_[cls];
            for (std::size_t i = 0; i < flag_values * PacketRuleIndex::kVariants; ++i) {
                PacketRuleIndex::Key key;
                key.tcp_flags = static_cast<std::uint8_t>(i / PacketRuleIndex::kVariants);
                key.direction = (i & 8) == 0 ? Direction::kToServer : Direction::kToClient;
                key.has_payload = (i & 4) != 0;
                key.has_bits = (i & 2) != 0;
                key.named = (i & 1) != 0;
                // A rule for this very packet may set the bit that a later one asks for.
                key.has_bits = key.has_bits || sets_bits(cls, key);
                lists.push_back(list_id(matching(cls, key)));
            }
        }
    }

    // Cuts overlapping ranges into disjoint intervals, each with the rules that cover it.
    void flatten(std::size_t side) {
        std::vector<Entry>& entries = entries_[side];
        std::sort(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.lo < b.lo; });
        std::vector<std::uint64_t> cuts;
        for (const Entry& e : entries) {
            cuts.push_back(e.lo);
            cuts.push_back(std::uint64_t{e.hi} + 1);
        }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        std::vector<Entry> open;
        std::size_t next = 0;
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            std::erase_if(open, [&](const Entry& e) { return e.hi < cuts[i]; });
            for (; next < entries.size() && entries[next].lo <= cuts[i]; ++next) {
                open.push_back(entries[next]);
            }
            if (open.empty()) {
                continue;
            }
            std::vector<RuleIndex>& rules = out_.interval_rules_[side];
            const auto first = static_cast<std::uint32_t>(rules.size());
            for (const Entry& e : open) {
                rules.push_back(e.rule);
            }
            out_.intervals_[side].push_back({static_cast<std::uint32_t>(cuts[i]),
                                             static_cast<std::uint32_t>(cuts[i + 1] - 1), first,
                                             static_cast<std::uint32_t>(open.size())});
        }
    }

    std::span<const PacketRuleFacts> rules_;
    std::vector<PacketRuleFacts> keyed_;
    std::array<std::vector<Entry>, 2> entries_;
    std::map<std::vector<RuleIndex>, std::uint32_t> ids_;
    PacketRuleIndex out_;
};

PacketRuleIndex build_packet_rule_index(std::span<const PacketRuleFacts> rules) {
    return PacketRuleIndexBuilder(rules).build();
}

}  // namespace sluice::detect
