// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/rule_steps.h"

#include <algorithm>

namespace sluice::detect {
namespace {

using bundle::Item;
using bundle::ItemKind;

constexpr std::uint32_t kVarFlags = bundle::kOffsetVar | bundle::kDepthVar | bundle::kDistanceVar |
                                    bundle::kWithinVar | bundle::kValueVar | bundle::kNbytesVar;

bool is_content(const Item& i) {
    return i.kind == ItemKind::kContent;
}

bool is_negated(const Item& i) {
    return (i.flags & bundle::kNegated) != 0;
}

// Starts from the end of the last match.
bool is_relative(const Item& i) {
    if (is_content(i)) {
        return (i.flags & (bundle::kHasDistance | bundle::kHasWithin)) != 0;
    }
    return (i.flags & bundle::kRelative) != 0;
}

// Relative, and worth another occurrence of what is before it; Suricata takes base64_decode and
// asn1 at the first one or not at all.
bool asks_again(const Item& i) {
    return is_relative(i) && i.kind != ItemKind::kBase64Decode && i.kind != ItemKind::kAsn1;
}

bool uses_vars(const Item& i) {
    return (i.flags & kVarFlags) != 0;
}

// Moves the position that relative items start from.
bool moves(const Item& i) {
    switch (i.kind) {
        case ItemKind::kContent:
        case ItemKind::kPcre:
            return !is_negated(i);
        case ItemKind::kByteJump:
        case ItemKind::kByteExtract:
        case ItemKind::kByteMath:
            return true;
        case ItemKind::kIsDataAt:
        case ItemKind::kByteTest:
        case ItemKind::kBsize:
        case ItemKind::kUrilen:
        case ItemKind::kDsize:
        case ItemKind::kTtl:
        case ItemKind::kTcpFlags:
        case ItemKind::kItype:
        case ItemKind::kIcode:
        case ItemKind::kIpProto:
        case ItemKind::kSameIp:
        case ItemKind::kIpId:
        case ItemKind::kTcpAck:
        case ItemKind::kTcpSeq:
        case ItemKind::kTcpWindow:
        case ItemKind::kIcmpId:
        case ItemKind::kIcmpSeq:
        case ItemKind::kStreamSize:
        case ItemKind::kFlowbits:
        case ItemKind::kAppProto:
        case ItemKind::kFragBits:
        case ItemKind::kFragOffset:
        case ItemKind::kTos:
        case ItemKind::kTcpMss:
        case ItemKind::kXbits:
        case ItemKind::kBase64Decode:
        case ItemKind::kAsn1:
        case ItemKind::kFlowint:
        case ItemKind::kIpOpts:
        case ItemKind::kIcmp6Mtu:
        case ItemKind::kFlowAge:
        case ItemKind::kChecksum:
        case ItemKind::kEvent:
            return false;
    }
    return false;
}

bool sets_var(const Item& i) {
    return i.kind == ItemKind::kByteExtract || i.kind == ItemKind::kByteMath;
}

// Has more than one place to match at.
bool searches(const Item& i) {
    return (is_content(i) || i.kind == ItemKind::kPcre) && !is_negated(i);
}

std::uint32_t used_vars(const Item& i) {
    std::uint32_t mask = 0;
    const auto use = [&mask](bool yes, std::int64_t slot) {
        mask |= yes && slot >= 0 && slot < 32 ? 1U << slot : 0;
    };
    use((i.flags & bundle::kOffsetVar) != 0, i.offset);
    use((i.flags & bundle::kDepthVar) != 0, i.depth);
    use((i.flags & bundle::kDistanceVar) != 0, i.distance);
    use((i.flags & bundle::kWithinVar) != 0, i.within);
    use((i.flags & bundle::kValueVar) != 0, i.var);
    use((i.flags & bundle::kNbytesVar) != 0, i.nbytes);
    return mask;
}

bool forward_only(const Item& i) {
    return is_content(i) && !is_negated(i) && is_relative(i) && !uses_vars(i) && i.distance >= 0;
}

void mark_dependencies_of_run(std::span<Step> steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Item& item = steps[i].item;
        std::uint32_t traits = 0;
        if (!is_relative(item) && !uses_vars(item)) {
            traits |= kStepFatal;
            // A variable may still carry an earlier position past this step.
            bool vars_later = false;
            for (std::size_t j = i + 1; j < steps.size(); ++j) {
                vars_later = vars_later || uses_vars(steps[j].item);
            }
            traits |= flag_if(moves(item) && !vars_later, kStepCommit);
        }
        for (std::size_t j = i + 1; searches(item) && j < steps.size(); ++j) {
            if (asks_again(steps[j].item) || uses_vars(steps[j].item)) {
                traits |= kStepRetry;
                break;
            }
            if (moves(steps[j].item) && !sets_var(steps[j].item)) {
                break;
            }
        }
        steps[i].traits = traits;
    }
}

}  // namespace

void mark_dependencies(std::span<Step> steps) {
    // What stands behind a base64_decode is a run of its own over other bytes.
    const auto decode = std::find_if(steps.begin(), steps.end(), [](const Step& s) {
        return s.item.kind == ItemKind::kBase64Decode;
    });
    if (decode != steps.end()) {
        const auto first = static_cast<std::size_t>(decode - steps.begin()) + 1;
        mark_dependencies_of_run(steps.first(first));
        mark_dependencies_of_run(steps.subspan(first));
    } else {
        mark_dependencies_of_run(steps);
    }
}

void mark_covered(std::span<Step> steps, std::size_t prefilter) {
    if (prefilter >= steps.size()) {
        return;
    }
    steps[prefilter].traits |= kStepCovered;
    for (std::size_t i = prefilter; i > 0 && forward_only(steps[i].item); --i) {
        if (!is_content(steps[i - 1].item) || is_negated(steps[i - 1].item)) {
            return;
        }
        steps[i - 1].traits |= kStepCovered;
    }
}

bool is_ordered_chain(std::span<const Step> steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Item& item = steps[i].item;
        if (!is_content(item) || is_negated(item) || uses_vars(item) ||
            (item.flags & bundle::kEndsWith) != 0 || (i > 0 && !forward_only(item))) {
            return false;
        }
    }
    return !steps.empty();
}

bool vars_cross_engines(const bundle::Rule& rule) {
    for (const bundle::Engine& e : rule.engines) {
        std::uint32_t set = 0;
        std::uint32_t used = 0;
        for (const Item& i : e.items) {
            set |= sets_var(i) && i.var < 32 ? 1U << i.var : 0;
            used |= used_vars(i);
        }
        if ((used & ~set) != 0) {
            return true;
        }
    }
    return false;
}

}  // namespace sluice::detect
