// SPDX-License-Identifier: Apache-2.0
// DNS from the frame to the verdict: drops, who is the client, events.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"
#include "tests/unit/app/dns_maker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::test {
namespace {

constexpr char kRules[] =
    "drop dns any any -> any any (msg:\"name\"; dns.query; content:\"evil.com\"; nocase; "
    "endswith; sid:1;)\n"
    "alert dns any any -> any any (msg:\"both\"; dns.query; content:\"good\"; dns.query; "
    "content:\"other\"; sid:2;)\n"
    "alert dns 10.0.0.1 any -> any 53 (msg:\"from\"; dns.query; content:\"from\"; sid:3;)\n"
    "alert dns any any -> any any (msg:\"type\"; dns.rrtype:16; sid:4;)\n"
    "alert dns any any -> any any (msg:\"answer\"; dns.answer.name; content:\"answered\"; "
    "dns.rcode:0; sid:5;)\n"
    "alert dns any any -> any any (msg:\"payload\"; dns.query; content:\"within\"; pkt_data; "
    "content:\"|06|within\"; sid:6;)\n";

struct Seen {
    std::vector<std::uint32_t> sids;
    std::size_t dns = 0;
    std::vector<Direction> directions;
};

class Wire {
  public:
    explicit Wire(bool dns_events = false) : ring_(1024), loaded_(load_rules(kRules)) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 256;
        config.verdict.dns_events = dns_events;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*loaded_.ruleset, *loaded_.scratch);
    }

    // All in one batch; whether each was forwarded.
    std::vector<bool> pass(const std::vector<Frame>& frames) {
        for (const Frame& f : frames) {
            io_.queue(f, {}, Nanos{clock_ += 1000});
        }
        packet::Batch batch;
        io_.receive(batch);
        {
            const AllocGuard guard;
            pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
            EXPECT_EQ(guard.allocations(), 0U);
        }
        std::vector<bool> out;
        for (const packet::Packet& p : batch) {
            out.push_back(!p.dropped());
        }
        io_.finalize(batch);
        return out;
    }

    Seen seen() {
        Seen out;
        abi::EventRecord e;
        while (ring_.pop(e)) {
            if (e.type == abi::EventType::kAlert) {
                out.sids.push_back(loaded_.model->rules[e.rule_index].sid);
                out.directions.push_back(e.direction);
                EXPECT_NE(e.data_len, 0);
            }
            out.dns += e.type == abi::EventType::kDns ? 1 : 0;
        }
        return out;
    }

  private:
    abi::EventRing ring_;
    LoadedRules loaded_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    std::int64_t clock_ = 1'000'000'000;
};

Frame from_client(std::string_view message) {
    return PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(4000, 53).payload(message).build();
}

Frame from_server(std::string_view message) {
    return PacketBuilder().ipv4("10.0.0.2", "10.0.0.1").udp(53, 4000).payload(message).build();
}

using Sids = std::vector<std::uint32_t>;

TEST(PipelineDns, OneDatagramIsDroppedOthersPass) {
    Wire wire;
    EXPECT_EQ(
        wire.pass({from_client(dns_query("a.com")), from_client(dns_query("www.EVIL.com")),
                   from_client(dns_query("evil.com.org")), from_client(dns_query("evil.com"))}),
        (std::vector<bool>{true, false, true, false}));
    EXPECT_EQ(wire.seen().sids, (Sids{1, 1})) << "each query is a transaction";
}

TEST(PipelineDns, NamesOfOneMessageAreLookedAtTogether) {
    Wire wire;
    const std::string both = DnsText{.questions = 2,
                                     .body = dns_question(dns_name("good.com")) +
                                             dns_question(dns_name("other.com"), 16)}
                                 .bytes();
    wire.pass({from_client(dns_query("good.com")), from_client(dns_query("other.com"))});
    EXPECT_EQ(wire.seen().sids, Sids{});
    wire.pass({from_client(both)});
    EXPECT_EQ(wire.seen().sids, (Sids{2, 4}));
}

// Seen first with an answer, and in one batch with the next query: who asks is the client.
TEST(PipelineDns, AnAnswerFirstTurnsTheFlowRound) {
    Wire wire;
    wire.pass({from_server(dns_answer("answered.com")), from_client(dns_query("from.com")),
               from_server(dns_answer("answered.com"))});
    const Seen s = wire.seen();
    EXPECT_EQ(s.sids, (Sids{5, 3, 5}));
    EXPECT_EQ(s.directions, (std::vector<Direction>{Direction::kToClient, Direction::kToServer,
                                                    Direction::kToClient}));
}

TEST(PipelineDns, PayloadAndNameOfOneDatagram) {
    Wire wire;
    wire.pass({from_client(dns_query("within.com"))});
    EXPECT_EQ(wire.seen().sids, Sids{6});
}

TEST(PipelineDns, EventsOnlyWhenAskedFor) {
    Wire quiet;
    Wire telling(true);
    for (Wire* w : {&quiet, &telling}) {
        w->pass({from_client(dns_query("a.com")), from_server(dns_answer("a.com"))});
    }
    EXPECT_EQ(quiet.seen().dns, 0U);
    EXPECT_EQ(telling.seen().dns, 2U);
}

}  // namespace
}  // namespace sluice::test
