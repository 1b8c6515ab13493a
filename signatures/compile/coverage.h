// SPDX-License-Identifier: Apache-2.0
// The table of CVEs that a bundle speaks about: from the rules' own references and from guidance.
// Values only; any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <string>
#include <vector>

namespace sluice::compile {

struct GuidanceStatus {
    std::string cve;
    std::string status;  // as in bundle::CveCoverage
    bool required = false;
    std::string file;
};

// Fills model.coverage from its rules and from what guidance says; marks rules of required CVEs as
// required. Returns the statements about required CVEs that no rule covers.
std::vector<GuidanceStatus> fill_coverage(bundle::Model& model,
                                          const std::vector<GuidanceStatus>& guidance);

}  // namespace sluice::compile
