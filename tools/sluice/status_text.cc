// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/status_text.h"

#include "dataplane/packet/reason.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json member(const json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() ? *found : json();
}

void row(std::string& out, std::string_view name, std::string_view value,
         std::string_view note = {}) {
    constexpr std::size_t kColumn = 28;
    constexpr std::size_t kNumber = 16;
    out += "  ";
    out += name;
    out.append(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
    if (!note.empty()) {
        out.append(value.size() < kNumber ? kNumber - value.size() : 0, ' ');
    }
    out += value;
    if (!note.empty()) {
        out += "  ";
        out += note;
    }
    out += '\n';
}

std::string utc_time(std::int64_t unix_seconds) {
    const std::time_t when = unix_seconds;
    std::tm utc{};
    std::array<char, 32> text{};
    if (gmtime_r(&when, &utc) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc) == 0) {
        return "?";
    }
    return text.data();
}

std::string describe_bundle(const json& bundle) {
    if (text_of(member(bundle, "path")).empty()) {
        return "none: everything is forwarded";
    }
    return text_of(member(bundle, "path")) + ", version " + text_of(member(bundle, "version")) +
           ", " + text_of(member(bundle, "rules")) + " rules";
}

// "pass; dmz: drop; 3 packets dropped, 7 passed, 900 bytes not inspected"
std::string describe_exception(const json& exception) {
    std::string out = text_of(member(exception, "policy"));
    const json segments = member(exception, "segments");
    for (const auto& [segment, policy] : segments.items()) {
        out += "; " + segment + ": " + text_of(policy);
    }
    const auto count = [&](const char* name) {
        const json value = member(exception, name);
        return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0U;
    };
    const std::uint64_t dropped = count("dropped_packets");
    const std::uint64_t passed = count("passed_packets");
    const std::uint64_t flows = count("bypassed_flows");
    if (dropped + passed + flows == 0) {
        return out + "; never applied";
    }
    out += "; " + std::to_string(dropped) + " packets dropped, " + std::to_string(passed) +
           " passed, " + std::to_string(count("uninspected_bytes")) + " bytes not inspected";
    return flows == 0 ? out : out + ", " + std::to_string(flows) + " flows bypassed";
}

std::string_view reason_text(const std::string& name) {
    const auto found = std::find_if(packet::kReasons.begin(), packet::kReasons.end(),
                                    [&](const packet::ReasonInfo& r) { return r.name == name; });
    return found == packet::kReasons.end() ? std::string_view() : found->text;
}

void numbers(std::string& out, const json& object) {
    for (const auto& [name, value] : object.items()) {
        if (value.is_number()) {
            row(out, name, text_of(value));
        }
    }
}

}  // namespace

std::string format_status(const std::string& text) {
    const json status = json::parse(text, nullptr, false);
    if (!status.is_object()) {
        return text + '\n';
    }
    std::string out = "sluice-dataplane " + text_of(member(status, "version")) + ", pid " +
                      text_of(member(status, "pid")) + ", up " +
                      text_of(member(status, "uptime_s")) + " s\n";
    row(out, "mode", text_of(member(status, "mode")));
    row(out, "when there is no room", text_of(member(status, "exception_policy")));
    row(out, "workers",
        text_of(member(status, "workers")) + " (" + text_of(member(status, "steering")) + ")");
    const json bundle = member(status, "bundle");
    row(out, "bundle", describe_bundle(bundle));
    if (const json expires = member(bundle, "expires_at");
        expires.is_number_integer() && expires != 0) {
        row(out, "bundle expires", utc_time(expires.get<std::int64_t>()));
    }
    for (const json& segment : member(status, "segments")) {
        std::string ports;
        for (const json& port : member(segment, "ports")) {
            ports += (ports.empty() ? "" : " <-> ") + text_of(member(port, "name")) + " (" +
                     text_of(member(port, "driver")) + ")";
        }
        row(out, "segment " + text_of(member(segment, "name")), ports);
    }
    row(out, "events", text_of(member(status, "events")));
    const json missed = member(status, "uninspected");
    row(out, "not inspected",
        text_of(member(missed, "packets")) + " packets of " +
            text_of(member(missed, "of_packets")) + ", " + text_of(member(missed, "bytes")) +
            " bytes");
    row(out, "  by a pass rule",
        text_of(member(missed, "trusted_packets")) + " packets, " +
            text_of(member(missed, "trusted_bytes")) + " bytes");
    row(out, "  not IP, or malformed",
        text_of(member(missed, "not_ip_packets")) + " packets, " +
            text_of(member(missed, "not_ip_bytes")) + " bytes");
    row(out, "  encrypted",
        text_of(member(status, "encrypted_bytes")) + " bytes, apart from these");
    for (const json& exception : member(status, "exceptions")) {
        row(out, "  " + text_of(member(exception, "cause")), describe_exception(exception));
    }
    return out;
}

std::string format_stats(const std::string& text) {
    const json stats = json::parse(text, nullptr, false);
    if (!stats.is_object()) {
        return text + '\n';
    }
    std::string out = "totals\n";
    numbers(out, member(stats, "total"));
    out += "reasons\n";
    const json reasons = member(stats, "reasons");
    for (const auto& [name, value] : reasons.items()) {
        row(out, name, text_of(value), reason_text(name));
    }
    out += "events\n";
    numbers(out, member(stats, "events"));
    for (const json& port : member(stats, "ports")) {
        out += "port " + text_of(member(port, "name")) + " (" + text_of(member(port, "driver")) +
               ")\n";
        numbers(out, port);
    }
    return out;
}

}  // namespace sluice::cli
