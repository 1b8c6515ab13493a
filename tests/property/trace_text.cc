// SPDX-License-Identifier: Apache-2.0
// A trace as text, for the reader of a failure. Reads with the product's decoder: nothing is judged
// by it.
#include "tests/property/simulation.h"

#include <cstdio>

namespace sluice::test {

namespace {

std::string flags_of(std::uint8_t flags) {
    constexpr std::string_view kNames = "FSRPAU";
    std::string out;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if ((unsigned{flags} >> i & 1U) != 0) {
            out += kNames[i];
        }
    }
    return out;
}

std::string describe(const packet::Packet& p) {
    char text[160];
    if (p.is_fragment) {
        std::snprintf(text, sizeof text, " fragment id %u bytes %u-%u%s", p.frag_id, p.frag_off,
                      p.frag_off + p.payload_len, p.more_fragments ? "" : " (last)");
    } else if (p.ip_proto == packet::kProtoTcp && p.l4_ok) {
        std::snprintf(text, sizeof text, " %s seq %u+%u ack %u win %u%s%s",
                      flags_of(p.tcp.flags).c_str(), p.tcp.seq.raw(), p.payload_len,
                      p.tcp.ack.raw(), p.tcp.window, p.tcp.has_timestamp ? " ts " : "",
                      p.tcp.has_timestamp ? std::to_string(p.tcp.ts_value).c_str() : "");
    } else {
        std::snprintf(text, sizeof text, " proto %u, %u bytes", p.ip_proto, p.payload_len);
    }
    return "IPv" + std::to_string(p.ip_version) + text;
}

}  // namespace

std::string to_string(const std::vector<Passing>& trace, const Ends& ends) {
    std::string out = "client port " + std::to_string(ends.client_port) +
                      ", around: " + std::to_string(static_cast<int>(ends.around)) + "\n";
    const decode::DecodeStage stage(decode::DecodeConfig{});
    packet::ReasonCounters ignored{};
    for (const Passing& passing : trace) {
        Frame frame = passing.frame;
        packet::Packet p;
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        stage.decode_one(p, ignored);
        char text[64];
        std::snprintf(text, sizeof text, "%c%10.3f ms %s ", passing.first_of_batch ? ' ' : '+',
                      static_cast<double>(passing.at) / 1e6, passing.from_client ? "->" : "<-");
        out += text + describe(p);
        for (packet::Packet outer = p; outer.tunnel != packet::Tunnel::kNone;) {
            packet::Packet inner;
            if (!stage.enter(outer, inner, ignored)) {
                break;
            }
            out += " / " + describe(inner);
            outer = inner;
        }
        if (passing.dropped) {
            out += std::string("  DROPPED ") + std::string(packet::info(passing.reason).name);
        }
        out += '\n';
    }
    return out;
}

}  // namespace sluice::test
