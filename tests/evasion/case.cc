// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/case.h"

namespace sluice::evasion {

namespace {

Text text_of(std::string_view middle) {
    Text t;
    t.payload = "begin=" + std::string(middle) + "&end=1234567890a";
    t.decoy = std::string(t.payload.size(), 'd');
    return t;
}

}  // namespace

Text attack_text() {
    return text_of(kMarker);
}

Text benign_text() {
    return text_of("sluice-harmless-words-7c41");
}

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const std::vector<Case>& group : {ip_cases(), ip6_cases(), tunnel_cases(), segment_cases(),
                                           header_cases(), connection_cases(), resource_cases()}) {
        out.insert(out.end(), group.begin(), group.end());
    }
    return out;
}

}  // namespace sluice::evasion
