// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/port_classes.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

namespace sluice::compile {
namespace {

constexpr std::uint32_t kPorts = 65536;
// Past this many distinct sets the rest shares one class at once: merging looks at all pairs.
constexpr std::size_t kMaxExact = 512;

struct BusyPort {
    std::uint16_t port;
    double weight;
};

// Rough shares of traffic. All other ports together weigh about as much as port 80.
constexpr BusyPort kBusyPorts[] = {{80, 10},  {443, 10},  {53, 3},   {8080, 2}, {25, 1},
                                   {445, 2},  {139, 1},   {21, 1},   {22, 1},   {110, 0.5},
                                   {143, 1},  {993, 0.5}, {587, 1},  {3389, 1}, {1433, 1},
                                   {3306, 1}, {123, 1},   {161, 0.5}};
constexpr double kOtherPortWeight = 10.0 / kPorts;

double weight_of(std::uint32_t lo, std::uint32_t hi) {
    double weight = kOtherPortWeight * static_cast<double>(hi - lo + 1);
    for (const BusyPort& busy : kBusyPorts) {
        if (lo <= busy.port && busy.port <= hi) {
            weight += busy.weight;
        }
    }
    return weight;
}

using MemberSet = std::vector<std::uint32_t>;  // ascending member indices

struct Class {
    MemberSet members;
    double weight = 0;      // of its ports
    std::size_t rules = 0;  // of its members
    bool gone = false;      // merged into 'into'
    std::uint32_t into = 0;
};

struct Interval {
    std::uint32_t lo;
    std::uint32_t index;
};

MemberSet united(const MemberSet& a, const MemberSet& b) {
    MemberSet u;
    u.reserve(a.size() + b.size());
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(u));
    return u;
}

class Classifier {
  public:
    explicit Classifier(const std::vector<PortMember>& members) : members_(members) {}

    PortClasses run(const PortClassLimits& limits) {
        sweep();
        merge(limits);
        return result();
    }

  private:
    std::size_t rules_of(const MemberSet& set) const {
        std::size_t n = 0;
        for (const std::uint32_t m : set) {
            n += members_[m].rules.size();
        }
        return n;
    }

    // Walks the ports upwards; between two ends of ranges the set of members does not change.
    void sweep() {
        std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, bool>>> ends;
        ends[0];
        for (std::uint32_t m = 0; m < members_.size(); ++m) {
            for (const bundle::PortRange& range : members_[m].ports) {
                ends[range.lo].emplace_back(m, true);
                ends[range.hi + 1U].emplace_back(m, false);
            }
        }
        ends.erase(kPorts);
        MemberSet active;
        for (auto it = ends.begin(); it != ends.end(); ++it) {
            for (const auto& [member, enters] : it->second) {
                const auto at = std::lower_bound(active.begin(), active.end(), member);
                if (enters) {
                    active.insert(at, member);
                } else {
                    active.erase(at);
                }
            }
            const auto next = std::next(it);
            const std::uint32_t hi = (next == ends.end() ? kPorts : next->first) - 1;
            add_interval(it->first, hi, active);
        }
    }

    void add_interval(std::uint32_t lo, std::uint32_t hi, const MemberSet& active) {
        auto it = exact_.find(active);
        if (it == exact_.end() && classes_.size() < kMaxExact) {
            it = exact_.emplace(active, static_cast<std::uint32_t>(classes_.size())).first;
            classes_.push_back({active, 0, rules_of(active), false, 0});
        }
        std::uint32_t index = static_cast<std::uint32_t>(kMaxExact) - 1;
        if (it != exact_.end()) {
            index = it->second;
        } else {
            Class& last = classes_[index];
            last.members = united(last.members, active);
            last.rules = rules_of(last.members);
        }
        classes_[index].weight += weight_of(lo, hi);
        intervals_.push_back({lo, index});
    }

    // Foreign rules that the ports of both would be scanned for, by how busy those ports are.
    double merge_cost(const Class& a, const Class& b) const {
        std::size_t common = 0;
        for (auto i = a.members.begin(), k = b.members.begin();
             i != a.members.end() && k != b.members.end();) {
            if (*i == *k) {
                common += members_[*i].rules.size();
                ++i;
                ++k;
            } else if (*i < *k) {
                ++i;
            } else {
                ++k;
            }
        }
        return a.weight * static_cast<double>(b.rules - common) +
               b.weight * static_cast<double>(a.rules - common);
    }

    struct Partner {
        double cost = std::numeric_limits<double>::infinity();
        std::uint32_t index = 0;
    };

    Partner best_partner(std::uint32_t a) const {
        Partner best;
        for (std::uint32_t b = a + 1; b < classes_.size(); ++b) {
            if (!classes_[b].gone) {
                const double cost = merge_cost(classes_[a], classes_[b]);
                if (cost < best.cost) {
                    best = {cost, b};
                }
            }
        }
        return best;
    }

    void merge(const PortClassLimits& limits) {
        std::size_t count = classes_.size();
        std::size_t entries = 0;
        std::vector<Partner> partners(count);
        for (std::uint32_t a = 0; a < classes_.size(); ++a) {
            entries += classes_[a].rules;
            partners[a] = best_partner(a);
        }
        while (count > 1 && (count > limits.classes || entries > limits.entries)) {
            const std::uint32_t a = cheapest(partners);
            const std::uint32_t b = partners[a].index;
            entries -= classes_[a].rules + classes_[b].rules;
            absorb(classes_[a], a, classes_[b]);
            entries += classes_[a].rules;
            --count;
            for (std::uint32_t i = 0; i < classes_.size(); ++i) {
                if (classes_[i].gone) {
                    continue;
                }
                if (i == a || partners[i].index == b || partners[i].index == a) {
                    partners[i] = best_partner(i);
                } else if (i < a) {
                    const double cost = merge_cost(classes_[i], classes_[a]);
                    if (cost < partners[i].cost) {
                        partners[i] = {cost, a};
                    }
                }
            }
        }
    }

    std::uint32_t cheapest(const std::vector<Partner>& partners) const {
        std::uint32_t best = 0;
        double cost = std::numeric_limits<double>::infinity();
        for (std::uint32_t i = 0; i < partners.size(); ++i) {
            if (!classes_[i].gone && partners[i].cost < cost) {
                cost = partners[i].cost;
                best = i;
            }
        }
        return best;
    }

    void absorb(Class& a, std::uint32_t a_index, Class& b) const {
        a.members = united(a.members, b.members);
        a.weight += b.weight;
        a.rules = rules_of(a.members);
        b.gone = true;
        b.into = a_index;
        b.members.clear();
    }

    PortClasses result() const {
        PortClasses out;
        std::map<std::uint32_t, std::uint32_t> number;  // class that is left -> place in the result
        for (std::size_t i = 0; i < intervals_.size(); ++i) {
            std::uint32_t c = intervals_[i].index;
            while (classes_[c].gone) {
                c = classes_[c].into;
            }
            const auto [it, fresh] =
                number.emplace(c, static_cast<std::uint32_t>(out.rules.size()));
            if (fresh) {
                out.rules.push_back(rules_in(classes_[c]));
            }
            const std::uint32_t end = i + 1 < intervals_.size() ? intervals_[i + 1].lo : kPorts;
            const auto hi = static_cast<std::uint16_t>(end - 1);
            if (!out.ranges.empty() && out.ranges.back().index == it->second) {
                out.ranges.back().range.hi = hi;
            } else {
                out.ranges.push_back(
                    {{static_cast<std::uint16_t>(intervals_[i].lo), hi}, it->second});
            }
        }
        return out;
    }

    std::vector<std::uint32_t> rules_in(const Class& c) const {
        std::vector<std::uint32_t> rules;
        for (const std::uint32_t m : c.members) {
            rules.insert(rules.end(), members_[m].rules.begin(), members_[m].rules.end());
        }
        std::sort(rules.begin(), rules.end());
        return rules;
    }

    const std::vector<PortMember>& members_;
    std::map<MemberSet, std::uint32_t> exact_;
    std::vector<Class> classes_;
    std::vector<Interval> intervals_;
};

}  // namespace

PortClasses classify_ports(const std::vector<PortMember>& members, const PortClassLimits& limits) {
    return Classifier(members).run(limits);
}

}  // namespace sluice::compile
