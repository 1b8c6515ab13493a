// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/known_gaps.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sluice::evasion {

std::set<std::string> known_gaps(const std::string& path, const std::string& form) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("cannot read " + path);
    }
    std::set<std::string> out;
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string name;
        std::string which;
        if (words >> name >> which && name[0] != '#' && which == form) {
            out.insert(name);
        }
    }
    return out;
}

}  // namespace sluice::evasion
