// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/validate.h"

#include "signatures/bundle/known.h"

#include <array>
#include <string>
#include <string_view>

namespace sluice::bundle {

namespace {

constexpr std::array<std::string_view, 6> kStatuses = {
    "covered", "partial", "updated-existing", "not-network-detectable", "insufficient-information",
    "pending"};

Error invalid(std::string message) {
    return Error{.code = ErrorCode::kInvalid, .message = std::move(message)};
}

bool is_name(std::string_view s) {
    if (s.empty() || s.size() > 255) {
        return false;
    }
    for (char c : s) {
        const bool good =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!good) {
            return false;
        }
    }
    return true;
}

const char* node_fault(const AddressNode& node) {
    if (!known(node.kind)) {
        return "unknown kind";
    }
    const bool variable = node.kind == AddressNode::Kind::kVariable;
    if (variable ? !is_name(node.variable) : !node.variable.empty()) {
        return "bad variable name";
    }
    if (node.kind != AddressNode::Kind::kList && node.count != 0) {
        return "a count on a node that is no list";
    }
    if (node.hi < node.lo) {
        return "range ends before it begins";
    }
    return nullptr;
}

// One root whose lists hold exactly the nodes that they say, at most kMaxListDepth deep. 'ends' is
// the stack of where the open lists end; a depth limit instead of recursion.
const char* expr_fault(const AddressExpr& expr) {
    std::array<std::size_t, kMaxListDepth> ends{};
    std::size_t depth = 0;
    for (std::size_t i = 0; i < expr.size(); ++i) {
        while (depth > 0 && ends[depth - 1] == i) {
            --depth;
        }
        if (i > 0 && depth == 0) {
            return "more than one root";
        }
        const AddressNode& node = expr[i];
        if (const char* fault = node_fault(node); fault != nullptr) {
            return fault;
        }
        if (node.kind != AddressNode::Kind::kList) {
            continue;
        }
        const std::size_t end = depth > 0 ? ends[depth - 1] : expr.size();
        if (node.count == 0 || node.count > end - i - 1) {
            return "list count is outside its parent";
        }
        if (depth == kMaxListDepth) {
            return "lists nested too deep";
        }
        ends[depth++] = i + 1 + node.count;
    }
    if (expr.empty()) {
        return "no node";
    }
    const bool list = expr.front().kind == AddressNode::Kind::kList;
    return expr.size() == (list ? expr.front().count + std::size_t{1} : 1) ? nullptr
                                                                           : "more than one root";
}

bool sorted_disjoint(const PortSet& set) {
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (set[i].lo > set[i].hi || (i > 0 && set[i].lo <= set[i - 1].hi)) {
            return false;
        }
    }
    return true;
}

bool known_status(std::string_view status) {
    for (std::string_view s : kStatuses) {
        if (s == status) {
            return true;
        }
    }
    return false;
}

}  // namespace

Status validate_manifest(const Manifest& m) {
    if (m.version == 0) {
        return invalid("manifest: version is 0; versions begin at 1");
    }
    if (m.previous_version >= m.version) {
        return invalid("manifest: previous version " + std::to_string(m.previous_version) +
                       " is not before version " + std::to_string(m.version));
    }
    if (m.created_at < 0 || m.expires_at < 0 ||
        (m.expires_at != 0 && m.expires_at <= m.created_at)) {
        return invalid("manifest: it expires before it was made");
    }
    if (m.name.size() > 255 || m.hs_version.size() > 255) {
        return invalid("manifest: a text is longer than 255 bytes");
    }
    return ok_status();
}

Status validate_tables(const Model& model) {
    for (std::size_t i = 0; i < model.addresses.size(); ++i) {
        if (const char* fault = expr_fault(model.addresses[i]); fault != nullptr) {
            return invalid("address expression " + std::to_string(i) + ": " + fault);
        }
    }
    for (std::size_t i = 0; i < model.ports.size(); ++i) {
        if (!sorted_disjoint(model.ports[i])) {
            return invalid("port set " + std::to_string(i) + ": not sorted and disjoint");
        }
    }
    for (std::size_t i = 0; i < model.pcres.size(); ++i) {
        const Pcre& p = model.pcres[i];
        if (p.pattern.empty() || p.pattern.size() > kMaxTextBytes ||
            (p.flags & ~kKnownPcreFlags) != 0) {
            return invalid("pcre " + std::to_string(i) + ": empty, too long or with unknown flags");
        }
    }
    for (std::size_t i = 0; i < model.bit_names.size(); ++i) {
        if (model.bit_names[i].empty() || model.bit_names[i].size() > kMaxTextBytes) {
            return invalid("bit name " + std::to_string(i) + ": empty or too long");
        }
    }
    for (std::size_t i = 0; i < model.coverage.size(); ++i) {
        const CveCoverage& c = model.coverage[i];
        if (c.cve.empty() || c.cve.size() > 255 || !known_status(c.status)) {
            return invalid("coverage " + std::to_string(i) + ": no CVE or unknown status");
        }
    }
    return ok_status();
}

Status validate(const Model& model) {
    if (Status s = validate_manifest(model.manifest); !s.ok()) {
        return s;
    }
    if (Status s = validate_tables(model); !s.ok()) {
        return s;
    }
    if (Status s = validate_rules(model); !s.ok()) {
        return s;
    }
    return validate_lookup(model);
}

}  // namespace sluice::bundle
