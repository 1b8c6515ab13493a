// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/make_report.h"

#include "signatures/compile/semantic_draft.h"

#include <set>
#include <utility>

namespace sluice::compile {
namespace {

std::string_view proto_text(bundle::HeaderProto proto) {
    switch (proto) {
        case bundle::HeaderProto::kTcp:
            return "tcp";
        case bundle::HeaderProto::kUdp:
            return "udp";
        case bundle::HeaderProto::kIcmp:
            return "icmp";
        case bundle::HeaderProto::kSctp:
            return "sctp";
        case bundle::HeaderProto::kIp:
            break;
    }
    return "other protocols";
}

std::string_view kind_text(bundle::PayloadKind kind) {
    switch (kind) {
        case bundle::PayloadKind::kPacket:
            return " packet";
        case bundle::PayloadKind::kStream:
            return " stream";
        case bundle::PayloadKind::kSegment:
            break;
    }
    return " segment of a stream";
}

std::string place_of(const bundle::PayloadGroup& group, const bundle::PortClass& ports) {
    std::string out(proto_text(group.proto));
    out += kind_text(group.kind);
    out += group.direction == Direction::kToServer ? " to server" : " to client";
    if (ports.range.lo != 0 || ports.range.hi != 65535) {
        out += ", port " + std::to_string(ports.range.lo);
        out += ports.range.hi == ports.range.lo ? "" : "-" + std::to_string(ports.range.hi);
    }
    return out;
}

// Databases serve several places: the first, and how many more.
std::vector<std::string> places_of(const bundle::Model& model) {
    std::vector<std::string> first(model.databases.size());
    std::vector<std::size_t> more(model.databases.size());
    const auto add = [&](std::uint32_t db, std::string place) {
        if (first[db].empty()) {
            first[db] = std::move(place);
        } else {
            ++more[db];
        }
    };
    for (const bundle::BufferGroup& group : model.buffer_groups) {
        add(group.db, std::string(buffer_text(group.buffer)));
    }
    for (const bundle::PayloadGroup& group : model.payload_groups) {
        for (const bundle::PortClass& ports : group.ports) {
            add(ports.db, place_of(group, ports));
        }
    }
    for (const bundle::JointDb& joint : model.joint_dbs) {
        add(joint.both, first[joint.stream] + " with " + first[joint.body]);
    }
    for (std::size_t i = 0; i < first.size(); ++i) {
        first[i] += more[i] == 0 ? "" : " and " + std::to_string(more[i]) + " more";
    }
    return first;
}

std::size_t pcre_bytes(const bundle::Model& model, const bundle::Rule& rule) {
    std::size_t bytes = 0;
    for (const bundle::Engine& engine : rule.engines) {
        for (const bundle::Item& item : engine.items) {
            bytes +=
                item.kind == bundle::ItemKind::kPcre ? model.pcres[item.data].pattern.size() : 0;
        }
    }
    return bytes;
}

DatabaseCost cost_of(const bundle::PrefilterDb& db, std::string place, const EmitCost& emitted) {
    std::set<std::uint32_t> rules;
    for (const bundle::PatternRule& r : db.pattern_rules) {
        rules.insert(r.rule);
    }
    return {std::move(place),     db.pattern_length.size(), rules.size(),      db.always.size(),
            db.serialized.size(), emitted.seconds,          emitted.remembered};
}

}  // namespace

CompileReport make_report(const bundle::Model& model, const std::vector<Prefilter>& prefilters,
                          std::vector<PcreCost> pcres, const std::vector<EmitCost>& costs) {
    CompileReport out;
    out.pcres = std::move(pcres);
    for (const PcreCost& pcre : out.pcres) {
        out.pcre_seconds += pcre.seconds;
        out.over_budget += pcre.over_budget ? 1U : 0U;
    }
    for (std::size_t i = 0; i < model.rules.size(); ++i) {
        const bundle::Rule& rule = model.rules[i];
        const Prefilter& p = prefilters[i];
        out.rules.push_back(
            {rule.gid, rule.sid, p.kind, p.buffer, p.literal, p.cost, pcre_bytes(model, rule)});
    }
    std::vector<std::string> places = places_of(model);
    for (std::size_t i = 0; i < model.databases.size(); ++i) {
        out.databases.push_back(cost_of(model.databases[i], std::move(places[i]), costs[i]));
        out.database_seconds += costs[i].seconds;
    }
    return out;
}

}  // namespace sluice::compile
