// SPDX-License-Identifier: Apache-2.0
// known(E): whether a value read from a file is one of the enumerators of E. Written as switches
// without default, so that a new enumerator is a compile error here until the format knows it. Any
// thread.
#pragma once

#include "dataplane/base/proto.h"
#include "signatures/bundle/model.h"

namespace sluice::bundle {

bool known(Action v);
bool known(RejectTo v);
bool known(HeaderProto v);
bool known(CompareOp v);
bool known(FlowbitOp v);
bool known(Transform v);
bool known(TrackBy v);
bool known(ThresholdKind v);
bool known(PayloadKind v);
bool known(AddressNode::Kind v);
bool known(Direction v);
bool known(FilterKind v);
bool known(TagScope v);
bool known(TagMetric v);
bool known(BitOwner v);
bool known(FlowintOp v);
bool known(MathOp v);
bool known(ChecksumOf v);

inline bool known(AppProto v) {
    return v < AppProto::kCount;
}

inline bool known(BufferId v) {
    return v < BufferId::kCount;
}

// Where an item of this kind looks; kNowhere: not a kind.
enum class ItemPlace : std::uint8_t { kNowhere, kHeader, kBytes };

ItemPlace place_of(ItemKind v);

inline constexpr std::uint32_t kKnownFlowFlags =
    kFlowToServer | kFlowToClient | kFlowEstablished | kFlowNotEstablished | kFlowStateless |
    kFlowOnlyStream | kFlowNoStream | kRulePacket | kRuleStream | kRuleNoAlert | kRuleTold |
    kRuleBidirectional | kRuleIpv4Only | kRuleIpv6Only | kRuleIcmp6Only | kRuleIcmp4Only;

inline constexpr std::uint32_t kKnownItemFlags =
    (kPrefilterUsed << 1U) - 1U;  // bits 0 to 23, all in use

inline constexpr std::uint32_t kKnownPcreFlags = (kPcreUngreedy << 1U) - 1U;  // bits 0 to 6

}  // namespace sluice::bundle
