// SPDX-License-Identifier: Apache-2.0
#include "control/config/toml_load.h"

#include "control/config/exceptions.h"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

constexpr const char* kSegment = "[[segment]]\nports = [\"af_xdp:east\", \"af_packet:west\"]\n";

Error error_of(const std::string& text) {
    Result<Config> config = parse_config(text, "t.toml");
    EXPECT_FALSE(config.ok()) << text;
    return config.ok() ? Error{} : config.error();
}

TEST(Config, TheExampleIsValidAndItsCommentsAreTheDefaults) {
    Result<Config> loaded = load_config(SLUICE_EXAMPLE_CONFIG);
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    const Config& c = loaded.value();
    ASSERT_EQ(c.segments.size(), 1U);
    EXPECT_EQ(c.segments[0].name, "uplink");
    EXPECT_EQ(c.segments[0].ports[0].kind, PortKind::kAfXdp);
    EXPECT_EQ(c.segments[0].ports[0].target, "eth1");
    EXPECT_EQ(c.vars.at("HOME_NET"), "[10.0.0.0/8,172.16.0.0/12,192.168.0.0/16]");

    // Uncommented, the example must mean the same: the documented defaults are the real ones.
    std::string text = "[[segment]]\nports = [\"null\", \"null\"]\n";
    Result<Config> defaults = parse_config(text, "t");
    ASSERT_TRUE(defaults.ok()) << defaults.error().to_string();
    EXPECT_EQ(c.flow.max_flows, defaults.value().flow.max_flows);
    EXPECT_EQ(c.defrag.memory_mb, defaults.value().defrag.memory_mb);
    EXPECT_EQ(c.dataplane.min_ttl, defaults.value().dataplane.min_ttl);
    EXPECT_EQ(c.dataplane.drop_source_route, defaults.value().dataplane.drop_source_route);
    EXPECT_EQ(c.events.path, defaults.value().events.path);
}

TEST(Config, EventsAreSwitchedByType) {
    Result<Config> config = parse_config(std::string("[events]\nalert = false\nhttp = true\nflow = "
                                                     "true\npacket = false\nstats_every_s = 8\n"
                                                     "drops_per_second = 0\n") +
                                             kSegment,
                                         "t.toml");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    const EventsConfig& e = config.value().events;
    EXPECT_FALSE(e.alert);
    EXPECT_TRUE(e.http);
    EXPECT_TRUE(e.flow);
    EXPECT_FALSE(e.packet);
    EXPECT_EQ(e.stats_every_s, 8U);
    EXPECT_EQ(e.drops_per_second, 0U);
    const EventsConfig none;
    EXPECT_TRUE(none.alert && none.packet);
    EXPECT_FALSE(none.http || none.flow || none.tls || none.dns);
    EXPECT_EQ(none.stats_every_s, 0U);
}

// Issue 3: ten million flows on one worker.
TEST(Config, TenMillionFlows) {
    Result<Config> config = parse_config(
        "[flow]\nmax_flows = 10000000\n[[segment]]\nports = [\"null\", \"null\"]\n", "t");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_EQ(config.value().flow.max_flows, 10'000'000U);
}

TEST(Config, DefragLimits) {
    Result<Config> config =
        parse_config(std::string("[defrag]\nmax_datagrams = 100\nmemory_mb = 2\nper_source = 7\n"
                                 "timeout_s = 60\ntiny = \"pass\"\n") +
                         kSegment,
                     "t");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    const DefragLimits& d = config.value().defrag;
    EXPECT_EQ(d.max_datagrams, 100U);
    EXPECT_EQ(d.memory_mb, 2U);
    EXPECT_EQ(d.per_source, 7U);
    EXPECT_EQ(d.timeout_s, 60U);
    EXPECT_EQ(d.tiny, TinyFragments::kPass);
}

TEST(Config, TunnelsAndNormalizer) {
    Result<Config> config = parse_config(
        std::string(
            "[dataplane]\ntunnels = false\nmax_tunnel_depth = 7\n[normalize]\nurgent = "
            "false\nreserved = false\noptions = false\ntimestamps = false\nsignatures = false\n"
            "syn_data = false\nicmp_errors = \"drop\"\n[tunnels]\nvxlan = [4790]\n"
            "geneve = []\n") +
            kSegment,
        "t");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_FALSE(config.value().dataplane.tunnels);
    EXPECT_EQ(config.value().dataplane.max_tunnel_depth, 7U);
    const NormalizeConfig& n = config.value().normalize;
    EXPECT_FALSE(n.urgent || n.reserved || n.options || n.timestamps || n.signatures || n.syn_data);
    EXPECT_EQ(n.icmp_errors, IcmpErrors::kDrop);
    EXPECT_EQ(config.value().tunnels.vxlan, std::vector<std::uint32_t>{4790});
    EXPECT_TRUE(config.value().tunnels.geneve.empty());
    EXPECT_EQ(config.value().tunnels.gtpu, std::vector<std::uint32_t>{2152});
}

TEST(Config, EveryPortKind) {
    const std::string text =
        "[[segment]]\nports=[\"pci:0000:01:00.0\",\"pci:0000:01:00.1\"]\n"
        "[[segment]]\nports=[\"pcap:/tmp/in.pcap:/tmp/out.pcap\",\"null\"]\n"
        "[[segment]]\nports=[\"ring\",\"ring\"]\n";
    Result<Config> config = parse_config(text, "t");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_EQ(config.value().segments[0].ports[1].target, "0000:01:00.1");
    EXPECT_EQ(config.value().segments[1].ports[0].output, "/tmp/out.pcap");
    EXPECT_EQ(config.value().segments[2].ports[0].kind, PortKind::kRing);
}

TEST(Config, UnknownProtocolsPassUnlessToldOtherwise) {
    EXPECT_EQ(parse_config(kSegment, "t").value().dataplane.unknown_protocols,
              ExceptionPolicy::kPass);
    const std::string text = "[dataplane]\nunknown_protocols = \"drop\"\n";
    EXPECT_EQ(parse_config(text + kSegment, "t").value().dataplane.unknown_protocols,
              ExceptionPolicy::kDrop);
    error_of(std::string("[dataplane]\nunknown_protocols = \"log\"\n") + kSegment);
}

TEST(Config, ExceptionsByCauseAndSegment) {
    const std::string text =
        "[dataplane]\nexception_policy = \"drop\"\n"
        "[stream]\nmidstream = false\n"
        "[exception]\nflow_table = \"pass\"\nmidstream = \"bypass\"\n"
        "[[segment]]\nname = \"a\"\nports = [\"null\", \"null\"]\n"
        "[[segment]]\nname = \"b\"\nports = [\"null\", \"null\"]\n"
        "[segment.exception]\nflow_table = \"drop\"\nwindow_full = \"pass\"\n";
    const Result<Config> loaded = parse_config(text, "t");
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    const Config& c = loaded.value();
    using packet::ExceptionCause;
    const auto policy = [&](std::size_t segment, ExceptionCause cause) {
        return policy_for(c, &c.segments[segment], cause);
    };
    EXPECT_EQ(policy(0, ExceptionCause::flow_table), ExceptionPolicy::kPass);
    EXPECT_EQ(policy(1, ExceptionCause::flow_table), ExceptionPolicy::kDrop);
    EXPECT_EQ(policy(0, ExceptionCause::window_full), ExceptionPolicy::kDrop) << "the default";
    EXPECT_EQ(policy(1, ExceptionCause::window_full), ExceptionPolicy::kPass);
    EXPECT_EQ(policy(1, ExceptionCause::midstream), ExceptionPolicy::kBypass);
    EXPECT_EQ(policy_for(c, nullptr, ExceptionCause::flow_table), ExceptionPolicy::kPass);
    EXPECT_EQ(policy_for(parse_config(kSegment, "t").value(), nullptr, ExceptionCause::copy_store),
              ExceptionPolicy::kPass);
}

TEST(Config, ImpossibleExceptionsAreOneErrorWithItsPlace) {
    Error error = error_of("[exception]\nflow_table = \"bypass\"\n" + std::string(kSegment));
    EXPECT_NE(error.message.find("[exception] flow_table must be one of \"pass\", \"drop\""),
              std::string::npos)
        << error.message;
    EXPECT_NE(error.hint.find("no flow"), std::string::npos);
    EXPECT_EQ(error.where.line, 2U);
    error = error_of("[exception]\nmidstream = \"drop\"\n" + std::string(kSegment));
    EXPECT_NE(error.message.find("[stream] midstream = true"), std::string::npos);
    EXPECT_EQ(error.where.line, 2U);
    error = error_of(
        "[[segment]]\nports = [\"null\", \"null\"]\n[segment.exception]\n"
        "midstream = \"drop\"\n");
    EXPECT_NE(error.message.find("[stream] midstream = true"), std::string::npos);
    EXPECT_EQ(error.where.line, 4U);
    error = error_of(
        "[[segment]]\nports = [\"null\", \"null\"]\n[segment.exception]\n"
        "tables = \"drop\"\n");
    EXPECT_NE(error.message.find("unknown key 'tables' in [segment.exception]"), std::string::npos);
    error_of("[exception]\ncopy_store = \"reject\"\n" + std::string(kSegment));
    error_of("exception = 1\n" + std::string(kSegment));
}

TEST(Config, ExceptionsOnACommandLine) {
    ExceptionTable table;
    EXPECT_TRUE(set_exception("flow_table=drop", table).ok());
    EXPECT_TRUE(set_exception("copy_store=bypass", table).ok());
    EXPECT_EQ(table[static_cast<std::size_t>(packet::ExceptionCause::flow_table)],
              ExceptionPolicy::kDrop);
    EXPECT_EQ(table[static_cast<std::size_t>(packet::ExceptionCause::copy_store)],
              ExceptionPolicy::kBypass);
    const ExceptionTable before = table;
    for (const char* bad : {"flow_table=bypass", "flow_table=", "flow_table", "=drop", "",
                            "flowtable=drop", "copy_store=Drop", "copy_store=drop=drop"}) {
        const Status status = set_exception(bad, table);
        ASSERT_FALSE(status.ok()) << bad;
        EXPECT_FALSE(status.error().hint.empty()) << bad;
        EXPECT_EQ(table, before) << bad;
    }
}

TEST(Config, UnknownKeyNamesItsPlace) {
    const Error error = error_of(std::string("[dataplane]\nworkers = 2\nworker = 3\n") + kSegment);
    EXPECT_EQ(error.where.file, "t.toml");
    EXPECT_EQ(error.where.line, 3U);
    EXPECT_NE(error.message.find("'worker'"), std::string::npos);
    EXPECT_FALSE(error.hint.empty());
}

struct BadCase {
    const char* text;
    const char* message_part;
};

TEST(Config, BadValuesAreErrorsWithAReason) {
    const BadCase cases[] = {
        {"[dataplane]\nworkers = 0\n", "from 1 to 64"},
        {"[dataplane]\nworkers = \"2\"\n", "must be a number"},
        {"[dataplane]\nworkers = -1\n", "must be a number"},
        {"[dataplane]\nmode = \"inlin\"\n", "\"inline\", \"tap\""},
        {"[dataplane]\nworkers = 2\ncores = [1]\n", "1 cores for 2 workers"},
        {"[dataplane]\ncores = [-1]\n", "numbers from 0"},
        {"[events]\nring_entries = 1000\n", "power of two"},
        {"[bundle]\npath = \"x.sigb\"\n", "trusted_keys"},
        {"[control]\nsocket = \"\"\n", "socket"},
        {"[vars]\nHOME_NET = 4\n", "strings"},
        {"nonsense = 1\n", "unknown key 'nonsense'"},
        {"dataplane = 1\n", "must be a table"},
        {"segment = 1\n", "list of tables"},
        {"[dataplane]\nmax_tunnel_depth = 8\n", "from 1 to 7"},
        {"[normalize]\nurgent = 1\n", "true or false"},
        {"[normalize]\nicmp_errors = \"maybe\"\n", "\"pass\", \"check\", \"drop\""},
        {"[tunnels]\nvxlan = [6081]\n", "port 6081"},
        {"[tunnels]\ngtpu = [0]\n", "port 0"},
        {"[tunnels]\ngtpu = [1,2,3,4,5,6,7,8,9]\n", "port 1"},
        {"[defrag]\ntiny = \"forward\"\n", "\"drop\", \"pass\""},
        {"[defrag]\nper_source = 20000\n", "from 1 to 16384"},
        {"[stream]\nmidstream = 1\n", "true or false"},
        {"[[[", "nested"},
    };
    for (const BadCase& bad : cases) {
        const bool has_segment = std::string(bad.text).find("segment =") != std::string::npos;
        const Error error = error_of(std::string(bad.text) + (has_segment ? "" : kSegment));
        const bool syntax = std::string(bad.text) == "[[[";
        EXPECT_TRUE(syntax || error.message.find(bad.message_part) != std::string::npos)
            << bad.text << " -> " << error.message;
    }
}

TEST(Config, BadPortsAreRefused) {
    for (const char* port :
         {"eth0", "af_xdp:", "af_xdp:a/b", "af_xdp:name-over-15-characters", "af_xdp:a,iface=b",
          "pci:01:00.0", "pci:0000:01:00.0,x=1", "pcap:", "pcap:a,b", "null:x", "tap:x", ""}) {
        const Error error =
            error_of("[[segment]]\nports = [\"" + std::string(port) + "\", \"null\"]\n");
        EXPECT_NE(error.message.find("cannot use port"), std::string::npos) << port;
    }
    EXPECT_NE(error_of("[[segment]]\nports = [\"null\"]\n").message.find("two ports"),
              std::string::npos);
    EXPECT_NE(error_of("[[segment]]\nports = [\"af_xdp:a\", \"af_packet:a\"]\n")
                  .message.find("used twice"),
              std::string::npos);
    EXPECT_NE(error_of("").message.find("no [[segment]]"), std::string::npos);
}

TEST(Config, HostileInputIsRefusedBeforeParsing) {
    std::string dotted = "a";
    for (int i = 0; i < 20000; ++i) {
        dotted += ".a";
    }
    EXPECT_NE(error_of(dotted + " = 1\n").message.find("too many dots"), std::string::npos);
    EXPECT_NE(error_of("a = " + std::string(30000, '[')).message.find("nested"), std::string::npos);
    EXPECT_NE(error_of("a = " + std::string(30000, '{')).message.find("nested"), std::string::npos);
    EXPECT_NE(error_of(std::string(kMaxConfigBytes + 1, '#')).message.find("64 KiB"),
              std::string::npos);
    EXPECT_EQ(error_of("\na = \xff\xfe\n").where.line, 2U);
    EXPECT_NE(error_of("[[sL\xcc\x88L]]\n").message.find("ASCII"), std::string::npos);
    EXPECT_TRUE(parse_config(std::string("  # gr\xc3\xbc\xc3\x9f\n") + kSegment, "t").ok());
}

// One byte changed anywhere gives a Config or an Error, never an abort (toml++ asserts on some).
TEST(Config, DamagedFilesNeverEndTheProgram) {
    const std::string good =
        std::string("[dataplane]\nworkers = 2\n[vars]\nA = [\"1.2.3.4\", 'x']\n") + kSegment;
    ASSERT_TRUE(parse_config(good, "t").ok());
    int refused = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int c = 0; c < 256; ++c) {
            std::string text = good;
            text[i] = static_cast<char>(c);
            refused += parse_config(text, "t").ok() ? 0 : 1;
            refused += parse_config(std::string_view(text).substr(0, i + 1), "t").ok() ? 0 : 1;
        }
    }
    EXPECT_GT(refused, 0);
}

TEST(Config, AMissingFileSaysTheNextStep) {
    Result<Config> config = load_config("/nonexistent/sluice.toml");
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
    EXPECT_NE(config.error().to_string().find("sluice.toml.example"), std::string::npos);
}

}  // namespace
}  // namespace sluice::control
