// SPDX-License-Identifier: Apache-2.0
// Every buffer of every recorded conversation is byte for byte what Suricata showed, in one piece
// and byte by byte.
#include "tests/unit/app/http_transcript.h"
#include "tests/unit/app/suricata_cases.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

void judge(const SuricataCase& c, const std::vector<Message>& messages,
           const std::optional<Buffers>& expected, Direction d) {
    if (!expected) {
        return;
    }
    if (messages.empty()) {
        EXPECT_TRUE(expected->empty()) << c.name << ": no message";
        return;
    }
    const Message& m = messages.front();
    for (std::size_t i = index_of(BufferId::kHttpUri); i < kHttpBufferEnd; ++i) {
        const auto id = static_cast<BufferId>(i);
        if (is_response_buffer(id) != (d == Direction::kToClient) ||
            id == BufferId::kFileDataToServer) {
            continue;
        }
        const auto it = expected->find(id);
        if (it != expected->end()) {
            EXPECT_EQ(m.get(id), it->second) << c.name << ", buffer " << i;
        } else if (!c.superset) {
            EXPECT_EQ(m.get(id), "<absent>") << c.name << ", buffer " << i;
        }
    }
    EXPECT_TRUE(m.ended) << c.name;
}

class SuricataBuffers : public testing::TestWithParam<std::size_t> {};

TEST_P(SuricataBuffers, AreReproduced) {
    app::AppStage stage(small_config());
    for (const auto* list : {&suricata_cases_a(), &suricata_cases_b(), &suricata_cases_c(),
                             &suricata_cases_d(), &suricata_cases_e(), &suricata_cases_f()}) {
        for (const SuricataCase& c : *list) {
            Conversation talk(stage);
            const std::size_t piece = GetParam();
            talk.send_cut(Direction::kToServer, c.client, piece, false);
            talk.send_cut(Direction::kToClient, c.server, piece, false);
            talk.send(Direction::kToServer, "", true);
            talk.send(Direction::kToClient, "", true);
            EXPECT_EQ(talk.broken(), "") << c.name;
            judge(c, talk.transcript().requests(), c.request, Direction::kToServer);
            judge(c, talk.transcript().responses(), c.response, Direction::kToClient);
        }
    }
    EXPECT_EQ(stage.slabs_in_use(), 0u);
    EXPECT_EQ(stage.flows_in_use(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Pieces, SuricataBuffers, testing::Values(100000, 1, 2, 7));

}  // namespace
}  // namespace sluice::test
