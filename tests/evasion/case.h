// SPDX-License-Identifier: Apache-2.0
// Case: one line of the evasion checklist (fragrouter's and Ptacek and Newsham's tricks, and ours)
// as packets. A case plays through a Player, so that the same packets go through the core in memory
// (memory_player.h) and through a network to a real receiver (evasion_peer.cc). Played twice: as an
// attack, whose payload has the marker that a drop rule names, and as its benign twin, the same
// tricks with other text of the same length. Test support; allocates. One thread.
#pragma once

#include "tests/evasion/player.h"

#include <string>
#include <vector>

namespace sluice::evasion {

inline constexpr std::string_view kMarker = "SLUICE-EVASION-MARKER-7c41";

// What a case sends: 'payload' is what it smuggles, 'decoy' what it shows to the box instead. Both
// 48 bytes: six units of fragmentation.
struct Text {
    std::string payload;
    std::string decoy;
};

Text attack_text();
Text benign_text();

enum class Expect : std::uint8_t {
    kNotReceived,  // the receiver must not get the complete payload
    kEvent,        // policy lets it through; the counter 'proof' must say so
};

// What the receiver ends up with when the twin is played.
using Outcome = std::string (*)(const Text&);

inline std::string payload_arrives(const Text& t) {
    return t.payload;
}

inline std::string decoy_arrives(const Text& t) {
    return t.decoy;
}

// Refused for its form whatever it carries, or unfinished by intention: the twin need not arrive.
inline constexpr Outcome kNeedNotArrive = nullptr;

// Who receives when the case is played over a network.
enum class Real : std::uint8_t {
    kLinux,   // a server's stack
    kTunnel,  // the same behind a tunnel's end: the kernel's where it has that device, else ours
    kActed,   // the case plays the server as well; what reaches its wire counts
    kAround,  // Linux, whose answers take another way than through the box
    kSmall,   // Linux; the box's limits are small
};

struct Case {
    const char* name;
    const char* line;  // of the checklist
    void (*play)(Player&, const Text&);
    // Counted at least once when the case is played; none: that the rule drops is the proof.
    packet::Reason proof = packet::Reason::none;
    Outcome twin = payload_arrives;
    int ip = 4;
    Expect expect = Expect::kNotReceived;
    Real real = Real::kLinux;
};

std::vector<Case> ip_cases();
std::vector<Case> ip6_cases();
std::vector<Case> tunnel_cases();
std::vector<Case> segment_cases();     // TCP: how a stream is cut and what overlaps
std::vector<Case> header_cases();      // TCP: fields, options, flags
std::vector<Case> connection_cases();  // TCP: how connections open and close
std::vector<Case> resource_cases();    // attacks on us
std::vector<Case> all_cases();

}  // namespace sluice::evasion
