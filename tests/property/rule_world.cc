// SPDX-License-Identifier: Apache-2.0
#include "tests/property/rule_world.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <stdexcept>

namespace sluice::test {

namespace {

constexpr std::string_view kAlphabet = "abcdABxy01";

std::string random_bytes(Rng& rng, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        out += kAlphabet[below(rng, kAlphabet.size())];
    }
    return out;
}

std::string hex(const std::string& bytes) {
    std::string out = "|";
    char two[4];
    for (const char c : bytes) {
        std::snprintf(two, sizeof two, "%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += out.size() == 1 ? two : std::string(" ") + two;
    }
    return out + "|";
}

ContentSpec random_content(Rng& rng, bool first) {
    ContentSpec c;
    c.bytes = random_bytes(rng, 1 + below(rng, 9));
    c.nocase = below(rng, 3) == 0;
    const int size = static_cast<int>(c.bytes.size());
    if (!first && below(rng, 3) != 0) {
        c.distance = static_cast<int>(below(rng, 24)) - 6;
        if (below(rng, 2) == 0) {
            c.within = size + static_cast<int>(below(rng, 40));
        }
    } else if (below(rng, 4) == 0) {
        c.offset = static_cast<int>(below(rng, 60));
        if (below(rng, 2) == 0) {
            c.depth = size + static_cast<int>(below(rng, 200));
        }
    }
    return c;
}

bool equal(const std::string& a, std::size_t at, const ContentSpec& c) {
    for (std::size_t i = 0; i < c.bytes.size(); ++i) {
        const auto x = static_cast<unsigned char>(a[at + i]);
        const auto y = static_cast<unsigned char>(c.bytes[i]);
        if (x != y && !(c.nocase && std::tolower(x) == std::tolower(y))) {
            return false;
        }
    }
    return true;
}

// May content c begin at 'at' when the content before it ended at 'previous'?
bool allowed(const ContentSpec& c, std::size_t at, std::size_t previous) {
    const auto begin = static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(c.bytes.size());
    if (c.distance || c.within) {
        const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(previous) + c.distance.value_or(0);
        return begin >= from && (!c.within || end <= from + *c.within);
    }
    const std::ptrdiff_t from = c.offset.value_or(0);
    return begin >= from && (!c.depth || end <= from + *c.depth);
}

}  // namespace

std::string RuleSpec::text(const char* action) const {
    std::string out = std::string(action) + " tcp any any -> any any (msg:\"r" +
                      std::to_string(sid) + "\"; flow:established," +
                      (direction == Direction::kToServer ? "to_server" : "to_client") +
                      ",only_stream; ";
    for (const ContentSpec& c : contents) {
        out += std::string("content:") + (c.negated ? "!" : "") + "\"" + hex(c.bytes) + "\"; ";
        out += c.nocase ? "nocase; " : "";
        out += c.offset ? "offset:" + std::to_string(*c.offset) + "; " : "";
        out += c.depth ? "depth:" + std::to_string(*c.depth) + "; " : "";
        out += c.distance ? "distance:" + std::to_string(*c.distance) + "; " : "";
        out += c.within ? "within:" + std::to_string(*c.within) + "; " : "";
    }
    return out + "sid:" + std::to_string(sid) + "; rev:1;)\n";
}

std::vector<RuleSpec> random_rules(Rng& rng, std::size_t n) {
    std::vector<RuleSpec> out;
    for (std::size_t i = 0; i < n; ++i) {
        RuleSpec rule;
        rule.sid = static_cast<std::uint32_t>(i + 1);
        const std::size_t contents = 1 + below(rng, 4);
        for (std::size_t k = 0; k < contents; ++k) {
            rule.contents.push_back(random_content(rng, k == 0));
        }
        if (contents > 1 && below(rng, 5) == 0) {
            rule.contents.back().negated = true;
        } else if (contents == 1 && rule.contents[0].bytes.size() < 3) {
            rule.contents[0].bytes += random_bytes(rng, 4);  // else it matches everything
            rule.contents[0].depth.reset();
        }
        out.push_back(rule);
    }
    return out;
}

std::string random_stream(Rng& rng, const std::vector<RuleSpec>& rules) {
    std::string out = random_bytes(rng, 1 + below(rng, 500));
    const std::size_t plants = below(rng, 3);
    for (std::size_t i = 0; i < plants; ++i) {
        std::string seed;
        for (const ContentSpec& c : rules[below(rng, rules.size())].contents) {
            if (!c.negated) {
                seed += random_bytes(
                            rng, static_cast<std::size_t>(std::max(0, c.distance.value_or(0)))) +
                        c.bytes;
            }
        }
        out.insert(below(rng, out.size()), seed);
    }
    if (below(rng, 50) == 0) {
        out += random_bytes(rng, 30'000);  // past the window
    }
    return out;
}

std::optional<std::size_t> first_match(const RuleSpec& rule, const std::string& stream) {
    struct State {
        std::size_t end;   // of the latest content
        std::size_t need;  // bytes of the stream seen for all contents so far
    };

    std::vector<State> states = {{0, 0}};
    for (const ContentSpec& c : rule.contents) {
        std::vector<State> next;
        for (std::size_t at = 0; at + c.bytes.size() <= stream.size(); ++at) {
            if (!equal(stream, at, c)) {
                continue;
            }
            std::optional<std::size_t> best;
            for (const State& s : states) {
                if (allowed(c, at, s.end)) {
                    best = std::min(best.value_or(s.need), s.need);
                }
            }
            if (best) {
                next.push_back({at + c.bytes.size(), std::max(*best, at + c.bytes.size())});
            }
        }
        states = next;
    }
    std::optional<std::size_t> out;
    for (const State& s : states) {
        out = std::min(out.value_or(s.need), s.need);
    }
    return out;
}

World::World(const std::vector<RuleSpec>& rules, const char* action, bool inline_mode)
    : ring_(1024) {
    std::string text;
    for (const RuleSpec& rule : rules) {
        text += rule.text(action);
    }
    rules_ = load_rules(text);
    pipeline::PipelineConfig config =
        inline_mode ? pipeline::inline_config() : pipeline::tap_config();
    config.flow.max_flows = 1024;
    pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
    pipeline_->install(*rules_.ruleset, *rules_.scratch);
}

Outcome World::run(const std::vector<Frame>& frames, std::size_t batch_size) {
    io::MemoryIo io;
    io.set_batch_size(batch_size);
    for (const Frame& frame : frames) {
        clock_ += 1000;
        io.queue(frame, PortId{0}, Nanos{clock_});
    }
    const pipeline::PipelineStats before = pipeline_->stats();
    packet::Batch batch;
    while (!io.exhausted()) {
        batch.clear();
        io.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        io.finalize(batch);
        pipeline_->out().clear();
    }
    pipeline_->end_all({Nanos{clock_}, Nanos{clock_}});
    Outcome out;
    abi::EventRecord event;
    while (ring_.pop(event)) {
        if (event.type == abi::EventType::kAlert) {
            out.sids.insert(rules_.model->rules[event.rule_index].sid);
        }
    }
    for (const io::KeptFrame& frame : io.forwarded()) {
        out.forwarded.push_back(frame.bytes);
    }
    const pipeline::PipelineStats& after = pipeline_->stats();
    out.in = after.packets - before.packets;
    out.dropped = after.dropped - before.dropped;
    if (out.in != frames.size() || out.in != after.forwarded - before.forwarded + out.dropped) {
        throw std::runtime_error("in = out + dropped does not hold");
    }
    return out;
}

}  // namespace sluice::test
