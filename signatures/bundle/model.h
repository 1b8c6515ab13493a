// SPDX-License-Identifier: Apache-2.0
// The compiled form of a set of rules: plain values, no pointers, no wire layout.
// signatures/compile makes it, signatures/bundle writes it to bytes and reads it back (checking
// everything), dataplane/detect builds its snapshot from it. FORMAT.md describes the bytes. Owns
// all its text. Not shared between threads while being changed.
#pragma once

#include "dataplane/base/proto.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bundle {

inline constexpr std::uint32_t kEngineVersion =
    1;  // what this build implements; a manifest may ask for more
inline constexpr std::uint32_t kMaxVars = 8;      // byte_extract results per rule
inline constexpr std::uint32_t kMaxEngines = 32;  // buffers per rule
inline constexpr std::uint32_t kMaxLiteral =
    64;  // bytes of a prefilter literal (design decision 6)
inline constexpr std::uint32_t kMaxItems = 1024;    // items per engine
inline constexpr std::uint32_t kMaxTransforms = 8;  // transforms per engine
inline constexpr std::uint32_t kMaxListDepth = 16;  // lists within lists of an address expression
inline constexpr std::uint32_t kMaxTextBytes =
    65535;  // one text: msg, metadata value, pcre pattern, ...

enum class Action : std::uint8_t {
    kPass = 0,
    kDrop,
    kReject,
    kAlert
};  // in the order in which they are judged

enum class RejectTo : std::uint8_t { kSource, kDestination, kBoth };

// The protocol of the rule header.
enum class HeaderProto : std::uint8_t {
    kIp,
    kTcp,
    kUdp,
    kIcmp,
    kSctp
};  // kIcmp: both ICMP and ICMPv6; app rules: see AppProto

// Tri-state flow conditions and where payload keywords look. Bits of Rule::flow_flags.
enum FlowFlag : std::uint32_t {
    kFlowToServer = 1U << 0,
    kFlowToClient = 1U << 1,
    kFlowEstablished = 1U << 2,
    kFlowNotEstablished = 1U << 3,
    kFlowStateless = 1U << 4,
    kFlowOnlyStream = 1U << 5,  // only_stream
    kFlowNoStream = 1U << 6,    // no_stream
    kRuleTold = 1U << 7,        // pass rule whose matches are told (alert)
    kRulePacket = 1U << 8,      // payload engine runs over packet payloads
    kRuleStream = 1U << 9,      // payload engine runs over the reassembled stream
    kRuleNoAlert = 1U << 10,    // noalert or flowbits:noalert
    kRuleBidirectional = 1U << 11,
    kRuleIpv4Only = 1U << 12,
    kRuleIpv6Only = 1U << 13,
    kRuleIcmp6Only = 1U << 14,
    kRuleIcmp4Only = 1U << 15,
};

enum class ItemKind : std::uint8_t {
    // over bytes of an engine's buffer
    kContent,
    kPcre,
    kIsDataAt,
    kByteTest,
    kByteJump,
    kByteExtract,
    kBsize,
    kUrilen,
    // over header fields and flow (BufferId::kPacketHeader)
    kDsize,
    kTtl,
    kTcpFlags,
    kItype,
    kIcode,
    kIpProto,
    kSameIp,
    kIpId,
    kTcpAck,
    kTcpSeq,
    kTcpWindow,
    kIcmpId,
    kIcmpSeq,
    kStreamSize,
    kFlowbits,
    kAppProto,
    kFragBits,
    kFragOffset,
    kTos,
    kTcpMss,
    kXbits,
    // over bytes
    kByteMath,
    kBase64Decode,  // the items after it look at what it decoded
    kAsn1,
    // over header fields and flow
    kFlowint,
    kIpOpts,
    kIcmp6Mtu,
    kFlowAge,
    kChecksum,
    kEvent,
};

// Bits of Item::flags. Which apply is said beside each kind in FORMAT.md.
enum ItemFlag : std::uint32_t {
    kNegated = 1U << 0,
    kNocase = 1U << 1,
    kRelative = 1U << 2,  // pcre R, isdataat/byte_* relative (contents use kHasDistance/kHasWithin)
    kHasOffset = 1U << 3,
    kHasDepth = 1U << 4,
    kHasDistance = 1U << 5,
    kHasWithin = 1U << 6,
    kStartsWith = 1U << 7,
    kEndsWith = 1U << 8,
    kOffsetVar = 1U << 9,  // the field holds a variable slot, not a number
    kDepthVar = 1U << 10,
    kDistanceVar = 1U << 11,
    kWithinVar = 1U << 12,
    kValueVar = 1U << 13,
    kLittleEndian = 1U << 14,
    kString = 1U << 15,  // byte_*: digits as text, base in Item::base
    kAlign4 = 1U << 16,  // byte_jump align / byte_extract align 4
    kAlign2 = 1U << 17,
    kFromBeginning = 1U << 18,
    kFromEnd = 1U << 19,
    kDce = 1U << 20,
    kNbytesVar = 1U << 21,
    kRawBytes = 1U << 22,
    kPrefilterUsed = 1U << 23,  // this content supplies the prefilter literal and is equal to it
                                // (verification may skip a second search)
};

enum class CompareOp : std::uint8_t {
    kEq,
    kNe,
    kLt,
    kGt,
    kLe,
    kGe,
    kAnd,
    kOr,
    kNand,
    kNor,
    kRange,
    kRangeInclusive
};

enum class FlowbitOp : std::uint8_t { kSet, kUnset, kIsSet, kIsNotSet, kToggle };

// Whose bit an xbit is: Item::var of kXbits.
enum class BitOwner : std::uint8_t { kSource, kDestination, kPair };

// Item::nbytes of kFlowint. kTest compares by Item::op.
enum class FlowintOp : std::uint8_t { kTest, kIsSet, kIsNotSet, kSet, kAdd, kSubtract };

// Item::base of kByteMath would be taken for a number base: the operator stands in Item::hi.
enum class MathOp : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kShiftLeft, kShiftRight };

// Item::var of kChecksum: whose checksum.
enum class ChecksumOf : std::uint8_t { kIpv4, kTcp4, kTcp6, kUdp4, kUdp6, kIcmp4, kIcmp6 };

// Bits of Item::mask of kAsn1.
enum Asn1Check : std::uint32_t {
    kAsn1Bitstring = 1U << 0,
    kAsn1Double = 1U << 1,
    kAsn1Oversize = 1U << 2,  // longer than Item::lo
};

// One step of a signature. A flat record for every kind; unused fields are 0.
struct Item {
    ItemKind kind = ItemKind::kContent;
    CompareOp op = CompareOp::kEq;  // byte_test, bsize, urilen, dsize, ttl, ...; FlowbitOp for
                                    // kFlowbits, kXbits
    std::uint8_t nbytes = 0;        // byte_*
    std::uint8_t base = 0;          // byte_* string: 8, 10, 16
    std::uint32_t flags = 0;
    std::int32_t offset = 0;  // content offset; byte_* and isdataat position
    std::int32_t depth = 0;
    std::int32_t distance = 0;
    std::int32_t within = 0;
    std::int64_t lo = 0;     // value, or lower end of a range; kStreamSize, dsize ...
    std::int64_t hi = 0;     // upper end of a range
    std::uint64_t mask = 0;  // byte_* bitmask, 0: none; tcp.flags: ignored flag bits
    std::uint32_t multiplier = 1;
    std::int32_t post_offset = 0;
    std::uint32_t var =
        0;  // slot that byte_extract fills, or that byte_test compares with (kValueVar)
    std::uint32_t data = 0;  // kContent: first byte in Model::blob; kPcre: index in Model::pcres;
                             // kFlowbits/kXbits: first index in Model::bit_names
    std::uint32_t data_len = 0;  // kContent: length; kFlowbits: number of names (more than one: OR)

    friend bool operator==(const Item&, const Item&) = default;
};

enum PcreFlag : std::uint32_t {
    kPcreCaseless = 1U << 0,
    kPcreMultiline = 1U << 1,
    kPcreDotAll = 1U << 2,
    kPcreExtended = 1U << 3,
    kPcreAnchored = 1U << 4,
    kPcreDollarEndOnly = 1U << 5,
    kPcreUngreedy = 1U << 6,
};

struct Pcre {
    std::string pattern;
    std::uint32_t flags = 0;

    friend bool operator==(const Pcre&, const Pcre&) = default;
};

// Suricata's transforms that this version applies before an engine's items see the buffer.
enum class Transform : std::uint8_t {
    kDotPrefix,
    kStripWhitespace,
    kCompressWhitespace,
    kToLowercase,
    kToUppercase,
    kUrlDecode,
    kToMd5,
    kToSha1,
    kToSha256,
    kStripPseudoHeaders,
    kHeaderLowercase,
    kPcreXform,  // data: index in Model::pcres
    kXor,        // data, data_len: the key in Model::blob
};

struct TransformStep {
    Transform kind = Transform::kDotPrefix;
    std::uint32_t data = 0;
    std::uint32_t data_len = 0;

    TransformStep() = default;

    // NOLINTNEXTLINE(google-explicit-constructor): most transforms are just their kind
    TransformStep(Transform k, std::uint32_t d = 0, std::uint32_t n = 0)
        : kind(k), data(d), data_len(n) {}

    friend bool operator==(const TransformStep&, const TransformStep&) = default;
};

constexpr bool takes_data(Transform t) {
    return t == Transform::kPcreXform || t == Transform::kXor;
}

// All items over one buffer; items are evaluated in order, with backtracking over relative
// contents. A rule matches when each of its engines has matched.
struct Engine {
    BufferId buffer = BufferId::kPayload;
    std::vector<TransformStep> transforms;
    std::vector<Item> items;

    friend bool operator==(const Engine&, const Engine&) = default;
};

enum class TrackBy : std::uint8_t { kRule, kSource, kDestination, kBoth, kFlow };

enum class ThresholdKind : std::uint8_t { kNone, kThreshold, kLimit, kBoth, kDetectionFilter };

struct Threshold {
    ThresholdKind kind = ThresholdKind::kNone;
    TrackBy track = TrackBy::kSource;
    std::uint32_t count = 0;
    std::uint32_t seconds = 0;

    friend bool operator==(const Threshold&, const Threshold&) = default;
};

enum class FilterKind : std::uint8_t {
    kThreshold,  // one more threshold, limit or both, after Rule::threshold
    kSuppress,   // no event when 'addresses' holds the tracked end; kRule: never one
    kRate,       // from the count-th match within 'seconds' on, 'action' instead, for 'timeout'
};

// What changes how often, and as what, a rule's matches are told. In the order of the text.
struct Filter {
    FilterKind kind = FilterKind::kThreshold;
    ThresholdKind threshold = ThresholdKind::kNone;  // kThreshold: limit, threshold or both
    TrackBy track = TrackBy::kSource;                // kSuppress: kBoth is either end
    Action action = Action::kAlert;                  // kRate
    std::uint32_t count = 0;
    std::uint32_t seconds = 0;
    std::uint32_t timeout = 0;    // kRate: seconds
    std::uint32_t addresses = 0;  // kSuppress: index in Model::addresses

    friend bool operator==(const Filter&, const Filter&) = default;
};

// Whose packets are told after a match: those of the flow, or of the host that sent, or was sent,
// the packet of the match.
enum class TagScope : std::uint8_t { kSession, kSource, kDestination };

enum class TagMetric : std::uint8_t { kPackets, kBytes, kSeconds };

// How long: packets and bytes count the one that matched, which is told by the alert alone.
struct Tag {
    TagScope scope = TagScope::kSession;
    TagMetric metric = TagMetric::kPackets;
    std::uint32_t count = 0;

    friend bool operator==(const Tag&, const Tag&) = default;
};

inline constexpr std::size_t kMaxTags = 3;  // of one rule: one a scope

struct Rule {
    std::uint32_t sid = 0;
    std::uint32_t gid = 1;
    std::uint32_t rev = 0;
    std::uint32_t priority = 3;
    Action action = Action::kAlert;
    RejectTo reject_to = RejectTo::kSource;
    HeaderProto proto = HeaderProto::kIp;
    AppProto app = AppProto::kUnknown;  // kUnknown: any
    std::uint32_t flow_flags = 0;       // FlowFlag bits
    std::uint32_t src = 0;              // indices into Model::addresses and Model::ports
    std::uint32_t dst = 0;
    std::uint32_t src_ports = 0;
    std::uint32_t dst_ports = 0;
    std::vector<Engine>
        engines;  // at most kMaxEngines; kPacketHeader first, then kPayload, then the others
    Threshold threshold;
    std::vector<Filter> filters;
    std::vector<Tag> tags;
    std::string msg;
    std::string classtype;                // short name
    std::string category;                 // text of the class, "" when unknown
    std::vector<std::string> references;  // "cve,2021-31166", "url,..."
    std::vector<std::pair<std::string, std::string>> metadata;
    std::vector<std::string> cves;  // "CVE-2021-31166", from references, metadata and guidance
    bool required = false;          // covers a required CVE

    friend bool operator==(const Rule&, const Rule&) = default;
};

// An address expression in prefix order; kList is followed by its 'count' descendants' nodes.
// Variables stay symbolic: the site that loads the bundle knows its networks.
struct AddressNode {
    enum class Kind : std::uint8_t { kAny, kRange, kVariable, kList };

    Kind kind = Kind::kAny;
    bool negated = false;
    std::uint32_t count = 0;            // kList: number of nodes below it, all levels
    std::string variable;               // kVariable, without $
    std::array<std::uint8_t, 16> lo{};  // kRange, IPv4 mapped, inclusive
    std::array<std::uint8_t, 16> hi{};

    friend bool operator==(const AddressNode&, const AddressNode&) = default;
};

using AddressExpr = std::vector<AddressNode>;

struct PortRange {
    std::uint16_t lo = 0;
    std::uint16_t hi = 65535;

    friend bool operator==(const PortRange&, const PortRange&) = default;
};

// Sorted, disjoint; variables are resolved at compile time because groups depend on them.
using PortSet = std::vector<PortRange>;

// Why a prefilter pattern makes a rule a candidate: it is 'literal_offset' bytes into content
// engines[engine].items[item]. So a hit ending at e puts the content's first byte at e - literal
// length - literal_offset: one compare settles it.
struct PatternRule {
    std::uint32_t rule = 0;
    std::uint16_t item = 0;
    std::uint8_t engine = 0;
    std::uint8_t literal_offset = 0;
    bool from_pcre =
        false;  // the pattern is a prefilter form of a pcre item: the hit has no known start
    bool segment = false;  // looks at the TCP segment that just joined the stream, not at the
                           // stream: only in databases over streams

    friend bool operator==(const PatternRule&, const PatternRule&) = default;
};

// One Hyperscan database and what its pattern ids mean. Scanned in block mode over fresh bytes and
// the kMaxLiteral - 1 before.
struct PrefilterDb {
    std::vector<std::uint8_t>
        serialized;  // hs_serialize_database(); empty when there is no pattern
    std::vector<std::uint8_t> pattern_length;  // per pattern id: bytes of the literal; 0 for a pcre
    std::vector<std::uint32_t> pattern_first;  // patterns + 1 entries: pattern i serves
                                               // pattern_rules[first[i] .. first[i+1])
    std::vector<PatternRule> pattern_rules;    // by rule within a pattern
    std::vector<std::uint32_t>
        always;  // rules with no pattern here: candidates at every look, ascending

    friend bool operator==(const PrefilterDb&, const PrefilterDb&) = default;
};

// As many prefilters may look at one place: some for what can only lie near its start, one for the
// rest.
inline constexpr std::size_t kMaxGroupsPerPlace = 3;

// A prefilter over one application buffer. 'always' rules of it are candidates when the buffer is
// present. Buffers that hold the same bytes (file.data and a body) may share a database: it is then
// scanned once.
struct BufferGroup {
    BufferId buffer = BufferId::kHttpUri;
    std::uint32_t db = 0;

    friend bool operator==(const BufferGroup&, const BufferGroup&) = default;
};

// A rule that wants a buffer to end with the content engines[engine].items[item] (design decision
// 8): a candidate when it does, case and a '.' in front aside. Such rules are in no database.
struct DomainRule {
    BufferId buffer = BufferId::kDnsQuery;
    std::uint8_t engine = 0;
    std::uint16_t item = 0;
    std::uint32_t rule = 0;

    friend bool operator==(const DomainRule&, const DomainRule&) = default;
};

inline constexpr std::uint32_t kMaxDomainText = 255;  // bytes of its content

// A body that is sent as it is passes through the databases of its stream and of the body: 'both'
// has the patterns of these two, so that one scan finds what two would. Its 'always' rules are
// those of 'stream'.
struct JointDb {
    std::uint32_t stream = 0;                    // of a payload group over streams
    std::uint32_t body = 0;                      // of a buffer group over a streaming buffer
    std::uint32_t both = 0;                      // of no group
    Direction direction = Direction::kToServer;  // one stream and direction have one at most

    friend bool operator==(const JointDb&, const JointDb&) = default;
};

struct PortClass {
    PortRange range;
    std::uint32_t db = 0;

    friend bool operator==(const PortClass&, const PortClass&) = default;
};

// kSegment: what kPacket looks for in a TCP segment and the stream's database
// (PatternRule::segment) does not: for segments whose bytes went through that one. Such a segment
// is not scanned for the others a second time. A direction without it has no such patterns in its
// stream's databases.
enum class PayloadKind : std::uint8_t { kPacket, kStream, kSegment };

// A prefilter over raw payload, by protocol, direction and the server's port (destination to the
// server, source to the client). 'ports' is sorted and covers 0..65535 for TCP, UDP and SCTP; one
// class for the rest.
struct PayloadGroup {
    PayloadKind kind = PayloadKind::kPacket;
    HeaderProto proto = HeaderProto::kTcp;  // kIp: any other protocol
    Direction direction = Direction::kToServer;
    std::vector<PortClass> ports;

    friend bool operator==(const PayloadGroup&, const PayloadGroup&) = default;
};

struct Manifest {
    std::uint64_t version = 0;           // only goes up
    std::uint64_t previous_version = 0;  // 0: stands alone
    std::int64_t created_at = 0;         // Unix seconds
    std::int64_t expires_at = 0;         // Unix seconds; 0: never
    std::uint32_t min_engine = kEngineVersion;
    std::string name;
    std::string hs_version;  // hs_version() of the compiler's library

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

struct CveCoverage {
    std::string cve;
    std::string status;  // covered | partial | updated-existing | not-network-detectable |
                         // insufficient-information | pending
    std::vector<std::uint32_t> sids;
    bool required = false;

    friend bool operator==(const CveCoverage&, const CveCoverage&) = default;
};

struct Model {
    Manifest manifest;
    std::vector<Rule>
        rules;  // in evaluation order: action, then flowbits setters before readers, then priority
    std::vector<AddressExpr> addresses;
    std::vector<PortSet> ports;
    std::vector<std::uint8_t> blob;  // content bytes
    std::vector<Pcre> pcres;
    std::vector<std::string> bit_names;  // flowbits and xbits
    std::vector<PrefilterDb> databases;
    std::vector<BufferGroup> buffer_groups;
    std::vector<PayloadGroup> payload_groups;
    // Rules with no payload or application buffer at all (header fields, addresses, flowbits only):
    // candidates for every packet.
    std::vector<std::uint32_t> packet_rules;
    std::vector<CveCoverage> coverage;
    std::vector<DomainRule> domain_rules;  // by buffer, then rule
    std::vector<JointDb> joint_dbs;        // by stream, then direction

    friend bool operator==(const Model&, const Model&) = default;
};

}  // namespace sluice::bundle
