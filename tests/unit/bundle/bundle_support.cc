// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bundle/bundle_support.h"

#include "signatures/bundle/format.h"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace sluice::bundle {

namespace {

void put(std::vector<std::uint8_t>& file, std::size_t at, std::uint64_t v, unsigned n) {
    for (unsigned i = 0; i < n; ++i) {
        file[at + i] = static_cast<std::uint8_t>(v >> (8U * i));
    }
}

std::uint32_t add_content(Model& m, std::string_view text) {
    const auto at = static_cast<std::uint32_t>(m.blob.size());
    for (char c : text) {
        m.blob.push_back(static_cast<std::uint8_t>(c));
    }
    return at;
}

Item content(Model& m, std::string_view text, std::uint32_t flags) {
    Item i;
    i.kind = ItemKind::kContent;
    i.flags = flags;
    i.data = add_content(m, text);
    i.data_len = static_cast<std::uint32_t>(text.size());
    return i;
}

AddressNode list_of(std::uint32_t count) {
    AddressNode n;
    n.kind = AddressNode::Kind::kList;
    n.count = count;
    return n;
}

AddressNode variable(const char* name, bool negated) {
    AddressNode n;
    n.kind = AddressNode::Kind::kVariable;
    n.variable = name;
    n.negated = negated;
    return n;
}

AddressNode range(std::uint8_t lo, std::uint8_t hi) {
    AddressNode n;
    n.kind = AddressNode::Kind::kRange;
    n.lo = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, lo};
    n.hi = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, hi};
    return n;
}

Rule header_rule() {
    Rule r;
    r.sid = 1000002;
    r.priority = 1;
    r.action = Action::kAlert;
    r.proto = HeaderProto::kIcmp;
    r.flow_flags = kRuleIcmp4Only | kRuleNoAlert;
    Engine e;
    e.buffer = BufferId::kPacketHeader;
    Item type;
    type.kind = ItemKind::kItype;
    type.op = CompareOp::kRange;
    type.lo = -1;
    type.hi = INT64_MAX;
    Item bits;
    bits.kind = ItemKind::kFlowbits;
    bits.op = static_cast<CompareOp>(FlowbitOp::kToggle);
    bits.data = 0;
    bits.data_len = 2;
    e.items = {type, bits};
    r.engines = {e};
    r.threshold = {ThresholdKind::kBoth, TrackBy::kDestination, 5, 60};
    return r;
}

Rule http_rule(Model& m) {
    Rule r;
    r.sid = 1000003;
    r.gid = 3;
    r.rev = 7;
    r.action = Action::kReject;
    r.reject_to = RejectTo::kBoth;
    r.proto = HeaderProto::kTcp;
    r.app = AppProto::kHttp1;
    r.flow_flags = kFlowToServer | kFlowEstablished;
    r.src = 1;
    r.src_ports = 1;
    r.msg = "a message; with \"quotes\"";
    r.classtype = "attempted-admin";
    r.category = "Attempted Administrator Privilege Gain";
    r.references = {"cve,2021-31166", "url,example.com/a"};
    r.metadata = {{"created_at", "2021_05_11"}, {"empty", ""}};
    r.cves = {"CVE-2021-31166"};
    r.required = true;
    Filter limit;
    limit.threshold = ThresholdKind::kLimit;
    limit.count = 1;
    limit.seconds = 600;
    Filter suppress;
    suppress.kind = FilterKind::kSuppress;
    suppress.track = TrackBy::kDestination;
    r.filters = {limit, suppress};
    r.tags = {{TagScope::kDestination, TagMetric::kSeconds, 3600},
              {TagScope::kSession, TagMetric::kBytes, UINT32_MAX}};
    Engine uri;
    uri.buffer = BufferId::kHttpUri;
    uri.transforms = {Transform::kUrlDecode, Transform::kToLowercase,
                      TransformStep(Transform::kXor, 0, 1)};
    Item pcre;
    pcre.kind = ItemKind::kPcre;
    pcre.flags = kNegated | kRelative;
    uri.items = {content(m, "/index.html", kNocase | kStartsWith), pcre};
    Engine body;
    body.buffer = BufferId::kHttpRequestBody;
    Item extract;
    extract.kind = ItemKind::kByteExtract;
    extract.nbytes = 4;
    extract.offset = -4;
    extract.var = 7;
    extract.multiplier = 2;
    Item test;
    test.kind = ItemKind::kByteTest;
    test.op = CompareOp::kNand;
    test.nbytes = 12;
    test.base = 16;
    test.flags = kString | kValueVar | kOffsetVar | kLittleEndian;
    test.offset = 7;
    test.mask = UINT64_MAX;
    test.post_offset = INT32_MIN;
    body.items = {extract, test};
    r.engines = {uri, body};
    return r;
}

}  // namespace

SecretKey test_key() {
    SecretKey::Seed seed{};
    seed.fill(0x5a);
    return SecretKey::from_seed(seed);
}

ReadOptions test_options() {
    ReadOptions o;
    o.trusted = {test_key().public_key()};
    o.now_unix = 1800000000;
    return o;
}

Model small_model() {
    Model m;
    m.manifest.version = 5;
    m.manifest.created_at = 1700000000;
    m.manifest.expires_at = 1900000000;
    m.manifest.name = "small";
    m.manifest.hs_version = "5.4.0 2019-01-22";
    m.addresses = {{AddressNode{}}};
    m.ports = {{PortRange{}}};
    Rule r;
    r.sid = 1000001;
    r.action = Action::kDrop;
    r.proto = HeaderProto::kTcp;
    r.flow_flags = kRuleStream | kRulePacket;
    r.msg = "small";
    Engine e;
    e.items = {content(m, "evil", kPrefilterUsed)};
    r.engines = {e};
    m.rules = {r};
    PrefilterDb db;
    db.serialized = {1, 2, 3};
    db.pattern_length = {4};
    db.pattern_first = {0, 1};
    db.pattern_rules = {PatternRule{}};
    m.databases = {db};
    m.payload_groups = {
        {PayloadKind::kStream, HeaderProto::kTcp, Direction::kToServer, {{{0, 65535}, 0}}}};
    return m;
}

namespace {

// A rule over a body, its database, the stream's, and one that is both.
void add_joint_database(Model& m) {
    Rule rule = m.rules[2];
    rule.sid = 1000004;
    rule.engines = {m.rules[2].engines[0]};
    rule.engines[0].buffer = BufferId::kFileDataToClient;
    rule.engines[0].items.resize(1);
    m.rules.push_back(rule);
    PrefilterDb body;
    body.serialized.assign(64, 0x5a);
    body.pattern_length = {5};
    body.pattern_first = {0, 1};
    body.pattern_rules = {{3, 0, 0, 6, false}};
    const auto body_db = static_cast<std::uint32_t>(m.databases.size());
    m.databases.push_back(body);
    PrefilterDb both = m.databases[0];
    both.pattern_length.push_back(5);
    both.pattern_rules.push_back(body.pattern_rules[0]);
    both.pattern_first.push_back(static_cast<std::uint32_t>(both.pattern_rules.size()));
    m.databases.push_back(both);
    m.buffer_groups.push_back({BufferId::kFileDataToClient, body_db});
    m.joint_dbs = {{0, body_db, body_db + 1, Direction::kToClient}};
}

}  // namespace

Model rich_model() {
    Model m = small_model();
    m.manifest.previous_version = 4;
    m.addresses.push_back({list_of(6), range(1, 9), variable("HOME_NET", true), list_of(2),
                           range(20, 20), range(3, 3), variable("EXTERNAL_NET", false)});
    m.ports.push_back({{80, 80}, {443, 443}, {8000, 8100}});
    m.ports.push_back({});
    m.pcres = {{"^a\\d+b", kPcreCaseless | kPcreDotAll}, {"x", 0}};
    m.bit_names = {"sluice.one", "sluice.two"};
    m.rules.push_back(header_rule());
    m.rules.push_back(http_rule(m));
    PrefilterDb uri;
    uri.serialized.assign(1000, 0xa5);
    uri.pattern_length = {5, 0};
    uri.pattern_first = {0, 1, 2};
    uri.pattern_rules = {{2, 0, 0, 6, false}, {2, 1, 0, 0, true}};
    PrefilterDb empty;
    empty.always = {0, 2};
    m.databases.push_back(uri);
    m.databases.push_back(empty);
    m.buffer_groups = {{BufferId::kHttpUri, 1}};
    m.payload_groups[0].ports = {{{0, 79}, 2}, {{80, 80}, 0}, {{81, 65535}, 2}};
    m.payload_groups.push_back(
        {PayloadKind::kPacket, HeaderProto::kIp, Direction::kToClient, {{{0, 65535}, 2}}});
    m.packet_rules = {1};
    m.domain_rules = {{BufferId::kHttpUri, 0, 0, 2}};
    add_joint_database(m);
    m.coverage = {{"CVE-2021-31166", "covered", {1000003, 1000001}, true},
                  {"CVE-2022-1", "pending", {}, false}};
    return m;
}

void reseal(std::vector<std::uint8_t>& file, const SecretKey& key) {
    if (file.size() < kHeaderBytes) {
        return;
    }
    put(file, 16, file.size(), 8);
    const KeyId id = key_id(key.public_key());
    std::copy(id.begin(), id.end(), file.begin() + 40);
    const std::size_t sections = Cursor(Bytes(file).subspan(32)).le32();
    const std::size_t toc_end = kHeaderBytes + sections * kTocEntryBytes;
    if (sections > kMaxSections || toc_end + kSignatureBytes > file.size()) {
        return;
    }
    for (std::size_t at = kHeaderBytes; at < toc_end; at += kTocEntryBytes) {
        Cursor entry(Bytes(file).subspan(at + 8));
        const std::uint64_t offset = entry.le64();
        const std::uint64_t bytes = entry.le64();
        if (offset <= file.size() && bytes <= file.size() - offset) {
            const Bytes body = Bytes(file).subspan(static_cast<std::size_t>(offset),
                                                   static_cast<std::size_t>(bytes));
            (void)crypto_generichash(&file[at + 24], kDigestBytes, body.data(), body.size(),
                                     nullptr, 0);
        }
    }
    (void)crypto_sign_detached(&file[toc_end], nullptr, file.data(), toc_end, key.bytes().data());
}

}  // namespace sluice::bundle
