// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/detect/model_maker.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace sluice::test {

using bundle::Item;
using bundle::ItemKind;

namespace {

struct Literal {
    std::string bytes;
    bool nocase = false;
    bundle::PatternRule target;
};

struct Plan {
    std::vector<Literal> literals;
    std::vector<std::uint32_t> always;
};

bundle::PrefilterDb compile(const Plan& plan) {
    bundle::PrefilterDb db;
    db.always = plan.always;
    db.pattern_first.push_back(0);
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const Literal& l : plan.literals) {
        ids.push_back(static_cast<unsigned>(texts.size()));
        texts.push_back(l.bytes.data());
        lengths.push_back(l.bytes.size());
        flags.push_back(l.nocase ? HS_FLAG_CASELESS : 0U);
        db.pattern_length.push_back(static_cast<std::uint8_t>(l.bytes.size()));
        db.pattern_rules.push_back(l.target);
        db.pattern_first.push_back(static_cast<std::uint32_t>(db.pattern_rules.size()));
    }
    if (texts.empty()) {
        return db;
    }
    hs_database_t* handle = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                             static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &handle,
                             &error) != HS_SUCCESS) {
        throw std::runtime_error(error->message);
    }
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(handle, &bytes, &size) != HS_SUCCESS) {
        throw std::runtime_error("cannot serialize");
    }
    db.serialized.assign(bytes, bytes + size);
    std::free(bytes);
    hs_free_database(handle);
    return db;
}

}  // namespace

bundle::Rule& RuleMaker::rule() {
    return maker_.model.rules[index_];
}

bundle::Engine& RuleMaker::header() {
    std::vector<bundle::Engine>& engines = rule().engines;
    if (engines.empty() || engines.front().buffer != BufferId::kPacketHeader) {
        engines.insert(engines.begin(), bundle::Engine{BufferId::kPacketHeader, {}, {}});
    }
    return engines.front();
}

bundle::Engine& RuleMaker::engine() {
    for (bundle::Engine& e : rule().engines) {
        if (e.buffer == buffer_) {
            return e;
        }
    }
    rule().engines.push_back({buffer_, {}, {}});
    return rule().engines.back();
}

bundle::Item& RuleMaker::last() {
    return engine().items.back();
}

RuleMaker& RuleMaker::proto(bundle::HeaderProto p) {
    rule().proto = p;
    return *this;
}

RuleMaker& RuleMaker::app(AppProto a) {
    rule().app = a;
    return *this;
}

RuleMaker& RuleMaker::action(bundle::Action a) {
    rule().action = a;
    return *this;
}

RuleMaker& RuleMaker::flow(std::uint32_t flags) {
    rule().flow_flags |= flags;
    return *this;
}

RuleMaker& RuleMaker::src(bundle::AddressExpr e) {
    maker_.model.addresses.push_back(std::move(e));
    rule().src = static_cast<std::uint32_t>(maker_.model.addresses.size() - 1);
    return *this;
}

RuleMaker& RuleMaker::dst(bundle::AddressExpr e) {
    maker_.model.addresses.push_back(std::move(e));
    rule().dst = static_cast<std::uint32_t>(maker_.model.addresses.size() - 1);
    return *this;
}

RuleMaker& RuleMaker::dst_ports(bundle::PortSet p) {
    maker_.model.ports.push_back(std::move(p));
    rule().dst_ports = static_cast<std::uint32_t>(maker_.model.ports.size() - 1);
    return *this;
}

RuleMaker& RuleMaker::src_ports(bundle::PortSet p) {
    maker_.model.ports.push_back(std::move(p));
    rule().src_ports = static_cast<std::uint32_t>(maker_.model.ports.size() - 1);
    return *this;
}

RuleMaker& RuleMaker::buffer(BufferId b) {
    buffer_ = b;
    engine();
    return *this;
}

RuleMaker& RuleMaker::transform(bundle::TransformStep t) {
    engine().transforms.push_back(t);
    return *this;
}

RuleMaker& RuleMaker::content(std::string_view text) {
    Item i;
    i.kind = ItemKind::kContent;
    i.data = static_cast<std::uint32_t>(maker_.model.blob.size());
    i.data_len = static_cast<std::uint32_t>(text.size());
    maker_.model.blob.insert(maker_.model.blob.end(), text.begin(), text.end());
    return item(i);
}

RuleMaker& RuleMaker::nocase() {
    return flags(bundle::kNocase);
}

RuleMaker& RuleMaker::negated() {
    return flags(bundle::kNegated);
}

RuleMaker& RuleMaker::offset(int v) {
    last().offset = v;
    return flags(bundle::kHasOffset);
}

RuleMaker& RuleMaker::depth(int v) {
    last().depth = v;
    return flags(bundle::kHasDepth);
}

RuleMaker& RuleMaker::distance(int v) {
    last().distance = v;
    return flags(bundle::kHasDistance);
}

RuleMaker& RuleMaker::within(int v) {
    last().within = v;
    return flags(bundle::kHasWithin);
}

RuleMaker& RuleMaker::startswith() {
    last().depth = static_cast<std::int32_t>(last().data_len);
    return flags(bundle::kStartsWith | bundle::kHasDepth);
}

RuleMaker& RuleMaker::endswith() {
    return flags(bundle::kEndsWith);
}

RuleMaker& RuleMaker::flags(std::uint32_t v) {
    last().flags |= v;
    return *this;
}

RuleMaker& RuleMaker::pcre(std::string_view pattern, std::uint32_t pcre_flags,
                           std::uint32_t item_flags) {
    Item i;
    i.kind = ItemKind::kPcre;
    i.flags = item_flags;
    i.data = static_cast<std::uint32_t>(maker_.model.pcres.size());
    maker_.model.pcres.push_back({std::string(pattern), pcre_flags});
    return item(i);
}

RuleMaker& RuleMaker::isdataat(int n, std::uint32_t item_flags) {
    Item i;
    i.kind = ItemKind::kIsDataAt;
    i.offset = n;
    i.flags = item_flags;
    return item(i);
}

RuleMaker& RuleMaker::item(const Item& i) {
    engine().items.push_back(i);
    return *this;
}

RuleMaker& RuleMaker::number(ItemKind k, bundle::CompareOp op, std::int64_t lo, std::int64_t hi) {
    Item i;
    i.kind = k;
    i.op = op;
    i.lo = lo;
    i.hi = hi;
    header().items.push_back(i);
    return *this;
}

RuleMaker& RuleMaker::flowbit(bundle::FlowbitOp op, const std::vector<std::string>& names) {
    Item i;
    i.kind = ItemKind::kFlowbits;
    i.op = static_cast<bundle::CompareOp>(op);
    i.data = static_cast<std::uint32_t>(maker_.model.bit_names.size());
    i.data_len = static_cast<std::uint32_t>(names.size());
    maker_.model.bit_names.insert(maker_.model.bit_names.end(), names.begin(), names.end());
    header().items.push_back(i);
    return *this;
}

RuleMaker& RuleMaker::header_item(Item i, const std::vector<std::string>& names) {
    i.data = static_cast<std::uint32_t>(maker_.model.bit_names.size());
    i.data_len = static_cast<std::uint32_t>(names.size());
    maker_.model.bit_names.insert(maker_.model.bit_names.end(), names.begin(), names.end());
    header().items.push_back(i);
    return *this;
}

ModelMaker::ModelMaker() {
    model.addresses.push_back({bundle::AddressNode{}});
    model.ports.push_back({bundle::PortRange{}});
}

RuleMaker ModelMaker::rule(std::uint32_t sid) {
    bundle::Rule r;
    r.sid = sid;
    r.proto = bundle::HeaderProto::kTcp;
    model.rules.push_back(r);
    return {*this, model.rules.size() - 1};
}

std::shared_ptr<const bundle::Model> ModelMaker::finish() {
    std::map<BufferId, Plan> buffers;
    std::map<std::tuple<bundle::PayloadKind, bundle::HeaderProto, Direction>, Plan> payloads;
    for (std::uint32_t r = 0; r < model.rules.size(); ++r) {
        const bundle::Rule& rule = model.rules[r];
        std::optional<Literal> literal;
        BufferId where = BufferId::kPacketHeader;
        for (std::uint8_t e = 0; e < rule.engines.size() && !literal; ++e) {
            const bundle::Engine& engine = rule.engines[e];
            if (engine.buffer == BufferId::kPacketHeader || is_header_buffer(engine.buffer)) {
                continue;
            }
            if (where == BufferId::kPacketHeader) {
                where = engine.buffer;
            }
            for (std::uint16_t i = 0;
                 i < engine.items.size() && !literal && engine.transforms.empty(); ++i) {
                const Item& item = engine.items[i];
                if (item.kind != ItemKind::kContent || (item.flags & bundle::kNegated) != 0) {
                    continue;
                }
                const std::size_t at = std::min<std::size_t>(literal_offset, item.data_len - 1U);
                const std::size_t length =
                    std::min<std::size_t>({literal_length, item.data_len - at, 64});
                const auto first = model.blob.begin() + static_cast<std::ptrdiff_t>(item.data + at);
                Literal l;
                l.bytes.assign(first, first + static_cast<std::ptrdiff_t>(length));
                l.nocase = (item.flags & bundle::kNocase) != 0;
                l.target = {r, i, e, static_cast<std::uint8_t>(at), false};
                literal = l;
                where = engine.buffer;
            }
        }
        if (where == BufferId::kPacketHeader) {
            model.packet_rules.push_back(r);
            continue;
        }
        std::vector<Plan*> plans;
        if (where != BufferId::kPayload) {
            plans.push_back(&buffers[where]);
        } else {
            for (const auto kind : {bundle::PayloadKind::kPacket, bundle::PayloadKind::kStream}) {
                const bool stream = kind == bundle::PayloadKind::kStream;
                if ((rule.flow_flags & (stream ? bundle::kRuleStream : bundle::kRulePacket)) == 0) {
                    continue;
                }
                for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
                    plans.push_back(&payloads[{kind, rule.proto, d}]);
                }
            }
        }
        for (Plan* p : plans) {
            if (literal) {
                p->literals.push_back(*literal);
            } else {
                p->always.push_back(r);
            }
        }
    }
    for (const auto& [buffer, plan] : buffers) {
        model.buffer_groups.push_back({buffer, static_cast<std::uint32_t>(model.databases.size())});
        model.databases.push_back(compile(plan));
    }
    for (const auto& [key, plan] : payloads) {
        const auto db = static_cast<std::uint32_t>(model.databases.size());
        model.payload_groups.push_back({std::get<0>(key),
                                        std::get<1>(key),
                                        std::get<2>(key),
                                        {bundle::PortClass{bundle::PortRange{}, db}}});
        model.databases.push_back(compile(plan));
    }
    return std::make_shared<const bundle::Model>(model);
}

}  // namespace sluice::test
