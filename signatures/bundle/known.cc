// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/known.h"

namespace sluice::bundle {

bool known(Action v) {
    switch (v) {
        case Action::kPass:
        case Action::kDrop:
        case Action::kReject:
        case Action::kAlert:
            return true;
    }
    return false;
}

bool known(RejectTo v) {
    switch (v) {
        case RejectTo::kSource:
        case RejectTo::kDestination:
        case RejectTo::kBoth:
            return true;
    }
    return false;
}

bool known(HeaderProto v) {
    switch (v) {
        case HeaderProto::kIp:
        case HeaderProto::kTcp:
        case HeaderProto::kUdp:
        case HeaderProto::kIcmp:
        case HeaderProto::kSctp:
            return true;
    }
    return false;
}

bool known(CompareOp v) {
    switch (v) {
        case CompareOp::kEq:
        case CompareOp::kNe:
        case CompareOp::kLt:
        case CompareOp::kGt:
        case CompareOp::kLe:
        case CompareOp::kGe:
        case CompareOp::kAnd:
        case CompareOp::kOr:
        case CompareOp::kNand:
        case CompareOp::kNor:
        case CompareOp::kRange:
        case CompareOp::kRangeInclusive:
            return true;
    }
    return false;
}

bool known(FlowbitOp v) {
    switch (v) {
        case FlowbitOp::kSet:
        case FlowbitOp::kUnset:
        case FlowbitOp::kIsSet:
        case FlowbitOp::kIsNotSet:
        case FlowbitOp::kToggle:
            return true;
    }
    return false;
}

bool known(Transform v) {
    switch (v) {
        case Transform::kDotPrefix:
        case Transform::kStripWhitespace:
        case Transform::kCompressWhitespace:
        case Transform::kToLowercase:
        case Transform::kToUppercase:
        case Transform::kUrlDecode:
        case Transform::kToMd5:
        case Transform::kToSha1:
        case Transform::kToSha256:
        case Transform::kStripPseudoHeaders:
        case Transform::kHeaderLowercase:
        case Transform::kPcreXform:
        case Transform::kXor:
            return true;
    }
    return false;
}

bool known(TrackBy v) {
    switch (v) {
        case TrackBy::kRule:
        case TrackBy::kSource:
        case TrackBy::kDestination:
        case TrackBy::kBoth:
        case TrackBy::kFlow:
            return true;
    }
    return false;
}

bool known(ThresholdKind v) {
    switch (v) {
        case ThresholdKind::kNone:
        case ThresholdKind::kThreshold:
        case ThresholdKind::kLimit:
        case ThresholdKind::kBoth:
        case ThresholdKind::kDetectionFilter:
            return true;
    }
    return false;
}

bool known(PayloadKind v) {
    switch (v) {
        case PayloadKind::kPacket:
        case PayloadKind::kStream:
        case PayloadKind::kSegment:
            return true;
    }
    return false;
}

bool known(AddressNode::Kind v) {
    switch (v) {
        case AddressNode::Kind::kAny:
        case AddressNode::Kind::kRange:
        case AddressNode::Kind::kVariable:
        case AddressNode::Kind::kList:
            return true;
    }
    return false;
}

bool known(Direction v) {
    switch (v) {
        case Direction::kToServer:
        case Direction::kToClient:
            return true;
    }
    return false;
}

bool known(FilterKind v) {
    switch (v) {
        case FilterKind::kThreshold:
        case FilterKind::kSuppress:
        case FilterKind::kRate:
            return true;
    }
    return false;
}

bool known(TagScope v) {
    switch (v) {
        case TagScope::kSession:
        case TagScope::kSource:
        case TagScope::kDestination:
            return true;
    }
    return false;
}

bool known(TagMetric v) {
    switch (v) {
        case TagMetric::kPackets:
        case TagMetric::kBytes:
        case TagMetric::kSeconds:
            return true;
    }
    return false;
}

bool known(BitOwner v) {
    switch (v) {
        case BitOwner::kSource:
        case BitOwner::kDestination:
        case BitOwner::kPair:
            return true;
    }
    return false;
}

bool known(FlowintOp v) {
    switch (v) {
        case FlowintOp::kTest:
        case FlowintOp::kIsSet:
        case FlowintOp::kIsNotSet:
        case FlowintOp::kSet:
        case FlowintOp::kAdd:
        case FlowintOp::kSubtract:
            return true;
    }
    return false;
}

bool known(MathOp v) {
    switch (v) {
        case MathOp::kAdd:
        case MathOp::kSubtract:
        case MathOp::kMultiply:
        case MathOp::kDivide:
        case MathOp::kShiftLeft:
        case MathOp::kShiftRight:
            return true;
    }
    return false;
}

bool known(ChecksumOf v) {
    switch (v) {
        case ChecksumOf::kIpv4:
        case ChecksumOf::kTcp4:
        case ChecksumOf::kTcp6:
        case ChecksumOf::kUdp4:
        case ChecksumOf::kUdp6:
        case ChecksumOf::kIcmp4:
        case ChecksumOf::kIcmp6:
            return true;
    }
    return false;
}

ItemPlace place_of(ItemKind v) {
    switch (v) {
        case ItemKind::kContent:
        case ItemKind::kPcre:
        case ItemKind::kIsDataAt:
        case ItemKind::kByteTest:
        case ItemKind::kByteJump:
        case ItemKind::kByteExtract:
        case ItemKind::kBsize:
        case ItemKind::kUrilen:
        case ItemKind::kByteMath:
        case ItemKind::kBase64Decode:
        case ItemKind::kAsn1:
            return ItemPlace::kBytes;
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
        case ItemKind::kFlowint:
        case ItemKind::kIpOpts:
        case ItemKind::kIcmp6Mtu:
        case ItemKind::kFlowAge:
        case ItemKind::kChecksum:
        case ItemKind::kEvent:
            return ItemPlace::kHeader;
    }
    return ItemPlace::kNowhere;
}

}  // namespace sluice::bundle
