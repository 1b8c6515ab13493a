// SPDX-License-Identifier: Apache-2.0
// Config: everything sluice.toml can say, with its defaults. Plain values, checked by
// load_config(): a Config that was handed out is usable as it is.
// control/config/sluice.toml.example explains each key. Owns its text. Any thread.
#pragma once

#include "dataplane/packet/exception.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::control {

inline constexpr std::uint32_t kMaxWorkers = 64;
inline constexpr std::size_t kMaxSegments = 16;

// How a port reaches its wire.
enum class PortKind : std::uint8_t {
    kAfXdp,     // kernel interface by AF_XDP; AF_PACKET where the kernel has no AF_XDP
    kAfPacket,  // kernel interface by AF_PACKET
    kPci,       // a NIC of its own, by DPDK driver
    kPcap,      // reads a capture file, writes OUT when "pcap:IN:OUT" is given
    kNull,      // endless empty frames, for measuring
    kRing,      // loops back in memory, for tests
};

struct Port {
    PortKind kind = PortKind::kNull;
    std::string target;  // interface, PCI address or capture file
    std::string output;  // capture file to write, may be empty
    std::string text;    // as written, used as its name in events
};

enum class SegmentMode : std::uint8_t { kInline, kTap };

using packet::ExceptionPolicy;

// What becomes of packets for which there is no room, by cause; no value: the default holds.
using ExceptionTable = std::array<std::optional<ExceptionPolicy>, packet::kExceptionCount>;

struct Segment {
    std::string name;
    std::vector<Port> ports;   // two
    ExceptionTable exception;  // where it differs from Config::exception
};

static_assert(kMaxSegments == packet::ExceptionPolicies::kSegments);

enum class Hugepages : std::uint8_t { kAuto, kOn, kOff };

enum class Idle : std::uint8_t { kSleep, kSpin };

struct DataplaneConfig {
    std::uint32_t workers = 1;
    std::vector<std::uint32_t> cores;  // one per worker; empty: chosen by the kernel
    SegmentMode mode = SegmentMode::kInline;
    ExceptionPolicy exception_policy = ExceptionPolicy::kPass;   // of all causes
    ExceptionPolicy unknown_protocols = ExceptionPolicy::kPass;  // what is not inspected at all
    Hugepages hugepages = Hugepages::kAuto;
    Idle idle = Idle::kSleep;
    std::uint32_t memory_mb = 256;
    std::uint32_t packet_buffers = 16384;
    std::uint32_t mtu = 1500;
    bool drop_source_route = true;
    std::uint32_t min_ttl = 1;
    bool tunnels = true;
    std::uint32_t max_tunnel_depth = 4;
    std::string runtime_dir =
        "/run/sluice";  // DPDK's own directory and telemetry socket are below it
};

struct BundleConfig {
    std::string path;  // empty: start without rules, forward and wait for a reload
    std::vector<std::string> trusted_keys;  // public key files
    std::string thresholds;  // the site's threshold.config, over what the bundle says; may be empty
};

struct FlowLimits {
    std::uint32_t max_flows = 262144;  // per worker, up to 244 bytes each
    std::uint32_t tcp_new_s = 60;
    std::uint32_t tcp_established_s = 600;
    std::uint32_t tcp_closed_s = 10;
    std::uint32_t udp_s = 300;  // both directions seen; a tenth of it while only one was
    std::uint32_t other_s = 300;
};

// What happens to a first fragment that does not hold the transport header.
enum class TinyFragments : std::uint8_t { kDrop, kPass };

struct DefragLimits {
    std::uint32_t max_datagrams = 16384;  // per worker
    std::uint32_t memory_mb = 16;         // copies of fragments, per worker
    std::uint32_t per_source = 256;       // unfinished datagrams
    std::uint32_t timeout_s = 30;         // IPv6: twice that
    TinyFragments tiny = TinyFragments::kDrop;
};

struct StreamLimits {
    std::uint32_t window_bytes = 16384;
    std::uint32_t memory_mb = 128;     // windows and copies, per worker
    std::uint32_t copy_store_mb = 64;  // of it, for copies of out-of-order segments
    bool midstream = true;
};

struct DetectLimits {
    std::uint32_t pcre_budget = 200'000;  // of one packet, some 5 ns a unit
};

// ICMP errors about conversations that are followed.
enum class IcmpErrors : std::uint8_t { kPass, kCheck, kDrop };

// What is made unambiguous in TCP headers, inline, and what is believed.
struct NormalizeConfig {
    bool urgent = true;
    bool reserved = true;
    bool options = true;
    bool signatures = true;
    bool syn_data = true;
    bool timestamps = true;
    IcmpErrors icmp_errors = IcmpErrors::kCheck;
};

// UDP ports on which tunnels are looked for. An empty list: that kind is not opened.
struct TunnelPorts {
    std::vector<std::uint32_t> vxlan = {4789, 8472};
    std::vector<std::uint32_t> geneve = {6081};
    std::vector<std::uint32_t> teredo = {3544};
    std::vector<std::uint32_t> gtpu = {2152};
};

struct EventsConfig {
    std::string path = "/var/log/sluice/eve.json";
    std::uint64_t rotate_bytes = 256ULL << 20;
    std::uint32_t rotate_keep = 8;
    bool alert = true;
    bool tls = false;                         // an event for every TLS handshake
    bool dns = false;                         // an event for every DNS query and answer
    bool http = false;                        // an event for every HTTP request with its response
    bool flow = false;                        // an event at the end of every flow
    bool packet = true;                       // an event for every packet that a tag asks for
    std::uint32_t stats_every_s = 0;          // an event with all counters; 0: none
    std::uint32_t drops_per_second = 10;      // per reason and worker; 0: none
    std::uint32_t ring_entries = 8192;        // per worker, a power of two
    std::uint32_t anomalies_per_second = 10;  // per reason and worker; 0: none
};

struct ControlConfig {
    std::string socket = "/run/sluice/control.sock";
    std::uint32_t reload_deadline_ms = 2000;
};

struct PrivilegesConfig {
    std::string user;  // empty: stay who we are, without capabilities that are not needed
};

struct Config {
    DataplaneConfig dataplane;
    std::vector<Segment> segments;
    std::map<std::string, std::string> vars;  // HOME_NET = "10.0.0.0/8", a list is written "[a,b]"
    BundleConfig bundle;
    ExceptionTable exception;
    DefragLimits defrag;
    FlowLimits flow;
    StreamLimits stream;
    DetectLimits detect;
    NormalizeConfig normalize;
    TunnelPorts tunnels;
    EventsConfig events;
    ControlConfig control;
    PrivilegesConfig privileges;
};

}  // namespace sluice::control
