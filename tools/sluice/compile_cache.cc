// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/compile_cache.h"

#include <cstdlib>

namespace sluice::cli {

std::string default_cache_folder() {
    // A relative path is to be ignored (XDG Base Directory Specification).
    if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && xdg[0] == '/') {
        return std::string(xdg) + "/sluice";
    }
    const char* home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/sluice" : std::string();
}

}  // namespace sluice::cli
