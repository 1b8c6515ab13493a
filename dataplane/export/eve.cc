// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve.h"

#include "dataplane/export/eve_dns.h"
#include "dataplane/export/eve_flow.h"
#include "dataplane/export/eve_http.h"
#include "dataplane/export/eve_packet.h"
#include "dataplane/export/eve_tls.h"
#include "dataplane/export/json_writer.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <utility>
#include <vector>

namespace sluice::exporter {
namespace {

std::string ip_text(const std::array<std::uint8_t, 16>& bytes, std::uint8_t version) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (version == 4) {
        const char* made = inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
        return made == nullptr ? std::string() : std::string(made);
    }
    // Suricata writes all eight groups in full, and tools compare texts.
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        std::snprintf(text.data(), text.size(), "%s%02x%02x", i == 0 ? "" : ":",
                      static_cast<unsigned>(bytes[i]), static_cast<unsigned>(bytes[i + 1]));
        out += text.data();
    }
    return out;
}

std::string proto_text(std::uint8_t proto) {
    switch (proto) {
        case packet::kProtoTcp:
            return "TCP";
        case packet::kProtoUdp:
            return "UDP";
        case packet::kProtoIcmp:
            return "ICMP";
        case packet::kProtoIcmp6:
            return "IPv6-ICMP";
        case 4:
            return "IP-in-IP";
        case 41:
            return "IPv6";
        case 47:
            return "GRE";
        case packet::kProtoSctp:
            return "SCTP";
        default:
            break;
    }
    std::array<char, 4> number{};
    std::snprintf(number.data(), number.size(), "%03u", static_cast<unsigned>(proto));
    return number.data();
}

bool has_ports(std::uint8_t proto) {
    return proto == packet::kProtoTcp || proto == packet::kProtoUdp || proto == packet::kProtoSctp;
}

bool blocked(abi::EventVerdict verdict) {
    return verdict == abi::EventVerdict::kDrop || verdict == abi::EventVerdict::kReject;
}

std::string_view type_text(abi::EventType type) {
    switch (type) {
        case abi::EventType::kAlert:
            return "alert";
        case abi::EventType::kDrop:
            return "drop";
        case abi::EventType::kAnomaly:
            return "anomaly";
        case abi::EventType::kTls:
            return "tls";
        case abi::EventType::kDns:
            return "dns";
        case abi::EventType::kHttp:
            return "http";
        case abi::EventType::kFlow:
            return "flow";
        case abi::EventType::kPacket:
            return "packet";
    }
    return "anomaly";
}

std::string_view verdict_text(abi::EventVerdict verdict) {
    switch (verdict) {
        case abi::EventVerdict::kForward:
        case abi::EventVerdict::kWouldBlock:
            return "alert";
        case abi::EventVerdict::kDrop:
        case abi::EventVerdict::kReject:
            return "drop";
        case abi::EventVerdict::kPass:
            return "pass";
    }
    return "alert";
}

std::string_view reject_target(const bundle::Rule* rule) {
    if (rule != nullptr) {
        switch (rule->reject_to) {
            case bundle::RejectTo::kSource:
                return "to_client";
            case bundle::RejectTo::kDestination:
                return "to_server";
            case bundle::RejectTo::kBoth:
                return "both";
        }
    }
    return "both";
}

std::string_view reason_name(std::uint8_t reason) {
    return reason < packet::kReasonCount ? packet::kReasons[reason].name
                                         : std::string_view("unknown");
}

// "decode", "stream" or "applayer", as Suricata's anomaly.type.
std::string_view anomaly_type(std::string_view reason) {
    if (reason.starts_with("tcp_bad_")) {
        return "decode";
    }
    if (reason.starts_with("tcp_") || reason.starts_with("stream_")) {
        return "stream";
    }
    const bool app = reason.starts_with("http_") || reason.starts_with("tls_") ||
                     reason.starts_with("ssh_") || reason.starts_with("dns_");
    return app ? "applayer" : "decode";
}

// Queries and their answers, RFC 792, RFC 1256, RFC 950, RFC 4443; -1: asks for none.
int icmp_reply_type(std::uint8_t proto, std::uint8_t type) {
    if (proto == packet::kProtoIcmp6) {
        return type == 128 ? 129 : -1;
    }
    switch (type) {
        case 8:
            return 0;
        case 10:
            return 9;
        case 13:
        case 15:
        case 17:
            return type + 1;
        default:
            return -1;
    }
}

// A packet's fate in the words of Suricata's drop.reason; ours is verdict.reason.
std::string_view suricata_drop_reason(std::uint8_t reason) {
    using packet::Reason;
    static constexpr std::array<std::pair<Reason, std::string_view>, 14> kNamed = {
        {{Reason::rule_drop, "rules"},
         {Reason::rule_reject, "rules"},
         {Reason::flow_dropped, "flow drop"},
         {Reason::flow_table_full, "flow memcap"},
         {Reason::fragment_table_full, "defrag memcap"},
         {Reason::tcp_midstream, "stream midstream"},
         {Reason::stream_window_full, "stream memcap"},
         {Reason::tcp_copy_store_full, "stream memcap"},
         {Reason::tcp_syn_data_full, "stream memcap"},
         {Reason::http_store_full, "applayer memcap"},
         {Reason::http_inflate_full, "applayer memcap"},
         {Reason::tls_store_full, "applayer memcap"},
         {Reason::ssh_store_full, "applayer memcap"},
         {Reason::dns_store_full, "applayer memcap"}}};
    for (const auto& [which, text] : kNamed) {
        if (static_cast<std::uint8_t>(which) == reason) {
            return text;
        }
    }
    const std::string_view name = reason_name(reason);
    if (name.starts_with("fragment_")) {
        return "defrag error";
    }
    const std::string_view type = anomaly_type(name);
    if (type == "applayer") {
        return "applayer error";
    }
    return type == "stream" ? "stream error" : "decode error";
}

void write_addresses(const abi::EventRecord& e, JsonWriter& json) {
    if (e.vlan_count > 0) {
        json.key("vlan").begin_array();
        for (std::size_t i = 0; i < std::min<std::size_t>(e.vlan_count, e.vlan.size()); ++i) {
            json.number(e.vlan[i]);
        }
        json.end_array();
    }
    if (e.ip_version != 4 && e.ip_version != 6) {
        return;  // an anomaly below IP has no addresses
    }
    json.field("src_ip", ip_text(e.src, e.ip_version));
    if (has_ports(e.ip_proto)) {
        json.field("src_port", e.src_port);
    }
    json.field("dest_ip", ip_text(e.dst, e.ip_version));
    if (has_ports(e.ip_proto)) {
        json.field("dest_port", e.dst_port);
    }
    json.field("proto", proto_text(e.ip_proto));
    if (e.ip_proto == packet::kProtoIcmp || e.ip_proto == packet::kProtoIcmp6) {
        json.field("icmp_type", e.icmp_type).field("icmp_code", e.icmp_code);
        const int reply = e.type == abi::EventType::kFlow && e.flow.answered
                              ? icmp_reply_type(e.ip_proto, e.icmp_type)
                              : -1;
        if (reply >= 0) {
            json.field("response_icmp_type", static_cast<std::uint64_t>(reply));
            json.field("response_icmp_code", std::uint64_t{0});
        }
    }
}

void write_metadata(const bundle::Rule& rule, JsonWriter& json) {
    if (rule.metadata.empty()) {
        return;
    }
    std::map<std::string_view, std::vector<std::string_view>> by_key;
    for (const auto& [key, value] : rule.metadata) {
        by_key[key].push_back(value);
    }
    json.key("metadata").begin_object();
    for (const auto& [key, values] : by_key) {
        json.key(key).begin_array();
        for (std::string_view value : values) {
            json.text(value);
        }
        json.end_array();
    }
    json.end_object();
}

void write_alert(const abi::EventRecord& e, const bundle::Rule* rule, JsonWriter& json) {
    json.key("alert").begin_object();
    json.field("action", blocked(e.verdict) ? "blocked" : "allowed");
    if (rule != nullptr) {
        json.field("gid", rule->gid).field("signature_id", rule->sid).field("rev", rule->rev);
        json.field("signature", rule->msg).field("category", rule->category);
        json.field("severity", rule->priority);
        write_metadata(*rule, json);
        if (!rule->cves.empty()) {
            json.key("cve").begin_array();
            for (const std::string& cve : rule->cves) {
                json.text(cve);
            }
            json.end_array();
        }
    }
    json.end_object();
}

void write_flow(const abi::EventRecord& e, JsonWriter& json) {
    if (e.flow_id == 0) {
        return;
    }
    const bool from_client = e.direction == Direction::kToServer;
    const std::size_t up = index_of(Direction::kToServer);
    const std::size_t down = index_of(Direction::kToClient);
    json.key("flow").begin_object();
    json.field("pkts_toserver", e.flow_packets[up]).field("pkts_toclient", e.flow_packets[down]);
    json.field("bytes_toserver", e.flow_bytes[up]).field("bytes_toclient", e.flow_bytes[down]);
    json.field("start", eve_timestamp(e.flow_start_ns));
    json.field("src_ip", ip_text(from_client ? e.src : e.dst, e.ip_version));
    json.field("dest_ip", ip_text(from_client ? e.dst : e.src, e.ip_version));
    if (has_ports(e.ip_proto)) {
        json.field("src_port", from_client ? e.src_port : e.dst_port);
        json.field("dest_port", from_client ? e.dst_port : e.src_port);
    }
    json.end_object();
}

void write_verdict(const abi::EventRecord& e, const bundle::Rule* rule, JsonWriter& json) {
    json.key("verdict").begin_object();
    json.field("action", verdict_text(e.verdict));
    if (e.verdict == abi::EventVerdict::kReject) {
        json.field("reject-target", reject_target(rule));
        json.key("reject").begin_array();
        json.text(e.ip_proto == packet::kProtoTcp ? "tcp-reset" : "icmp-prohib").end_array();
    }
    json.field("reason", reason_name(e.reason));
    json.end_object();
}

void write_head(const abi::EventRecord& e, const EveContext& context, JsonWriter& json) {
    json.field("timestamp", eve_timestamp(e.wall_ns));
    if (e.flow_id != 0) {
        json.field("flow_id", e.flow_id);
    }
    if (e.packet_number != 0) {
        json.field("pcap_cnt", e.packet_number);
    }
    if (e.in_port < context.interfaces.size()) {
        json.field("in_iface", context.interfaces[e.in_port]);
    }
    json.field("event_type", type_text(e.type));
    write_addresses(e, json);
    if (e.type != abi::EventType::kFlow) {
        // Without a packet the end of a flow brought it out.
        json.field("pkt_src", e.packet_number != 0 ? context.packet_source
                                                   : std::string_view("stream (flow timeout)"));
    }
    if (e.has_tx) {
        json.field("tx_id", e.tx_id);
    }
}

// Of a protocol, of a flow or of a tagged packet: nothing was judged.
void append_plain_line(const abi::EventRecord& e, const EveContext& context, std::string& out) {
    JsonWriter json(out);
    json.begin_object();
    write_head(e, context, json);
    if (e.type == abi::EventType::kTls) {
        write_tls(e.tls, json);
    } else if (e.type == abi::EventType::kHttp) {
        write_http(e.http, json);
    } else if (e.type == abi::EventType::kPacket) {
        write_packet(e, json);
    } else {
        if (e.app != AppProto::kUnknown) {
            json.field("app_proto", eve_app_proto(e.app));
        }
        write_flow_end(e, json);
    }
    json.end_object();
    out += '\n';
}

void append_dns_lines(const abi::EventRecord& e, const EveContext& context, std::string& out) {
    for_each_dns_event(e, [&](const DnsMember& member) {
        JsonWriter json(out);
        json.begin_object();
        write_head(e, context, json);
        member(json);
        json.end_object();
        out += '\n';
    });
}

}  // namespace

std::string eve_timestamp(std::int64_t unix_ns) {
    constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
    std::int64_t second = unix_ns / kNanosPerSecond;
    std::int64_t rest = unix_ns % kNanosPerSecond;
    if (rest < 0) {
        rest += kNanosPerSecond;
        --second;
    }
    const std::time_t when = static_cast<std::time_t>(second);
    std::tm utc{};
    if (gmtime_r(&when, &utc) == nullptr) {
        return "1970-01-01T00:00:00.000000+0000";
    }
    std::array<char, 32> day{};
    const std::size_t used = std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 16> micros{};
    std::snprintf(micros.data(), micros.size(), ".%06u+0000", static_cast<unsigned>(rest / 1000));
    return std::string(day.data(), used) + micros.data();
}

std::string_view eve_app_proto(AppProto proto) {
    // clang-format off
    static constexpr std::array<std::string_view, static_cast<std::size_t>(AppProto::kCount)> kNames = {
        "unknown", "failed", "http", "http2", "tls", "dns", "smtp", "ftp", "ssh", "smb", "dcerpc", "imap", "pop3",
        "rdp", "sip", "quic", "nfs", "tftp", "krb5", "dhcp", "snmp", "rfb", "mqtt", "modbus", "dnp3", "enip", "ntp",
        "ike", "telnet", "ftp-data", "pgsql", "bittorrent-dht"};
    // clang-format on
    const auto i = static_cast<std::size_t>(proto);
    return i < kNames.size() ? kNames[i] : kNames[0];
}

void append_eve_json(const abi::EventRecord& e, const EveContext& context, std::string& out) {
    if (e.type == abi::EventType::kDns) {
        append_dns_lines(e, context, out);
        return;
    }
    if (e.type == abi::EventType::kTls || e.type == abi::EventType::kHttp ||
        e.type == abi::EventType::kFlow || e.type == abi::EventType::kPacket) {
        append_plain_line(e, context, out);
        return;
    }
    const bundle::Rule* rule = nullptr;
    if (e.has_rule && context.model != nullptr && e.rule_index < context.model->rules.size()) {
        rule = &context.model->rules[e.rule_index];
    }
    JsonWriter json(out);
    json.begin_object();
    write_head(e, context, json);
    if (e.type == abi::EventType::kAlert || e.has_rule) {
        write_alert(e, rule, json);
    }
    if (e.type == abi::EventType::kDrop) {
        json.key("drop").begin_object();
        json.field("len", e.packet_len).field("reason", suricata_drop_reason(e.reason));
        json.end_object();
    } else if (e.type == abi::EventType::kAnomaly) {
        const std::string_view reason = reason_name(e.reason);
        json.key("anomaly").begin_object();
        const std::string_view type = anomaly_type(reason);
        json.field("type", type).field("event", reason);
        if (type == "applayer") {
            json.field("layer", "proto_parser");
        }
        json.end_object();
    }
    write_http(e.http, json);
    write_tls(e.tls, json);
    write_alert_dns(e, json);
    if (e.app != AppProto::kUnknown) {
        json.field("app_proto", eve_app_proto(e.app));
    }
    if (e.flow_id != 0) {
        json.field("direction", e.direction == Direction::kToServer ? "to_server" : "to_client");
    }
    write_flow(e, json);
    if (e.type != abi::EventType::kAnomaly) {
        write_verdict(e, rule, json);
    }
    json.end_object();
    out += '\n';
}

std::string to_eve_json(const abi::EventRecord& event, const bundle::Model* model) {
    std::string line;
    append_eve_json(event, EveContext{.model = model}, line);
    line.pop_back();
    return line;
}

}  // namespace sluice::exporter
