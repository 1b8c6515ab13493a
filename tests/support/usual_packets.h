// SPDX-License-Identifier: Apache-2.0
// The IP headers that most tests of packets begin with; what comes behind is added to them.
#pragma once

#include "tests/support/packet_builder.h"

namespace sluice::test {

inline PacketBuilder v4() {
    PacketBuilder b;
    b.ipv4("10.1.2.3", "172.16.0.9");
    return b;
}

inline PacketBuilder v6() {
    PacketBuilder b;
    b.ipv6("2001:db8::1", "2001:db8::2");
    return b;
}

}  // namespace sluice::test
