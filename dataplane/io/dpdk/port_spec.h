// SPDX-License-Identifier: Apache-2.0
// PortSpec: what a port of the appliance is, in our words; the io/dpdk folder turns it into a DPDK
// device. Plain values.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::io {

enum class PortDriver : std::uint8_t {
    kAfXdp,     // kernel interface; falls back to kAfPacket where AF_XDP cannot be used
    kAfPacket,  // kernel interface
    kPci,       // NIC with a DPDK driver
    kPcap,      // target: file to read; output: file to write, may be empty
    kNull,      // endless frames, for measuring
    kRing,      // what is sent comes back, for tests
};

struct PortSpec {
    PortDriver driver = PortDriver::kNull;
    std::string target;
    std::string output;
    std::string name;  // in messages and events
};

}  // namespace sluice::io
