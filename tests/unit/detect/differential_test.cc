// SPDX-License-Identifier: Apache-2.0
// Random rules over random streams cut at random: detection must agree with a matcher that sees the
// whole stream at once and tries every arrangement by brute force.
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detect {
namespace {

using test::Bench;
using test::ModelMaker;
using test::RuleMaker;

struct Content {
    std::string bytes;
    bool nocase = false;
    bool negated = false;
    bool relative = false;
    int distance = 0;
    int within = 0;  // 0: none
    int offset = 0;
    int depth = 0;  // 0: none
    bool endswith = false;
    int isdataat = 0;  // 0: none; relative, after this content
};

using Spec = std::vector<Content>;

bool same(char a, char b, bool nocase) {
    return nocase ? to_lower(static_cast<std::uint8_t>(a)) == to_lower(static_cast<std::uint8_t>(b))
                  : a == b;
}

bool occurs(const std::string& s, std::size_t at, const Content& c) {
    if (at + c.bytes.size() > s.size()) {
        return false;
    }
    for (std::size_t i = 0; i < c.bytes.size(); ++i) {
        if (!same(s[at + i], c.bytes[i], c.nocase)) {
            return false;
        }
    }
    return !c.endswith || at + c.bytes.size() == s.size();
}

// Every arrangement, no cleverness.
bool naive(const Spec& spec, std::size_t i, long pos, const std::string& s) {
    if (i == spec.size()) {
        return true;
    }
    const Content& c = spec[i];
    const auto size = static_cast<long>(s.size());
    long lo = c.offset;
    long hi = c.depth != 0 ? c.offset + c.depth : size;
    if (c.relative) {
        lo = std::max(0L, pos + c.distance);
        hi = c.within != 0 ? pos + c.distance + c.within : size;
        hi = hi < 0 ? size : hi;
    }
    hi = std::min(hi, size);
    bool found = false;
    for (long at = lo; at + static_cast<long>(c.bytes.size()) <= hi; ++at) {
        if (!occurs(s, static_cast<std::size_t>(at), c)) {
            continue;
        }
        if (c.negated) {
            found = true;
            break;
        }
        const long end = at + static_cast<long>(c.bytes.size());
        if (c.isdataat != 0 && end + c.isdataat > size) {
            continue;
        }
        if (naive(spec, i + 1, end, s)) {
            return true;
        }
    }
    return c.negated && !found && naive(spec, i + 1, pos, s);
}

class Generator {
  public:
    explicit Generator(std::uint32_t seed) : rng_(seed) {}

    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(rng_() % n); }

    bool one_in(std::uint32_t n) { return below(n) == 0; }

    std::string text(std::size_t n) {
        std::string s;
        for (std::size_t i = 0; i < n; ++i) {
            s += "abcA"[below(4)];
        }
        return s;
    }

    Spec spec() {
        Spec spec;
        const std::uint32_t n = 1 + below(4);
        for (std::uint32_t i = 0; i < n; ++i) {
            Content c;
            c.bytes = text(i == 0 ? 2 + below(3) : 1 + below(4));
            c.nocase = one_in(3);
            c.negated = i != 0 && one_in(4);
            c.relative = i != 0 && !one_in(3);
            if (c.relative) {
                c.distance = static_cast<int>(below(7)) - 2;
                c.within = one_in(2) ? 0 : static_cast<int>(c.bytes.size() + below(8));
            } else if (one_in(3)) {
                c.offset = static_cast<int>(below(10));
                c.depth = one_in(2) ? 0 : static_cast<int>(c.bytes.size() + below(20));
            }
            c.endswith = one_in(12);
            c.isdataat = !c.negated && one_in(8) ? static_cast<int>(1 + below(6)) : 0;
            spec.push_back(c);
        }
        return spec;
    }

  private:
    std::mt19937 rng_;
};

void write(RuleMaker& r, const Spec& spec) {
    for (const Content& c : spec) {
        r.content(c.bytes);
        if (c.nocase) {
            r.nocase();
        }
        if (c.negated) {
            r.negated();
        }
        if (c.relative) {
            r.distance(c.distance);
            if (c.within != 0) {
                r.within(c.within);
            }
        } else {
            if (c.offset != 0) {
                r.offset(c.offset);
            }
            if (c.depth != 0) {
                r.depth(c.depth);
            }
        }
        if (c.endswith) {
            r.endswith();
        }
        if (c.isdataat != 0) {
            r.isdataat(c.isdataat, bundle::kRelative);
        }
    }
}

std::set<std::uint32_t> run_cut(Bench& b, const std::string& stream, Generator& g,
                                std::uint32_t largest) {
    std::set<std::uint32_t> got;
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t n = largest > stream.size() * 100
                                  ? stream.size()
                                  : std::min<std::size_t>(1 + g.below(largest), stream.size() - at);
        const bool last = at + n == stream.size() && g.one_in(2);
        for (const std::uint32_t sid : b.stream(std::string_view(stream).substr(at, n), last)) {
            got.insert(sid);
        }
        at += n;
        if (last) {
            return got;
        }
    }
    for (const std::uint32_t sid : b.stream("", true)) {
        got.insert(sid);
    }
    return got;
}

TEST(Differential, StreamsCutAtRandomAgreeWithBruteForce) {
    constexpr std::uint32_t kSeeds = 4000;
    constexpr std::uint32_t kRules = 6;
    for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
        Generator g(seed);
        ModelMaker maker;
        maker.literal_length = 1 + g.below(4);
        maker.literal_offset = g.below(2);
        std::vector<Spec> specs;
        for (std::uint32_t i = 0; i < kRules; ++i) {
            specs.push_back(g.spec());
            RuleMaker rule = maker.rule(i + 1);
            rule.flow(bundle::kRuleStream);
            write(rule, specs.back());
        }
        const auto model = maker.finish();
        const std::string stream = g.text(5 + g.below(60));
        std::set<std::uint32_t> expected;
        for (std::uint32_t i = 0; i < kRules; ++i) {
            if (naive(specs[i], 0, 0, stream)) {
                expected.insert(i + 1);
            }
        }
        for (const std::uint32_t largest : {200U, 20U, 3U}) {
            Bench b(test::build(model));
            ASSERT_EQ(run_cut(b, stream, g, largest), expected)
                << "seed " << seed << " cut " << largest << " stream " << stream;
        }
    }
}

// With regular expressions there is no simple oracle; the stream in one piece is it.
TEST(Differential, PatternsDoNotSeeTheCuts) {
    constexpr std::uint32_t kSeeds = 1500;
    const std::vector<std::pair<const char*, std::uint32_t>> patterns = {
        {"a+b", 0},
        {"^ab", bundle::kRelative},
        {"(a|b)*cA", 0},
        {"b(?!c)", 0},
        {"ab$", 0},
        {"a.{0,3}c", 0},
        {"\\bA", 0},
        {"c", bundle::kNegated},
        {"^[^c]{2}", bundle::kRelative},
        {"^a*b", bundle::kRelative},
        {"(?<=c)ab", 0},
        {"^c.*A", bundle::kRelative},
        {"^b", bundle::kRelative | bundle::kNegated},
        {"a[^A]+A", 0},
        {"(?i)aab", 0},
        {"c\\z", 0},
    };
    for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
        Generator g(seed + 900000);
        ModelMaker maker;
        maker.literal_length = 1 + g.below(3);
        for (std::uint32_t sid = 1; sid <= 6; ++sid) {
            RuleMaker rule = maker.rule(sid);
            const auto& [pattern, flags] =
                patterns[g.below(static_cast<std::uint32_t>(patterns.size()))];
            rule.flow(bundle::kRuleStream).content(g.text(1 + g.below(3))).pcre(pattern, 0, flags);
            if (g.one_in(4)) {
                rule.content(g.text(2));
            }
        }
        const auto model = maker.finish();
        const std::string stream = g.text(3 + g.below(40));
        Bench whole(test::build(model));
        const std::set<std::uint32_t> expected = run_cut(whole, stream, g, 1000000);
        for (const std::uint32_t largest : {12U, 2U}) {
            Bench b(test::build(model));
            ASSERT_EQ(run_cut(b, stream, g, largest), expected)
                << "seed " << seed << " cut " << largest << " stream " << stream;
        }
    }
}

}  // namespace
}  // namespace sluice::detect
