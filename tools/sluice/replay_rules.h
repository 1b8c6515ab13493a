// SPDX-License-Identifier: Apache-2.0
// Rules for replay: from text (compiled here, then signed and read back, so that replay judges by
// what an appliance would load) or from a bundle. One thread.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/model.h"
#include "signatures/lang/ast.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::cli {

struct ReplayRules {
    std::shared_ptr<const bundle::Model> model;
    std::vector<lang::Problem> problems;  // rules that were left out, each with its reason
    std::size_t rules = 0;
    std::size_t compiled = 0;
};

using Variables = std::map<std::string, std::string>;

// 'thresholds' names a threshold.config; "": none.
Result<ReplayRules> load_rule_files(const std::vector<std::string>& paths,
                                    const std::string& thresholds, const Variables& address_vars,
                                    const Variables& port_vars);

// 'trusted' names a public key file.
Result<ReplayRules> load_bundle(const std::string& path, const std::string& trusted);

}  // namespace sluice::cli
