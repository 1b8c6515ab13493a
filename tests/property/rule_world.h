// SPDX-License-Identifier: Apache-2.0
// Random rules over a TCP stream, an oracle that says independently where each first matches, and a
// pipeline that judges by them. Test support; allocates.
#pragma once

#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/rules/loaded_rules.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::test {

struct ContentSpec {
    std::string bytes;
    bool nocase = false;
    bool negated = false;  // only at the end of a rule
    std::optional<int> offset;
    std::optional<int> depth;
    std::optional<int> distance;
    std::optional<int> within;
};

struct RuleSpec {
    std::uint32_t sid = 0;
    Direction direction = Direction::kToServer;
    std::vector<ContentSpec> contents;

    bool positive() const { return !contents.back().negated; }

    std::string text(const char* action) const;
};

std::vector<RuleSpec> random_rules(Rng& rng, std::size_t n);

// Random bytes in which some rules' contents were planted.
std::string random_stream(Rng& rng, const std::vector<RuleSpec>& rules);

// The shortest prefix of the stream on which a positive rule matches; nothing: it never does. A
// dynamic programme over the occurrences of each content, sharing no code with the engine.
std::optional<std::size_t> first_match(const RuleSpec& rule, const std::string& stream);

// What one run of frames through a pipeline gave.
struct Outcome {
    std::set<std::uint32_t> sids;
    std::vector<Frame> forwarded;
    std::uint64_t in = 0;
    std::uint64_t dropped = 0;
};

class World {
  public:
    World(const std::vector<RuleSpec>& rules, const char* action, bool inline_mode);

    Outcome run(const std::vector<Frame>& frames, std::size_t batch_size);

  private:
    abi::EventRing ring_;
    LoadedRules rules_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    std::int64_t clock_ = 1'000'000'000;
};

}  // namespace sluice::test
