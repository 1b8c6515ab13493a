// SPDX-License-Identifier: Apache-2.0
// TLS through the whole pipeline: rules, the shunt behind the handshake, events.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::test {
namespace {

constexpr char kRules[] =
    "drop tls any any -> any any (msg:\"name\"; tls.sni; content:\"blocked.example\"; endswith; "
    "sid:1;)\n"
    "alert tls any any -> any any (msg:\"subject\"; flow:to_client; tls.cert_subject; "
    "content:\"CN=leaf\"; sid:2;)\n"
    "alert tcp any any -> any any (msg:\"raw\"; content:\"DDDDDDDD\"; sid:3;)\n"
    "alert tls any any -> any any (msg:\"later certificate\"; flow:to_client; tls.cert_subject; "
    "content:\"CN=leaf\"; tls.certs; content:\"second one\"; sid:4;)\n"
    "alert tls any any -> any any (msg:\"version\"; tls.version:1.2; sid:5;)\n"
    "alert tls any any -> any any (msg:\"dates\"; tls_cert_notafter:>2029-01-01; "
    "tls.cert_chain_len:2; sid:6;)\n"
    "alert tls any any -> any any (msg:\"expired\"; tls_cert_expired; sid:7;)\n"
    "alert tls any any -> any any (msg:\"none\"; ssl_version:sslv3; sid:8;)\n";

struct TlsBox {
    explicit TlsBox(bool events = true) : ring(4096), loaded(load_rules(kRules)) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 64;
        config.verdict.tls_events = events;
        pipeline = std::make_unique<pipeline::Pipeline>(config, ring);
        pipeline->install(*loaded.ruleset, *loaded.scratch);
        for (const Frame& f : handshake(peers)) {
            EXPECT_TRUE(pass(f));
        }
    }

    bool pass(const Frame& frame) {
        clock += 1000;
        io.queue(frame, PortId{}, Nanos{clock});
        packet::Batch batch;
        io.receive(batch);
        pipeline->process(batch, {Nanos{clock}, Nanos{clock}});
        const bool forwarded = !batch[0].dropped();
        io.finalize(batch);
        pipeline->out().clear();
        return forwarded;
    }

    // The next bytes of either side, in one TCP segment.
    bool client(const std::string& bytes) {
        const bool passed = pass(PacketBuilder()
                                     .ipv4(peers.client, peers.server)
                                     .tcp(peers.client_port, peers.server_port)
                                     .seq(peers.client_isn + 1 + sent[0])
                                     .ack(peers.server_isn + 1 + sent[1])
                                     .payload(bytes)
                                     .build());
        sent[0] += static_cast<std::uint32_t>(bytes.size());
        return passed;
    }

    bool server(const std::string& bytes) {
        const bool passed = pass(PacketBuilder()
                                     .ipv4(peers.server, peers.client)
                                     .tcp(peers.server_port, peers.client_port)
                                     .seq(peers.server_isn + 1 + sent[1])
                                     .ack(peers.client_isn + 1 + sent[0])
                                     .payload(bytes)
                                     .build());
        sent[1] += static_cast<std::uint32_t>(bytes.size());
        return passed;
    }

    std::vector<abi::EventRecord> events() {
        std::vector<abi::EventRecord> out;
        abi::EventRecord e;
        while (ring.pop(e)) {
            out.push_back(e);
        }
        return out;
    }

    std::uint32_t sid(const abi::EventRecord& e) const {
        return loaded.model->rules[e.rule_index].sid;
    }

    Peers peers;
    std::array<std::uint32_t, 2> sent{};
    abi::EventRing ring;
    LoadedRules loaded;
    std::unique_ptr<pipeline::Pipeline> pipeline;
    io::MemoryIo io;
    std::int64_t clock = 1'600'000'000'000'000'000;
};

std::string hello_for(const std::string& name) {
    HelloSpec spec;
    spec.extensions = sni_extension(name);
    return tls_record(22, client_hello(spec));
}

std::string server_flight() {
    CertSpec second;
    second.subject = common_name("second one");
    return tls_record(22, server_hello({}) +
                              certificate_message({certificate({}), certificate(second)}) +
                              handshake(14, ""));
}

TEST(TlsFlow, ANameIsBlockedBeforeTheServerSeesIt) {
    TlsBox box;
    const std::string hello = hello_for("www.blocked.example");
    EXPECT_TRUE(box.client(hello.substr(0, 50)));
    EXPECT_FALSE(box.client(hello.substr(50)));
    const auto events = box.events();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(box.sid(events[0]), 1U);
    EXPECT_EQ(events[0].verdict, abi::EventVerdict::kDrop);
    EXPECT_EQ(std::string(events[0].tls.text.data(), events[0].tls.length[0]),
              "www.blocked.example");
}

TEST(TlsFlow, RulesOverTheHandshake) {
    TlsBox box(false);
    EXPECT_TRUE(box.client(hello_for("good.example")));
    EXPECT_TRUE(box.server(server_flight()));
    std::vector<std::uint32_t> sids;
    for (const abi::EventRecord& e : box.events()) {
        EXPECT_EQ(e.type, abi::EventType::kAlert);
        sids.push_back(box.sid(e));
    }
    std::sort(sids.begin(), sids.end());
    EXPECT_EQ(sids, (std::vector<std::uint32_t>{2, 4, 5, 5, 6}));
}

TEST(TlsFlow, EncryptedBytesAreNotScannedButCounted) {
    TlsBox box;
    EXPECT_TRUE(box.client(hello_for("good.example")));
    EXPECT_TRUE(box.server(server_flight()));
    const std::string secret = tls_record(23, std::string(200, 'D'));
    EXPECT_TRUE(box.client(tls_record(20, be(1, 1)) + tls_record(23, "x")));
    (void)box.events();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(box.client(secret));
        EXPECT_TRUE(box.server(secret));
    }
    EXPECT_TRUE(box.events().empty());
    EXPECT_EQ(box.pipeline->stats().encrypted_bytes, 6 * secret.size());
    EXPECT_EQ(box.pipeline->reasons()[static_cast<std::size_t>(packet::Reason::tls_encrypted)], 6U);
    EXPECT_EQ(box.pipeline->apps().flows_in_use(), 0U);
    EXPECT_EQ(box.pipeline->apps().slabs_in_use(), 0U);
}

TEST(TlsFlow, OneEventAHandshake) {
    TlsBox box;
    EXPECT_TRUE(box.client(hello_for("good.example")));
    EXPECT_TRUE(box.server(server_flight()));
    EXPECT_TRUE(box.client(tls_record(20, be(1, 1)) + tls_record(23, "x")));
    EXPECT_TRUE(box.server(tls_record(20, be(1, 1)) + tls_record(23, "x")));
    box.pipeline->end_all({Nanos{box.clock}, Nanos{box.clock}});
    std::size_t told = 0;
    for (const abi::EventRecord& e : box.events()) {
        if (e.type == abi::EventType::kTls) {
            ++told;
            EXPECT_EQ(e.dst_port, box.peers.server_port);
            EXPECT_TRUE(e.tls.has_certificate);
            EXPECT_EQ(e.tls.not_after, 1893456000);
        }
    }
    EXPECT_EQ(told, 1U);
}

}  // namespace
}  // namespace sluice::test
