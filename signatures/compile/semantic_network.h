// SPDX-License-Identifier: Apache-2.0
// Address and port expressions of a rule header -> bundle form. Addresses keep their variables,
// ports lose them. Depth of lists and of variables within variables is limited. Pure but for a
// cache of port variables. One thread per object.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/ast.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::compile {

// What is wrong with an expression, and where; empty reason: nothing.
struct NetworkFault {
    std::string reason;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

class NetworkReader {
  public:
    explicit NetworkReader(const CompileOptions& options) : options_(options) {}

    bundle::AddressExpr addresses(const lang::Expr& e, NetworkFault& fault) const;
    bundle::PortSet ports(const lang::Expr& e, NetworkFault& fault);

  private:
    bool address(const lang::Expr& e, int depth, bundle::AddressExpr& out,
                 NetworkFault& fault) const;
    // Without the negation of 'e' itself.
    bool port(const lang::Expr& e, int depth, bundle::PortSet& out, NetworkFault& fault);
    bool port_list(const lang::Expr& e, int depth, bundle::PortSet& out, NetworkFault& fault);
    bool port_variable(const lang::Expr& e, int depth, bundle::PortSet& out, NetworkFault& fault);

    const CompileOptions& options_;
    std::map<std::string, bundle::PortSet> port_cache_;
};

}  // namespace sluice::compile
