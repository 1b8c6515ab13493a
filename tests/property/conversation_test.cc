// SPDX-License-Identifier: Apache-2.0
// The promise of a box on a real network: whatever the network does to a conversation on the way,
// each end receives what the other sent, nothing is dropped that a real network needs, and the
// alerts are those of the same conversation undisturbed. Where a rule drops, neither end ever has
// the whole of what matched.
#include "tests/property/talk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

namespace sluice::test {
namespace {

using packet::Reason;

// Under sanitizers a tenth, so that they too are done in a minute.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 5'000;
#else
constexpr std::uint64_t kSeeds = 50'000;
#endif
constexpr std::uint64_t kOracleEvery = 4;      // seeds
constexpr std::uint64_t kSeedsPerWorld = 250;  // compiling rules costs more than judging by them
constexpr std::uint32_t kHttpSids = 1000;      // from here on: once per transaction
constexpr std::size_t kWindow = 16'384;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct World {
    std::vector<RuleSpec> to_server;
    std::vector<RuleSpec> to_client;
    std::set<std::uint32_t> single_content;
    LoadedRules rules;
    std::unique_ptr<Box> tap;
    std::unique_ptr<Box> inline_box;
    LoadedRules drop_rules;
    std::unique_ptr<Box> blocking;  // what can be known from a prefix, to be dropped
};

std::string http_rules(Rng& rng) {
    std::string out;
    std::uint32_t sid = kHttpSids;
    const auto add = [&](const std::string& flow, const std::string& buffer) {
        out += "alert http any any -> any any (msg:\"h\"; flow:established," + flow + "; " +
               buffer + "; content:\"" + random_text(rng, 2) + "\"; sid:" + std::to_string(sid++) +
               ";)\n";
    };
    for (int i = 0; i < 3; ++i) {
        add("to_server", "http.uri");
        add("to_client", "file.data");
        add("to_server", "http.header");
    }
    return out;
}

// Datagrams are judged one by one.
std::string udp_rules(Rng& rng) {
    std::string out;
    for (std::uint32_t sid = 2000; sid < 2004; ++sid) {
        out += "alert udp any any -> any any (msg:\"u\"; content:\"" + random_text(rng, 2) +
               "\"; sid:" + std::to_string(sid) + ";)\n";
    }
    return out;
}

World make_world(std::uint64_t group) {
    Rng rng(group * 6007 + 3);
    World w;
    w.to_server = random_rules(rng, 8);
    w.to_client = random_rules(rng, 8);
    for (RuleSpec& rule : w.to_client) {
        rule.sid += 100;
        rule.direction = Direction::kToClient;
    }
    std::string text = http_rules(rng) + udp_rules(rng);
    std::string drops;
    for (const std::vector<RuleSpec>* rules : {&w.to_server, &w.to_client}) {
        for (const RuleSpec& rule : *rules) {
            text += rule.text("alert");
            drops += rule.positive() ? rule.text("drop") : "";
            if (rule.contents.size() == 1) {
                w.single_content.insert(rule.sid);
            }
        }
    }
    w.drop_rules = load_rules(drops);
    w.blocking = std::make_unique<Box>(w.drop_rules, true);
    w.rules = load_rules(text);
    w.tap = std::make_unique<Box>(w.rules, false);
    w.inline_box = std::make_unique<Box>(w.rules, true);
    return w;
}

// Drops for which the network, not the box, is to blame: the receiver has no use for them, or TCP
// sends them again.
std::set<Reason> explained(const Simulation& s, const Faults& f, const Pair& pair) {
    std::set<Reason> out;
    if (s.copied()) {
        out.insert(Reason::fragment_duplicate);
    }
    if (f.may_reorder() && pair.client.timestamps && pair.server.timestamps) {
        out.insert(Reason::tcp_old_timestamp);
        if (s.copied()) {
            out.insert(Reason::fragment_refused);  // a copy of such a one, in fragments
        }
    }
    if (pair.client.farewell == Farewell::kReset || pair.server.farewell == Farewell::kReset) {
        out.insert(Reason::tcp_out_of_window);
        out.insert(Reason::tcp_after_rst);  // overtaken by the RST
        out.insert(Reason::tcp_invalid_rst);
    }
    return out;
}

void check_drops(const std::vector<Passing>& trace, const std::set<Reason>& allowed) {
    for (const Passing& p : trace) {
        EXPECT_TRUE(!p.dropped || allowed.contains(p.reason))
            << "dropped: " << packet::info(p.reason).name;
    }
}

// A tap cannot know that a retransmission was lost behind it, and so that the receiver still takes
// an original with an older timestamp. It says so: a gap, and an old timestamp.
class TapDoubt {
  public:
    explicit TapDoubt(const Box& box) : box_(box), gaps_(gaps()), old_(old()) {}

    bool missed_bytes() const { return gaps() != gaps_; }

    bool explained() const { return old() != old_; }

  private:
    std::uint64_t gaps() const { return box_.count(Reason::tcp_gap); }

    std::uint64_t old() const { return box_.count(Reason::tcp_old_timestamp); }

    const Box& box_;
    std::uint64_t gaps_;
    std::uint64_t old_;
};

// How often a rule over the stream alerts depends on the cut, where it matches more than once; that
// it does must not.
// In a stream longer than the window, so does whether parts of a match that lie far from each other
// are seen together: there, only rules with one content are compared.
Alerts comparable(const Alerts& alerts, const World& w, const Texts& texts) {
    const bool slides = std::max(texts.client.size(), texts.server.size()) > kWindow;
    Alerts out;
    for (const auto& [sid, times] : alerts) {
        if (!slides || w.single_content.contains(sid)) {
            out[sid] = sid < kHttpSids ? 1 : times;
        }
    }
    return out;
}

// What rules over the bytes should match, by an oracle that shares no code with the engine.
void check_oracle(const Alerts& alerts, const World& w, const Texts& texts) {
    for (const bool to_server : {true, false}) {
        const std::string& text = to_server ? texts.client : texts.server;
        for (const RuleSpec& rule : to_server ? w.to_server : w.to_client) {
            if (rule.positive() && text.size() <= kWindow) {
                EXPECT_EQ(alerts.contains(rule.sid), first_match(rule, text).has_value())
                    << rule.text("alert");
            }
        }
    }
}

struct TcpTalk {
    Ends ends;
    Texts texts;
    Pair pair;
    Faults faults;
    Cutting cutting;
};

void print(const TcpTalk& talk, const char* name, const Simulation& s) {
    if (::testing::Test::HasFailure()) {
        std::printf("%s:\n%s", name, to_string(s.trace(), talk.ends).c_str());
    }
}

Alerts undisturbed_alerts(World& w, const TcpTalk& talk, Rng& rng) {
    const Texts& texts = talk.texts;
    TcpPeer client(undisturbed(talk.pair.client), texts.client, texts.server.size(), rng);
    TcpPeer server(undisturbed(talk.pair.server), texts.server, texts.client.size(), rng);
    Simulation s(*w.tap, talk.ends, Faults{}, Cutting{}, rng);
    EXPECT_TRUE(s.talk(client, server)) << "undisturbed";
    EXPECT_EQ(server.received(), texts.client) << "undisturbed";
    EXPECT_EQ(client.received(), texts.server) << "undisturbed";
    print(talk, "undisturbed", s);
    return w.tap->finish(talk.ends);
}

void disturb(World& w, const TcpTalk& talk, bool inline_mode, const Alerts& expected, Rng& rng) {
    const char* name = inline_mode ? "inline" : "tap";
    Box& box = inline_mode ? *w.inline_box : *w.tap;
    const TapDoubt doubt(box);
    const Texts& texts = talk.texts;
    TcpPeer client(talk.pair.client, texts.client, texts.server.size(), rng);
    TcpPeer server(talk.pair.server, texts.server, texts.client.size(), rng);
    Simulation s(box, talk.ends, talk.faults, talk.cutting, rng);
    EXPECT_TRUE(s.talk(client, server)) << name << ": no progress";
    EXPECT_EQ(server.received(), texts.client) << name;
    EXPECT_EQ(client.received(), texts.server) << name;
    EXPECT_EQ(s.damaged(), 0) << name;
    check_drops(s.trace(), inline_mode ? explained(s, talk.faults, talk.pair) : std::set<Reason>{});
    const Alerts alerts = comparable(box.finish(talk.ends), w, texts);
    if (doubt.missed_bytes()) {
        EXPECT_TRUE(!inline_mode && doubt.explained()) << name << ": a gap";
    } else {
        EXPECT_EQ(alerts, comparable(expected, w, texts)) << name;
    }
    print(talk, name, s);
}

// How much of the text may arrive: less than what some rule to be dropped matches; nothing: all.
std::optional<std::size_t> limit_of(const std::vector<RuleSpec>& rules, const std::string& text) {
    std::optional<std::size_t> least;
    for (const RuleSpec& rule : rules) {
        const auto at = rule.positive() ? first_match(rule, text) : std::nullopt;
        if (at) {
            least = std::min(least.value_or(*at), *at);
        }
    }
    return least;
}

void check_blocked(const std::string& received, const std::string& sent,
                   std::optional<std::size_t> limit) {
    EXPECT_EQ(received, sent.substr(0, received.size()));
    if (limit) {
        EXPECT_LT(received.size(), *limit) << "the whole pattern arrived";
    }
}

void block(World& w, const TcpTalk& talk, Rng& rng) {
    const Texts& texts = talk.texts;
    const auto to_server = limit_of(w.to_server, texts.client);
    const auto to_client = limit_of(w.to_client, texts.server);
    TcpPeer client(talk.pair.client, texts.client, texts.server.size(), rng);
    TcpPeer server(talk.pair.server, texts.server, texts.client.size(), rng);
    Simulation s(*w.blocking, talk.ends, talk.faults, talk.cutting, rng);
    const bool ended = s.talk(client, server);
    check_blocked(server.received(), texts.client, to_server);
    check_blocked(client.received(), texts.server, to_client);
    if (!to_server && !to_client) {
        EXPECT_TRUE(ended) << "blocked without a match";
        EXPECT_EQ(server.received(), texts.client);
        EXPECT_EQ(client.received(), texts.server);
    }
    w.blocking->finish(talk.ends);
    print(talk, "blocking", s);
}

void tcp_seed(World& w, Rng& rng, bool ask_oracle) {
    TcpTalk talk;
    talk.ends = random_ends(rng);
    talk.texts = random_texts(rng, w.to_server, w.to_client);
    talk.pair = random_pair(rng, talk.texts);
    talk.faults = random_faults(rng);
    talk.cutting = random_cutting(rng);
    const Alerts expected = undisturbed_alerts(w, talk, rng);
    if (ask_oracle) {
        check_oracle(expected, w, talk.texts);
        if (std::max(talk.texts.client.size(), talk.texts.server.size()) <= kWindow) {
            block(w, talk, rng);
        }
    }
    disturb(w, talk, true, expected, rng);
    disturb(w, talk, false, expected, rng);
}

struct Datagrams {
    Ends ends;
    Faults faults;
    Cutting cutting;
    std::vector<std::pair<bool, std::string>> list;  // from the client, payload
};

Datagrams random_datagrams(Rng& rng) {
    Datagrams d;
    d.ends = random_ends(rng);
    d.faults = random_faults(rng);
    d.faults.lost_before = d.faults.lost_after = 0;  // nobody would send it again
    d.cutting = random_cutting(rng);
    for (std::size_t i = 1 + below(rng, 6); i != 0; --i) {
        const bool from_client = d.list.empty() || !once_in(rng, 3);
        d.list.emplace_back(from_client, random_text(rng, 1 + below(rng, 1200)));
    }
    return d;
}

Alerts once_each(Alerts alerts) {
    for (auto& [sid, times] : alerts) {
        times = 1;
    }
    return alerts;
}

void disturb(World& w, const Datagrams& d, bool inline_mode, const Alerts& expected, Rng& rng) {
    const char* name = inline_mode ? "inline" : "tap";
    Box& box = inline_mode ? *w.inline_box : *w.tap;
    Simulation s(box, d.ends, d.faults, d.cutting, rng);
    s.send_datagrams(d.list);
    for (const bool from_client : {true, false}) {
        std::set<std::string> sent;
        for (const auto& [forth, payload] : d.list) {
            if (forth == from_client) {
                sent.insert(payload);
            }
        }
        const std::vector<std::string>& arrived = s.arrived(from_client);
        EXPECT_EQ(std::set<std::string>(arrived.begin(), arrived.end()), sent) << name;
    }
    std::set<Reason> allowed;
    if (inline_mode && s.copied()) {
        allowed.insert(Reason::fragment_duplicate);
    }
    check_drops(s.trace(), allowed);
    const Alerts alerts = box.finish(d.ends);
    if (s.copied()) {  // a copy is judged once more
        EXPECT_EQ(once_each(alerts), once_each(expected)) << name;
    } else {
        EXPECT_EQ(alerts, expected) << name;
    }
    if (::testing::Test::HasFailure()) {
        std::printf("%s:\n%s", name, to_string(s.trace(), d.ends).c_str());
    }
}

void udp_seed(World& w, Rng& rng) {
    const Datagrams d = random_datagrams(rng);
    Simulation clean(*w.tap, d.ends, Faults{}, Cutting{}, rng);
    clean.send_datagrams(d.list);
    const Alerts expected = w.tap->finish(d.ends);
    disturb(w, d, true, expected, rng);
    disturb(w, d, false, expected, rng);
}

// A generator that no longer makes what it promises would prove nothing.
class Coverage {
  public:
    void add(const World& w) {
        for (const auto& [reason, least] : kWanted) {
            seen_[reason] += w.inline_box->count(reason);
        }
        tap_gaps_ += w.tap->count(Reason::tcp_gap);
        blocked_ += w.blocking->count(Reason::rule_drop);
    }

    void check(std::uint64_t seeds) const {
        for (const auto& [reason, least] : kWanted) {
            EXPECT_GT(seen_.at(reason), seeds / least) << packet::info(reason).name;
        }
        EXPECT_LT(tap_gaps_, seeds / 500);
        EXPECT_GT(blocked_, seeds / 20);
        // Reordering alone is no reason to refuse a segment.
        EXPECT_LT(seen_.at(Reason::tcp_old_timestamp), seeds / 20);
    }

  private:
    // At least once in so many seeds.
    static inline const std::map<Reason, std::uint64_t> kWanted = {
        {Reason::fragment_reassembled, 2}, {Reason::fragment_duplicate, 10},
        {Reason::tunnel_inspected, 2},     {Reason::tcp_keepalive, 20},
        {Reason::tcp_window_probe, 500},   {Reason::tcp_old_timestamp, 200},
    };

    std::map<Reason, std::uint64_t> seen_;
    std::uint64_t tap_gaps_ = 0;
    std::uint64_t blocked_ = 0;
};

TEST(Conversation, ArrivesWholeWithTheSameAlertsThroughAnyNetwork) {
    const std::uint64_t only = number_from("SLUICE_SEED", 0);
    const std::uint64_t last = only != 0 ? only : number_from("SLUICE_SEEDS", kSeeds);
    Coverage coverage;
    World world;
    for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
        if (world.tap == nullptr || seed % kSeedsPerWorld == 0) {
            world = make_world(seed / kSeedsPerWorld);
        }
        Rng rng(seed);
        if (once_in(rng, 8)) {
            udp_seed(world, rng);
        } else {
            tcp_seed(world, rng, seed % kOracleEvery == 0);
        }
        ASSERT_FALSE(HasFailure())
            << "replay with SLUICE_SEED=" << seed << " build/dev/bin/conversation_test";
        if (seed % kSeedsPerWorld == kSeedsPerWorld - 1) {
            coverage.add(world);
        }
    }
    if (only == 0 && last >= 5'000) {
        coverage.check(last);
    }
}

}  // namespace
}  // namespace sluice::test
