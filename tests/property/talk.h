// SPDX-License-Identifier: Apache-2.0
// Random conversations: who talks over what, what they say, how they behave, and what the network
// does to it. Test support; allocates. One thread.
#pragma once

#include "tests/property/rule_world.h"
#include "tests/property/simulation.h"

#include <string>
#include <vector>

namespace sluice::test {

struct Texts {
    std::string client;
    std::string server;
    bool http = false;
};

struct Pair {
    Habits client;
    Habits server;
};

// True once in n times.
bool once_in(Rng& rng, std::size_t n);

// Of the letters that random_rules() uses.
std::string random_text(Rng& rng, std::size_t n);

Ends random_ends(Rng& rng);
Faults random_faults(Rng& rng);
Cutting random_cutting(Rng& rng);

// HTTP, or random bytes in which some of the rules match.
Texts random_texts(Rng& rng, const std::vector<RuleSpec>& to_server,
                   const std::vector<RuleSpec>& to_client);

Pair random_pair(Rng& rng, const Texts& texts);

// The same end on a network that does nothing to its packets.
Habits undisturbed(Habits h);

}  // namespace sluice::test
