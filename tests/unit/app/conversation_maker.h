// SPDX-License-Identifier: Apache-2.0
// Seeded generator of pipelined HTTP/1 conversations, honest and damaged, for property tests. Same
// seed, same bytes.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace sluice::test {

struct MadeConversation {
    std::string client;
    std::string server;
};

MadeConversation make_conversation(std::uint64_t seed);

}  // namespace sluice::test
