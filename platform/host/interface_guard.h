// SPDX-License-Identifier: Apache-2.0
// InterfaceGuard: remembers how kernel interfaces were (promiscuous flag, XDP program) and puts
// them back. A port driver needs CAP_SYS_ADMIN to detach its own XDP program; this needs
// CAP_NET_ADMIN only, so it works after privileges are dropped. Restores at destruction; only what
// was not there before is taken away. Main thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::platform {

struct InterfaceState {
    int index = 0;
    bool promiscuous = false;
    bool up = false;
    std::uint32_t xdp_program = 0;  // kernel id; 0: none
};

// By RTM_GETLINK. kNotFound: no such interface in this network namespace.
Result<InterfaceState> read_interface(const std::string& name);

class InterfaceGuard {
  public:
    InterfaceGuard() = default;
    InterfaceGuard(const InterfaceGuard&) = delete;
    InterfaceGuard& operator=(const InterfaceGuard&) = delete;

    ~InterfaceGuard() { (void)restore(); }

    // Call before the interface is opened. Also refuses one that is down: nothing would ever
    // arrive.
    Status remember(const std::string& name);

    // The first thing that could not be put back; the rest is tried all the same.
    Status restore();

  private:
    struct Entry {
        std::string name;
        InterfaceState state;
    };

    std::vector<Entry> entries_;
};

}  // namespace sluice::platform
