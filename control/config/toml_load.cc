// SPDX-License-Identifier: Apache-2.0
#include "control/config/toml_load.h"

#include "control/config/exceptions.h"
#include "control/config/toml_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace sluice::control {
namespace {

// toml++ 3.3 recurses per level of nesting and per part of a dotted key; both stay far below what a
// stack holds.
constexpr std::size_t kMaxNesting = 16;
constexpr std::size_t kMaxDotsPerLine = 512;
constexpr std::size_t kMaxVarBytes = 4096;

// Cheap and stricter than TOML: brackets count wherever they stand. Returns the line that is too
// much, 0 when none is.
std::uint32_t too_deep_line(std::string_view text) {
    std::size_t open = 0;
    std::size_t dots = 0;
    std::uint32_t line = 1;
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            dots = 0;
        } else if (c == '[' || c == '{') {
            if (++open > kMaxNesting) {
                return line;
            }
        } else if (c == ']' || c == '}') {
            open -= open > 0 ? 1 : 0;
        } else if (c == '.' && ++dots > kMaxDotsPerLine) {
            return line;
        }
    }
    return 0;
}

// toml++ 3.3 runs into undefined behaviour on some characters beyond ASCII in a key. They are for
// comments on lines of their own (there '?' stands for them, at the same column) and for \\uXXXX in
// strings. Returns the line of one elsewhere, 0: none.
std::uint32_t to_ascii(std::string& text) {
    std::uint32_t line = 1;
    bool blank = true;  // nothing but white space so far
    bool comment = false;
    for (char& c : text) {
        if (c == '\n') {
            ++line;
            blank = true;
            comment = false;
            continue;
        }
        comment = comment || (blank && c == '#');
        blank = blank && (c == ' ' || c == '\t');
        if (static_cast<unsigned char>(c) >= 0x80) {
            if (!comment) {
                return line;
            }
            c = '?';
        }
    }
    return 0;
}

bool is_interface_name(std::string_view name) {
    return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' ||
                      c == '.';
           });
}

// dddd:bb:dd.f in hexadecimal.
bool is_pci_address(std::string_view s) {
    constexpr std::string_view kShape = "xxxx:xx:xx.x";
    if (s.size() != kShape.size()) {
        return false;
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
        const bool hex = std::isxdigit(static_cast<unsigned char>(s[i])) != 0;
        if (kShape[i] == 'x' ? !hex : s[i] != kShape[i]) {
            return false;
        }
    }
    return true;
}

// These go into DPDK's device arguments, where a comma starts the next one.
bool is_plain_path(std::string_view path) {
    return !path.empty() && path.size() < 256 &&
           path.find_first_of(",\"'[]") == std::string_view::npos;
}

bool parse_port(const std::string& text, Port& port) {
    const std::size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
    port.text = text;
    port.target = rest;
    if (kind == "af_xdp" || kind == "af_packet") {
        port.kind = kind == "af_xdp" ? PortKind::kAfXdp : PortKind::kAfPacket;
        return is_interface_name(rest);
    }
    if (kind == "pci") {
        port.kind = PortKind::kPci;
        return is_pci_address(rest);
    }
    if (kind == "pcap") {
        port.kind = PortKind::kPcap;
        const std::size_t second = rest.find(':');
        port.target = rest.substr(0, second);
        port.output = second == std::string::npos ? "" : rest.substr(second + 1);
        return is_plain_path(port.target) &&
               (second == std::string::npos || is_plain_path(port.output));
    }
    if (kind == "null" || kind == "ring") {
        port.kind = kind == "null" ? PortKind::kNull : PortKind::kRing;
        return colon == std::string::npos;
    }
    return false;
}

void read_dataplane(TableReader& in, DataplaneConfig& out) {
    in.u32("workers", out.workers, 1, kMaxWorkers);
    in.u32s("cores", out.cores, 1023);
    in.choice("mode", out.mode,
              {{"inline", static_cast<int>(SegmentMode::kInline)},
               {"tap", static_cast<int>(SegmentMode::kTap)}});
    in.choice("exception_policy", out.exception_policy,
              {{"pass", static_cast<int>(ExceptionPolicy::kPass)},
               {"drop", static_cast<int>(ExceptionPolicy::kDrop)}});
    in.choice("unknown_protocols", out.unknown_protocols,
              {{"pass", static_cast<int>(ExceptionPolicy::kPass)},
               {"drop", static_cast<int>(ExceptionPolicy::kDrop)}});
    in.choice("hugepages", out.hugepages,
              {{"auto", static_cast<int>(Hugepages::kAuto)},
               {"on", static_cast<int>(Hugepages::kOn)},
               {"off", static_cast<int>(Hugepages::kOff)}});
    in.choice("idle", out.idle,
              {{"sleep", static_cast<int>(Idle::kSleep)}, {"spin", static_cast<int>(Idle::kSpin)}});
    in.u32("memory_mb", out.memory_mb, 64, 1U << 20);
    in.u32("packet_buffers", out.packet_buffers, 1024, 1U << 22);
    in.u32("mtu", out.mtu, 1280, 9600);
    in.boolean("drop_source_route", out.drop_source_route);
    in.u32("min_ttl", out.min_ttl, 0, 255);
    in.boolean("tunnels", out.tunnels);
    in.u32("max_tunnel_depth", out.max_tunnel_depth, 1, 7);
    in.text("runtime_dir", out.runtime_dir);
    in.finish();
}

void read_exceptions(TableReader& in, ExceptionTable& out) {
    for (std::size_t i = 0; i < packet::kExceptionCount && !in.failed(); ++i) {
        const packet::ExceptionInfo& cause = packet::kExceptions[i];
        if (in.take(cause.name) == nullptr) {
            continue;
        }
        std::vector<Choice> choices;
        for (const ExceptionPolicy p :
             {ExceptionPolicy::kPass, ExceptionPolicy::kDrop, ExceptionPolicy::kBypass}) {
            if (p != ExceptionPolicy::kBypass || cause.may_bypass) {
                choices.push_back({policy_name(p), static_cast<int>(p)});
            }
        }
        ExceptionPolicy policy = ExceptionPolicy::kPass;
        in.choice(cause.name, policy, choices,
                  cause.may_bypass ? "" : "there is no flow whose rest could be bypassed");
        out[i] = policy;
    }
    in.finish();
}

void read_defrag(TableReader& in, DefragLimits& out) {
    in.u32("max_datagrams", out.max_datagrams, 16, 1U << 22);
    in.u32("memory_mb", out.memory_mb, 1, 1U << 14);
    in.u32("per_source", out.per_source, 1, out.max_datagrams);
    in.u32("timeout_s", out.timeout_s, 1, 3600);
    in.choice("tiny", out.tiny,
              {{"drop", static_cast<int>(TinyFragments::kDrop)},
               {"pass", static_cast<int>(TinyFragments::kPass)}});
    in.finish();
}

void read_flow(TableReader& in, FlowLimits& out) {
    constexpr std::uint32_t kDay = 86400;
    in.u32("max_flows", out.max_flows, 64, 1U << 26);
    in.u32("tcp_new_s", out.tcp_new_s, 1, kDay);
    in.u32("tcp_established_s", out.tcp_established_s, 1, kDay);
    in.u32("tcp_closed_s", out.tcp_closed_s, 1, kDay);
    in.u32("udp_s", out.udp_s, 1, kDay);
    in.u32("other_s", out.other_s, 1, kDay);
    in.finish();
}

void read_stream(TableReader& in, StreamLimits& out) {
    in.u32("window_bytes", out.window_bytes, 4096, 48 * 1024);
    in.u32("memory_mb", out.memory_mb, 1, 1U << 16);
    in.u32("copy_store_mb", out.copy_store_mb, 1, out.memory_mb);
    in.boolean("midstream", out.midstream);
    in.finish();
}

void read_detect(TableReader& in, DetectLimits& out) {
    in.u32("pcre_budget", out.pcre_budget, 10'000, 1'000'000'000);
    in.finish();
}

void read_normalize(TableReader& in, NormalizeConfig& out) {
    in.boolean("urgent", out.urgent);
    in.boolean("reserved", out.reserved);
    in.boolean("options", out.options);
    in.boolean("signatures", out.signatures);
    in.boolean("syn_data", out.syn_data);
    in.boolean("timestamps", out.timestamps);
    in.choice("icmp_errors", out.icmp_errors,
              {{"pass", static_cast<int>(IcmpErrors::kPass)},
               {"check", static_cast<int>(IcmpErrors::kCheck)},
               {"drop", static_cast<int>(IcmpErrors::kDrop)}});
    in.finish();
}

void read_tunnels(TableReader& in, TunnelPorts& out) {
    constexpr std::size_t kMaxPorts = 8;  // a kind
    using Ports = std::vector<std::uint32_t>;
    const std::array<std::pair<const char*, Ports*>, 4> kinds = {{{"vxlan", &out.vxlan},
                                                                  {"geneve", &out.geneve},
                                                                  {"teredo", &out.teredo},
                                                                  {"gtpu", &out.gtpu}}};
    std::map<std::uint32_t, int> uses;
    for (const auto& [key, ports] : kinds) {
        in.u32s(key, *ports, 65535);
        for (const std::uint32_t port : *ports) {
            ++uses[port];
        }
    }
    for (const auto& [key, ports] : kinds) {
        const toml::node* node = in.take(key);
        for (const std::uint32_t port : *ports) {
            if (node != nullptr && (port == 0 || uses[port] > 1 || ports->size() > kMaxPorts)) {
                in.fail(*node,
                        "[tunnels] " + std::string(key) + " cannot have port " +
                            std::to_string(port) + " here",
                        "give each port to one kind of tunnel, at most 8 ports a kind");
            }
        }
    }
    in.finish();
}

void read_events(TableReader& in, EventsConfig& out) {
    in.text("path", out.path);
    in.u64("rotate_bytes", out.rotate_bytes, 0, 1ULL << 40);
    in.u32("rotate_keep", out.rotate_keep, 0, 1000);
    in.boolean("tls", out.tls);
    in.u32("ring_entries", out.ring_entries, 64, 1U << 20);
    in.boolean("alert", out.alert);
    in.boolean("dns", out.dns);
    in.boolean("http", out.http);
    in.boolean("flow", out.flow);
    in.boolean("packet", out.packet);
    in.u32("stats_every_s", out.stats_every_s, 0, 86400);
    in.u32("drops_per_second", out.drops_per_second, 0, 1'000'000);
    in.u32("anomalies_per_second", out.anomalies_per_second, 0, 1'000'000);
    if (const toml::node* node = in.take("ring_entries");
        node != nullptr && (out.ring_entries & (out.ring_entries - 1)) != 0) {
        in.fail(*node, "[events] ring_entries must be a power of two", "8192 is the default");
    }
    in.finish();
}

void read_ports(TableReader& in, Segment& segment) {
    std::vector<std::string> ports;
    in.texts("ports", ports);
    const toml::node* node = in.take("ports");
    if (node == nullptr || in.failed()) {
        return;
    }
    if (ports.size() != 2) {
        in.fail(*node, "a segment has two ports, this one has " + std::to_string(ports.size()),
                "write ports = [\"af_xdp:eth1\", \"af_xdp:eth2\"]");
        return;
    }
    for (const std::string& text : ports) {
        if (!parse_port(text, segment.ports.emplace_back())) {
            in.fail(*node, "cannot use port '" + text + "'",
                    "write af_xdp:INTERFACE, af_packet:INTERFACE, pci:0000:01:00.0, "
                    "pcap:IN.pcap[:OUT.pcap], ring or null");
            return;
        }
    }
}

void read_segments(TableReader& root, const std::string& file, Config& config, Error* error) {
    const toml::node* node = root.take("segment");
    const toml::array* array = node == nullptr ? nullptr : node->as_array();
    if (node != nullptr && array == nullptr) {
        root.fail(*node, "'segment' must be a list of tables",
                  "write [[segment]] with two brackets");
        return;
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; array != nullptr && i < array->size() && !root.failed(); ++i) {
        const toml::table* table = (*array)[i].as_table();
        if (table == nullptr || i >= kMaxSegments) {
            root.fail(
                (*array)[i],
                table == nullptr ? "'segment' must be a list of tables" : "more than 16 segments",
                "write [[segment]] with two brackets");
            return;
        }
        TableReader in(*table, "[[segment]]", file, error);
        Segment& segment = config.segments.emplace_back();
        segment.name = "segment" + std::to_string(i);
        in.text("name", segment.name);
        read_ports(in, segment);
        if (const toml::table* own = in.table("exception"); own != nullptr && !in.failed()) {
            TableReader exceptions(*own, "[segment.exception]", file, error);
            read_exceptions(exceptions, segment.exception);
        }
        in.finish();
        if (!in.failed() && segment.ports.empty()) {
            in.fail(*table, "segment '" + segment.name + "' has no ports",
                    "add ports = [\"af_xdp:eth1\", \"af_xdp:eth2\"]");
        }
        for (const Port& port : segment.ports) {
            const bool shared = port.kind == PortKind::kNull || port.kind == PortKind::kRing;
            if (!shared && !seen.insert(port.target).second) {
                in.fail(*table, "port '" + port.text + "' is used twice",
                        "each interface belongs to one segment");
            }
        }
    }
}

void read_vars(const toml::table& table, TableReader& in, Config& config) {
    for (const auto& [key, node] : table) {
        std::string value;
        if (const toml::array* list = node.as_array()) {
            for (const toml::node& element : *list) {
                const toml::value<std::string>* text = element.as_string();
                if (text == nullptr) {
                    in.fail(element, "[vars] values are strings or lists of strings",
                            "put it in double quotes");
                    return;
                }
                value += (value.empty() ? "[" : ",") + text->get();
            }
            value += value.empty() ? "[]" : "]";
        } else if (const toml::value<std::string>* text = node.as_string()) {
            value = text->get();
        } else {
            in.fail(node, "[vars] values are strings or lists of strings",
                    "put it in double quotes");
            return;
        }
        if (value.empty() || value.size() > kMaxVarBytes) {
            in.fail(node,
                    "[vars] " + std::string(key.str()) + " is empty or longer than 4096 bytes", "");
            return;
        }
        config.vars[std::string(key.str())] = value;
    }
}

template <typename Section, typename Read>
void read_section(TableReader& root, std::string_view name, const std::string& file,
                  Section& section, Read read) {
    const toml::table* table = root.table(name);
    if (table != nullptr && !root.failed()) {
        TableReader in(*table, "[" + std::string(name) + "]", file, root.error());
        read(in, section);
    }
}

void read_root(const toml::table& table, const std::string& file, Config& config, Error* error) {
    TableReader root(table, "the file", file, error);
    read_section(root, "dataplane", file, config.dataplane, read_dataplane);
    read_segments(root, file, config, error);
    if (const toml::table* vars = root.table("vars")) {
        TableReader in(*vars, "[vars]", file, error);
        read_vars(*vars, in, config);
    }
    read_section(root, "bundle", file, config.bundle, [](TableReader& in, BundleConfig& out) {
        in.text("path", out.path);
        in.texts("trusted_keys", out.trusted_keys);
        in.text("thresholds", out.thresholds);
        in.finish();
    });
    read_section(root, "exception", file, config.exception, read_exceptions);
    read_section(root, "defrag", file, config.defrag, read_defrag);
    read_section(root, "flow", file, config.flow, read_flow);
    read_section(root, "stream", file, config.stream, read_stream);
    read_section(root, "detect", file, config.detect, read_detect);
    read_section(root, "normalize", file, config.normalize, read_normalize);
    read_section(root, "tunnels", file, config.tunnels, read_tunnels);
    read_section(root, "events", file, config.events, read_events);
    read_section(root, "control", file, config.control, [](TableReader& in, ControlConfig& out) {
        in.text("socket", out.socket);
        in.u32("reload_deadline_ms", out.reload_deadline_ms, 10, 600000);
        in.finish();
    });
    read_section(root, "privileges", file, config.privileges,
                 [](TableReader& in, PrivilegesConfig& out) {
                     in.text("user", out.user);
                     in.finish();
                 });
    root.finish();
}

// A policy for connections that are inspected says nothing.
void check_midstream(const toml::table& table, const Config& config, TableReader& root) {
    const auto midstream = static_cast<std::size_t>(packet::ExceptionCause::midstream);
    std::vector<const toml::node*> places{
        config.exception[midstream] ? table["exception"]["midstream"].node() : nullptr};
    for (std::size_t i = 0; i < config.segments.size(); ++i) {
        places.push_back(config.segments[i].exception[midstream]
                             ? table["segment"][i]["exception"]["midstream"].node()
                             : nullptr);
    }
    for (const toml::node* place : places) {
        if (place != nullptr && config.stream.midstream) {
            root.fail(*place, "exception midstream has no meaning while [stream] midstream = true",
                      "set [stream] midstream = false, or leave the policy out");
        }
    }
}

// What can only be judged over the whole file.
void cross_check(const toml::table& table, const std::string& file, const Config& config,
                 Error* error) {
    TableReader root(table, "the file", file, error);
    const DataplaneConfig& d = config.dataplane;
    if (config.segments.empty()) {
        root.fail(table, "no [[segment]]: nothing to inspect",
                  "add [[segment]] with ports = [\"af_xdp:eth1\", \"af_xdp:eth2\"]");
    }
    if (!d.cores.empty() && d.cores.size() != d.workers) {
        root.fail(table,
                  "[dataplane] cores names " + std::to_string(d.cores.size()) + " cores for " +
                      std::to_string(d.workers) + " workers",
                  "give one core per worker, or leave cores out");
    }
    if (!config.bundle.path.empty() && config.bundle.trusted_keys.empty()) {
        root.fail(table, "[bundle] path without trusted_keys: no bundle can be accepted",
                  "add trusted_keys = [\"/etc/sluice/keys/lab.pub\"]");
    }
    check_midstream(table, config, root);
    constexpr std::size_t kMaxSocketPath = 107;  // sun_path
    if (config.control.socket.empty() || config.control.socket.size() > kMaxSocketPath) {
        root.fail(table, "[control] socket must be 1 to 107 bytes long", "choose a shorter path");
    }
    if (config.events.path.empty() || d.runtime_dir.empty()) {
        root.fail(table, "[events] path and [dataplane] runtime_dir must not be empty",
                  "leave the key out for its default");
    }
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& name) {
    if (text.size() > kMaxConfigBytes) {
        return Error{
            ErrorCode::kInvalid, "configuration over 64 KiB", {name}, "is this the right file?"};
    }
    if (const std::uint32_t line = too_deep_line(text); line != 0) {
        return Error{ErrorCode::kInvalid,
                     "nested too deeply, or too many dots in a line",
                     {name, line, 0},
                     "split the line"};
    }
    std::string ascii(text);
    if (const std::uint32_t line = to_ascii(ascii); line != 0) {
        return Error{ErrorCode::kInvalid,
                     "a byte outside ASCII",
                     {name, line, 0},
                     "write it as \\uXXXX, or in a comment on a line of its own"};
    }
    toml::table table;
    try {
        table = toml::parse(std::string_view(ascii), name);
    } catch (const toml::parse_error& e) {
        const toml::source_position at = e.source().begin;
        return Error{
            ErrorCode::kInvalid,
            std::string(e.description()),
            {name, static_cast<std::uint32_t>(at.line), static_cast<std::uint32_t>(at.column)},
            "fix the TOML syntax there"};
    } catch (const std::exception& e) {
        return Error{ErrorCode::kInvalid, e.what(), {name}, "fix the TOML syntax"};
    }
    Config config;
    Error error;
    read_root(table, name, config, &error);
    if (error.message.empty()) {
        cross_check(table, name, config, &error);
    }
    if (!error.message.empty()) {
        return error;
    }
    return config;
}

Result<Config> load_config(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text(kMaxConfigBytes + 1, '\0');
    if (!in || in.read(text.data(), static_cast<std::streamsize>(text.size())).bad()) {
        return Error{ErrorCode::kNotFound,
                     "cannot read configuration: " + std::string(std::strerror(errno)),
                     {path},
                     "start from control/config/sluice.toml.example and pass it with --config"};
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_config(text, path);
}

}  // namespace sluice::control
