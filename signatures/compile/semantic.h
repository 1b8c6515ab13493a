// SPDX-License-Identifier: Apache-2.0
// What rules mean: lang::RuleAst -> bundle::Rule, with the semantics of Suricata 7. A rule is
// compiled, or there is one Problem for it: invalid (Suricata refuses it too) or unsupported
// (well-formed, not done by this version). semantic_items.md says what the fields of each Item
// hold. One thread per object; the model belongs to the caller and outlives it.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/lang/ast.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::compile {

struct ClassInfo {
    std::string text;
    std::uint32_t priority = 3;
};

struct CompileOptions {
    // Without '$'. Addresses stay symbolic in the model: here only the names count. Ports are
    // resolved.
    std::map<std::string, std::string> address_vars;
    std::map<std::string, std::string> port_vars;
    std::map<std::string, ClassInfo> classifications;  // by short name
};

// The groups of Suricata's stock suricata.yaml and its classification.config.
CompileOptions default_compile_options();

class Semantic {
  public:
    Semantic(const CompileOptions& options, bundle::Model& model);
    ~Semantic();

    Semantic(const Semantic&) = delete;
    Semantic& operator=(const Semantic&) = delete;

    // One rule; two with the same sid when its buffers exist in both directions and nothing says
    // which is meant; none, and one Problem added, when it does not compile. Puts what rules refer
    // to (addresses, ports, contents, pcres, bit names) into the model, each once, and only for
    // rules that compile. Does not add to model.rules.
    std::vector<bundle::Rule> compile(const lang::RuleAst& ast,
                                      std::vector<lang::Problem>& problems);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sluice::compile
