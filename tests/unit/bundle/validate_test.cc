// SPDX-License-Identifier: Apache-2.0
// Each index, range and enum value broken once, in a bundle that is otherwise honestly sealed.
#include "signatures/bundle/validate.h"

#include "signatures/bundle/container.h"
#include "signatures/bundle/encode.h"
#include "signatures/bundle/reader.h"
#include "signatures/bundle/writer.h"
#include "tests/unit/bundle/bundle_support.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace sluice::bundle {

namespace {

struct Case {
    const char* name;
    const char* fault;  // part of the message
    std::function<void(Model&)> spoil;
};

AddressExpr nested(std::uint32_t depth) {
    AddressExpr expr;
    for (std::uint32_t i = 0; i < depth; ++i) {
        AddressNode list;
        list.kind = AddressNode::Kind::kList;
        list.count = depth - i;
        expr.push_back(list);
    }
    expr.push_back(AddressNode{});
    return expr;
}

Item& uri_content(Model& m) {
    return m.rules[2].engines[0].items[0];
}

Item& body_test(Model& m) {
    return m.rules[2].engines[1].items[1];
}

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases = {
        {"version", "version is 0",
         [](Model& m) {
             m.manifest.version = 0;
             m.manifest.previous_version = 0;
         }},
        {"previous", "is not before", [](Model& m) { m.manifest.previous_version = 5; }},
        {"expires", "expires before", [](Model& m) { m.manifest.expires_at = 1; }},
        {"long name", "longer than 255", [](Model& m) { m.manifest.name.assign(256, 'x'); }},
        {"action", "unknown action", [](Model& m) { m.rules[0].action = static_cast<Action>(4); }},
        {"reject", "unknown action",
         [](Model& m) { m.rules[0].reject_to = static_cast<RejectTo>(3); }},
        {"proto", "unknown action or protocol",
         [](Model& m) { m.rules[0].proto = static_cast<HeaderProto>(5); }},
        {"app", "unknown action or protocol", [](Model& m) { m.rules[0].app = AppProto::kCount; }},
        {"flow flags", "unknown flow flags", [](Model& m) { m.rules[0].flow_flags |= 1U << 31; }},
        {"src", "address index", [](Model& m) { m.rules[0].src = 2; }},
        {"dst", "address index", [](Model& m) { m.rules[0].dst = 0xffffffff; }},
        {"src ports", "port index", [](Model& m) { m.rules[0].src_ports = 3; }},
        {"dst ports", "port index", [](Model& m) { m.rules[0].dst_ports = 3; }},
        {"threshold kind", "unknown threshold",
         [](Model& m) { m.rules[1].threshold.kind = static_cast<ThresholdKind>(5); }},
        {"threshold track", "unknown threshold",
         [](Model& m) { m.rules[1].threshold.track = static_cast<TrackBy>(5); }},
        {"threshold count", "count is 0", [](Model& m) { m.rules[1].threshold.count = 0; }},
        {"engines", "too many engines",
         [](Model& m) { m.rules[0].engines.resize(kMaxEngines + 1); }},
        {"engine order", "out of order",
         [](Model& m) { m.rules[2].engines.push_back(m.rules[0].engines[0]); }},
        {"buffer", "unknown buffer",
         [](Model& m) { m.rules[0].engines[0].buffer = BufferId::kCount; }},
        {"transform", "unknown transform",
         [](Model& m) { m.rules[2].engines[0].transforms[0] = static_cast<Transform>(13); }},
        {"transform's key", "outside the blob",
         [](Model& m) {
             m.rules[2].engines[0].transforms[0] = TransformStep(Transform::kXor, 0, 0x7fffffff);
         }},
        {"transform's pcre", "pcre is out of range",
         [](Model& m) {
             m.rules[2].engines[0].transforms[0] = TransformStep(Transform::kPcreXform, 99);
         }},
        {"owner of a bit", "unknown owner",
         [](Model& m) {
             m.rules[1].engines[0].items[1].kind = ItemKind::kXbits;
             m.rules[1].engines[0].items[1].var = 3;
         }},
        {"flowint", "flowint operation",
         [](Model& m) {
             m.rules[1].engines[0].items[1].kind = ItemKind::kFlowint;
             m.rules[1].engines[0].items[1].nbytes = 6;
         }},
        {"byte_math", "unknown operation",
         [](Model& m) {
             body_test(m).kind = ItemKind::kByteMath;
             body_test(m).hi = 6;
         }},
        {"filter", "unknown filter",
         [](Model& m) { m.rules[2].filters[0].kind = static_cast<FilterKind>(3); }},
        {"filter's count", "filter's count is 0",
         [](Model& m) { m.rules[2].filters[0].count = 0; }},
        {"tag's scope", "unknown tag",
         [](Model& m) { m.rules[2].tags[0].scope = static_cast<TagScope>(3); }},
        {"tag's metric", "unknown tag",
         [](Model& m) { m.rules[2].tags[1].metric = static_cast<TagMetric>(3); }},
        {"tags of one scope", "two tags of one scope",
         [](Model& m) { m.rules[2].tags[1].scope = m.rules[2].tags[0].scope; }},
        {"suppressed addresses", "filter's address",
         [](Model& m) { m.rules[2].filters[1].addresses = 99; }},
        {"items", "too many transforms or items",
         [](Model& m) { m.rules[0].engines[0].items.resize(kMaxItems + 1); }},
        {"item kind", "unknown item kind",
         [](Model& m) { uri_content(m).kind = static_cast<ItemKind>(200); }},
        {"item place", "does not fit", [](Model& m) { uri_content(m).kind = ItemKind::kTtl; }},
        {"item place 2", "does not fit",
         [](Model& m) { m.rules[1].engines[0].items[0].kind = ItemKind::kBsize; }},
        {"item flags", "unknown item flags", [](Model& m) { uri_content(m).flags |= 1U << 24; }},
        {"operator", "unknown operator",
         [](Model& m) { body_test(m).op = static_cast<CompareOp>(12); }},
        {"flowbit op", "unknown flowbits",
         [](Model& m) { m.rules[1].engines[0].items[1].op = static_cast<CompareOp>(5); }},
        {"bit name", "bit name index", [](Model& m) { m.rules[1].engines[0].items[1].data = 1; }},
        {"bit name wraps", "bit name index",
         [](Model& m) { m.rules[1].engines[0].items[1].data = 0xffffffff; }},
        {"no bit name", "bit name index",
         [](Model& m) { m.rules[1].engines[0].items[1].data_len = 0; }},
        {"blob end", "outside the blob", [](Model& m) { uri_content(m).data_len += 1; }},
        {"blob wraps", "outside the blob", [](Model& m) { uri_content(m).data = 0xfffffff8; }},
        {"empty content", "outside the blob", [](Model& m) { uri_content(m).data_len = 0; }},
        {"pcre", "pcre index", [](Model& m) { m.rules[2].engines[0].items[1].data = 2; }},
        {"slot", "variable slot", [](Model& m) { m.rules[2].engines[1].items[0].var = kMaxVars; }},
        {"offset slot", "variable slot", [](Model& m) { body_test(m).offset = -1; }},
        {"depth slot", "variable slot",
         [](Model& m) {
             uri_content(m).flags |= kDepthVar;
             uri_content(m).depth = 8;
         }},
        {"distance slot", "variable slot",
         [](Model& m) {
             uri_content(m).flags |= kDistanceVar;
             uri_content(m).distance = 8;
         }},
        {"within slot", "variable slot",
         [](Model& m) {
             uri_content(m).flags |= kWithinVar;
             uri_content(m).within = 8;
         }},
        {"nbytes slot", "variable slot",
         [](Model& m) {
             body_test(m).flags |= kNbytesVar;
             body_test(m).nbytes = 8;
         }},
        {"nbytes", "too many bytes", [](Model& m) { m.rules[2].engines[1].items[0].nbytes = 9; }},
        {"digits", "too many bytes", [](Model& m) { body_test(m).nbytes = 24; }},
        {"base", "number base", [](Model& m) { body_test(m).base = 2; }},
        {"long text", "text too long",
         [](Model& m) { m.rules[0].msg.assign(kMaxTextBytes + 1, 'x'); }},
        {"address kind", "unknown kind",
         [](Model& m) { m.addresses[0][0].kind = static_cast<AddressNode::Kind>(4); }},
        {"address range", "ends before", [](Model& m) { m.addresses[1][1].lo[15] = 200; }},
        {"variable name", "variable name", [](Model& m) { m.addresses[1][2].variable = "A B"; }},
        {"no variable name", "variable name", [](Model& m) { m.addresses[1][2].variable.clear(); }},
        {"name on any", "variable name", [](Model& m) { m.addresses[0][0].variable = "A"; }},
        {"count on any", "no list", [](Model& m) { m.addresses[0][0].count = 1; }},
        {"list too long", "list count", [](Model& m) { m.addresses[1][0].count = 7; }},
        {"list too short", "more than one root", [](Model& m) { m.addresses[1][0].count = 5; }},
        {"inner list", "list count", [](Model& m) { m.addresses[1][3].count = 4; }},
        {"empty list", "list count", [](Model& m) { m.addresses[1][3].count = 0; }},
        {"no node", "no node", [](Model& m) { m.addresses[0].clear(); }},
        {"two roots", "more than one root",
         [](Model& m) { m.addresses[0].push_back(AddressNode{}); }},
        {"too deep", "nested too deep",
         [](Model& m) { m.addresses[0] = nested(kMaxListDepth + 1); }},
        {"port order", "not sorted", [](Model& m) { std::swap(m.ports[1][0], m.ports[1][1]); }},
        {"port overlap", "not sorted", [](Model& m) { m.ports[1][1].lo = 80; }},
        {"port range", "not sorted", [](Model& m) { m.ports[1][0].lo = 81; }},
        {"pcre flags", "unknown flags", [](Model& m) { m.pcres[0].flags |= 1U << 7; }},
        {"pcre text", "empty", [](Model& m) { m.pcres[1].pattern.clear(); }},
        {"bit text", "bit name 0", [](Model& m) { m.bit_names[0].clear(); }},
        {"coverage", "unknown status", [](Model& m) { m.coverage[0].status = "done"; }},
        {"firsts", "do not add up", [](Model& m) { m.databases[1].pattern_first.pop_back(); }},
        {"first order", "do not add up",
         [](Model& m) {
             m.databases[1].pattern_first = {0, 3, 2};
         }},
        {"first start", "do not add up",
         [](Model& m) {
             m.databases[1].pattern_first = {1, 1, 2};
         }},
        {"no database", "do not add up", [](Model& m) { m.databases[0].serialized.clear(); }},
        {"stray database", "do not add up", [](Model& m) { m.databases[2].serialized = {1}; }},
        {"literal length", "literal is too long",
         [](Model& m) { m.databases[1].pattern_length[0] = 65; }},
        {"pattern rule", "rule index", [](Model& m) { m.databases[1].pattern_rules[0].rule = 9; }},
        {"pattern engine", "engine index",
         [](Model& m) { m.databases[1].pattern_rules[0].engine = 2; }},
        {"pattern item", "item index", [](Model& m) { m.databases[1].pattern_rules[0].item = 2; }},
        {"pattern kind", "not a literal",
         [](Model& m) { m.databases[1].pattern_rules[0].item = 1; }},
        {"pattern of pcre", "not a pcre",
         [](Model& m) { m.databases[1].pattern_rules[1].item = 0; }},
        {"pattern end", "outside its content",
         [](Model& m) { m.databases[1].pattern_rules[0].literal_offset = 7; }},
        {"pattern negated", "not a literal", [](Model& m) { uri_content(m).flags |= kNegated; }},
        {"pattern buffer", "another buffer",
         [](Model& m) {
             m.databases[1].pattern_rules[0] = {2, 0, 1, 0, false};
         }},
        {"pattern order", "out of order",
         [](Model& m) {
             PrefilterDb& db = m.databases[0];
             m.joint_dbs.clear();
             m.rules[1].engines.push_back(m.rules[0].engines[0]);
             db.pattern_first = {0, 2};
             db.pattern_rules = {{1, 0, 1, 0, false}, {0, 0, 0, 0, false}};
         }},
        {"pattern for segments of a pcre", "but for segments",
         [](Model& m) { m.databases[1].pattern_rules[1].segment = true; }},
        {"always order", "always rules",
         [](Model& m) {
             m.databases[2].always = {2, 0};
         }},
        {"always twice", "always rules",
         [](Model& m) {
             m.databases[2].always = {2, 2};
         }},
        {"always index", "always rules", [](Model& m) { m.databases[2].always = {9}; }},
        {"buffer group", "not an application",
         [](Model& m) { m.buffer_groups[0].buffer = BufferId::kPayload; }},
        {"buffer group id", "not an application",
         [](Model& m) { m.buffer_groups[0].buffer = BufferId::kCount; }},
        {"buffer group db", "database index", [](Model& m) { m.buffer_groups[0].db = 9; }},
        {"buffer group often", "too many groups",
         [](Model& m) { m.buffer_groups.resize(kMaxGroupsPerPlace + 2, m.buffer_groups[0]); }},
        {"payload and buffer", "the payload and an application buffer",
         [](Model& m) { m.buffer_groups[0].db = 2; }},
        {"domain rule", "engine or item index", [](Model& m) { m.domain_rules[0].item = 9; }},
        {"domain rule of none", "rule index", [](Model& m) { m.domain_rules[0].rule = 9; }},
        {"domain rule buffer", "another buffer",
         [](Model& m) { m.domain_rules[0].buffer = BufferId::kTlsSni; }},
        {"domain rule item", "not a content", [](Model& m) { m.domain_rules[0].item = 1; }},
        {"payload kind", "unknown kind",
         [](Model& m) { m.payload_groups[0].kind = static_cast<PayloadKind>(3); }},
        {"payload proto", "unknown kind",
         [](Model& m) { m.payload_groups[0].proto = static_cast<HeaderProto>(9); }},
        {"payload direction", "unknown kind",
         [](Model& m) { m.payload_groups[0].direction = static_cast<Direction>(2); }},
        {"payload db", "database index", [](Model& m) { m.payload_groups[0].ports[1].db = 9; }},
        {"class gap", "sorted and covering",
         [](Model& m) { m.payload_groups[0].ports[1].range.lo = 81; }},
        {"class order", "sorted and covering",
         [](Model& m) { std::swap(m.payload_groups[0].ports[0], m.payload_groups[0].ports[1]); }},
        {"class end", "cover all ports", [](Model& m) { m.payload_groups[0].ports.pop_back(); }},
        {"class none", "cover all ports", [](Model& m) { m.payload_groups[0].ports.clear(); }},
        {"class of ip", "without ports",
         [](Model& m) {
             m.payload_groups[1].ports = {{{0, 1}, 2}, {{2, 65535}, 2}};
         }},
        {"payload often", "too many groups",
         [](Model& m) {
             for (std::size_t i = 0; i < kMaxGroupsPerPlace; ++i) {
                 m.payload_groups.push_back(m.payload_groups[0]);
             }
         }},
        {"packet rule", "packet rules", [](Model& m) { m.packet_rules = {9}; }},
        {"packet rule order", "packet rules",
         [](Model& m) {
             m.packet_rules = {1, 1};
         }},
        {"joint index", "database index", [](Model& m) { m.joint_dbs[0].both = 9; }},
        {"joint twice", "not ascending", [](Model& m) { m.joint_dbs.push_back(m.joint_dbs[0]); }},
        {"joint direction", "unknown direction",
         [](Model& m) { m.joint_dbs[0].direction = static_cast<Direction>(2); }},
        {"joint of no stream", "of a stream and of a body",
         [](Model& m) { m.joint_dbs[0].stream = 1; }},
        {"joint of no body", "of a stream and of a body",
         [](Model& m) { m.joint_dbs[0].body = 1; }},
        {"joint of a group", "one of a group", [](Model& m) { m.joint_dbs[0].both = 2; }},
        {"joint lacks a rule", "what both have",
         [](Model& m) {
             m.databases[4].pattern_rules.pop_back();
             m.databases[4].pattern_first.back() -= 1;
         }},
        {"joint with other always rules", "what both have",
         [](Model& m) { m.databases[4].always = {2}; }},
        {"joint of another buffer", "another buffer",
         [](Model& m) { m.databases[4].pattern_rules.back().rule = 2; }},
    };
    return kCases;
}

TEST(Validate, TheGoodModelIsGood) {
    EXPECT_TRUE(validate(rich_model()).ok());
    EXPECT_TRUE(validate(small_model()).ok());
    Model deep = rich_model();
    deep.addresses[0] = nested(kMaxListDepth);
    EXPECT_TRUE(validate(deep).ok());
}

TEST(Validate, WriterRefusesEachFault) {
    for (const Case& c : cases()) {
        Model m = rich_model();
        c.spoil(m);
        const Result<std::vector<std::uint8_t>> bytes = write_bundle(m, test_key());
        ASSERT_FALSE(bytes.ok()) << c.name;
        EXPECT_NE(bytes.error().message.find(c.fault), std::string::npos)
            << c.name << ": " << bytes.error().message;
    }
}

// Past the writer's own check, as a signer with a bug or bad intent would send it.
TEST(Validate, ReaderRefusesEachFaultInASignedBundle) {
    for (const Case& c : cases()) {
        Model m = rich_model();
        c.spoil(m);
        const Result<Model> back =
            read_bundle(seal_container(encode_sections(m), test_key()), test_options());
        ASSERT_FALSE(back.ok()) << c.name;
        EXPECT_EQ(back.error().code, ErrorCode::kInvalid) << c.name;
        EXPECT_NE(back.error().message.find(c.fault), std::string::npos)
            << c.name << ": " << back.error().message;
    }
}

TEST(Validate, NamesTheRule) {
    Model m = rich_model();
    m.rules[2].src = 99;
    EXPECT_EQ(validate(m).error().message, "rule 2 (sid 1000003): address index is out of range");
}

}  // namespace

}  // namespace sluice::bundle
