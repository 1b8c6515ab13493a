// SPDX-License-Identifier: Apache-2.0
// Evaluation of arbitrary (but valid) items over arbitrary bytes, whole as a packet and in pieces
// as a stream. The input describes one rule (up to 6 items) and the bytes; the rule has no
// prefilter, so every look evaluates it.
#include "dataplane/base/cursor.h"
#include "dataplane/detect/detect_stage.h"
#include "tests/support/lone_flow.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using namespace sluice;
using bundle::Item;
using bundle::ItemKind;

constexpr std::array kKinds = {ItemKind::kContent,     ItemKind::kContent,  ItemKind::kPcre,
                               ItemKind::kIsDataAt,    ItemKind::kByteTest, ItemKind::kByteJump,
                               ItemKind::kByteExtract, ItemKind::kBsize};
constexpr std::array kPatterns = {"a+b", "^[^x]{3}", "(a|b)*c$", "\\bfoo(?!bar)", "."};
constexpr std::uint32_t kAllFlags = (bundle::kPrefilterUsed << 1U) - 1U;

// As the bundle reader guarantees it.
Item read_item(Cursor& in, bundle::Model& model) {
    Item i;
    i.kind = kKinds[in.u8() % kKinds.size()];
    i.op = static_cast<bundle::CompareOp>(in.u8() % 12);
    i.flags = in.le32() & kAllFlags;
    i.base = std::array<std::uint8_t, 4>{0, 8, 10, 16}[in.u8() % 4];
    const auto number = [&in](bool slot) -> std::int32_t {
        const auto v = static_cast<std::int16_t>(in.le16());
        return slot ? (v & 7) : v;
    };
    i.offset = number((i.flags & bundle::kOffsetVar) != 0);
    i.depth = number((i.flags & bundle::kDepthVar) != 0);
    i.distance = number((i.flags & bundle::kDistanceVar) != 0);
    i.within = number((i.flags & bundle::kWithinVar) != 0);
    i.nbytes = static_cast<std::uint8_t>(in.u8() % ((i.flags & bundle::kString) != 0 ? 24 : 9));
    i.nbytes = (i.flags & bundle::kNbytesVar) != 0 ? i.nbytes & 7 : i.nbytes;
    i.lo = number(false);
    i.hi = number(false);
    i.mask = in.u8();
    i.multiplier = in.u8();
    i.post_offset = number(false);
    i.var = in.u8() % bundle::kMaxVars;
    i.data_len = 1 + in.u8() % 6U;
    if (i.kind == ItemKind::kPcre) {
        i.data = i.data_len % static_cast<std::uint32_t>(kPatterns.size());
    } else {
        const Bytes bytes = in.take(i.data_len);
        i.data = static_cast<std::uint32_t>(model.blob.size());
        model.blob.insert(model.blob.end(), bytes.begin(), bytes.end());
        model.blob.resize(i.data + i.data_len);
    }
    return i;
}

std::shared_ptr<const bundle::Model> read_model(Cursor& in) {
    auto model = std::make_shared<bundle::Model>();
    model->addresses.push_back({bundle::AddressNode{}});
    model->ports.push_back({bundle::PortRange{}});
    for (const char* p : kPatterns) {
        model->pcres.push_back({p, 0});
    }
    bundle::Rule rule;
    rule.proto = bundle::HeaderProto::kTcp;
    rule.engines.push_back({BufferId::kPayload, {}, {}});
    const std::size_t items = 1 + in.u8() % 6U;
    for (std::size_t k = 0; k < items; ++k) {
        rule.engines[0].items.push_back(read_item(in, *model));
    }
    model->rules.push_back(rule);
    bundle::PrefilterDb db;
    db.always.push_back(0);
    model->databases.push_back(db);
    for (const auto kind : {bundle::PayloadKind::kPacket, bundle::PayloadKind::kStream}) {
        model->payload_groups.push_back({kind,
                                         bundle::HeaderProto::kTcp,
                                         Direction::kToServer,
                                         {bundle::PortClass{bundle::PortRange{}, 0}}});
    }
    return model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Cursor in(Bytes(data, size));
    auto rules = detect::Ruleset::build(read_model(in), detect::SiteVars::defaults(), 1);
    if (!rules) {
        return 0;
    }
    auto scratch = detect::WorkerScratch::create(*rules.value());
    if (!scratch) {
        return 0;
    }
    detect::DetectConfig config;
    config.store.states = 1;
    config.store.pendings = 4;
    detect::DetectStage stage(config);
    stage.install(rules.value().get(), scratch.value().get());
    const std::size_t step = 1 + in.u8() % 32U;
    std::vector<std::uint8_t> bytes;
    const Bytes rest = in.rest();
    bytes.assign(rest.begin(), rest.end());

    detect::MatchList matches;
    packet::ReasonCounters reasons{};
    packet::Packet p;
    p.data = bytes.data();
    p.len = static_cast<std::uint32_t>(bytes.size());
    p.payload_len = p.len;
    p.ip_version = 4;
    p.ip_proto = packet::kProtoTcp;
    p.l4_ok = true;
    stage.inspect_packet(p, matches, reasons);

    const test::LoneFlow memory;
    flow::Flow& flow = *memory;
    flow.ip_proto = packet::kProtoTcp;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::size_t to = std::min(bytes.size(), at + step);
        const std::size_t from = to > 48 ? to - 48 : 0;  // a window that slides
        stream::StreamChunk chunk;
        chunk.flow = &flow;
        chunk.window = Bytes(bytes).subspan(from, to - from);
        chunk.fresh = static_cast<std::uint32_t>(to - at);
        chunk.offset = from;
        chunk.end = to == bytes.size();
        matches.clear();
        stage.inspect_stream(chunk, &p, matches, reasons);
    }
    stage.release(flow);
    return 0;
}
