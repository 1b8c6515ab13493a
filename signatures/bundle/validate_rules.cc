// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/known.h"
#include "signatures/bundle/validate.h"

#include <array>
#include <string>
#include <utility>

namespace sluice::bundle {

namespace {

bool is_slot(std::int64_t v) {
    return v >= 0 && v < static_cast<std::int64_t>(kMaxVars);
}

bool in_range(std::uint32_t first, std::uint32_t count, std::size_t size) {
    return std::uint64_t{first} + count <= size;
}

const char* slot_fault(const Item& item) {
    const bool good = ((item.flags & kOffsetVar) == 0 || is_slot(item.offset)) &&
                      ((item.flags & kDepthVar) == 0 || is_slot(item.depth)) &&
                      ((item.flags & kDistanceVar) == 0 || is_slot(item.distance)) &&
                      ((item.flags & kWithinVar) == 0 || is_slot(item.within)) &&
                      ((item.flags & kNbytesVar) == 0 || is_slot(item.nbytes)) &&
                      (item.kind == ItemKind::kChecksum || is_slot(item.var));
    return good ? nullptr : "variable slot is out of range";
}

// byte_*: a binary number has up to 8 bytes, digits as text up to 23 (64 bits in octal and a sign).
const char* number_fault(const Item& item) {
    const bool text = (item.flags & kString) != 0;
    if ((item.flags & kNbytesVar) == 0 && item.nbytes > (text ? 23 : 8)) {
        return "too many bytes for a number";
    }
    const bool base_good = item.base == 0 || item.base == 8 || item.base == 10 || item.base == 16;
    return base_good ? nullptr : "unknown number base";
}

const char* bits_fault(const Item& item, const Model& model) {
    // Items keep FlowbitOp in the field that holds CompareOp for all others.
    if (!known(static_cast<FlowbitOp>(item.op))) {
        return "unknown flowbits operation";
    }
    if (item.data_len == 0 || !in_range(item.data, item.data_len, model.bit_names.size())) {
        return "bit name index is out of range";
    }
    return nullptr;
}

bool names_fit(const Item& item, const Model& model) {
    return item.data_len != 0 && in_range(item.data, item.data_len, model.bit_names.size());
}

const char* operation_fault(const Item& item, const Model& model) {
    if (item.kind == ItemKind::kFlowint &&
        (!known(static_cast<FlowintOp>(item.nbytes)) || !names_fit(item, model) ||
         item.data_len != ((item.flags & kValueVar) != 0 ? 2U : 1U))) {
        return "flowint operation or name is out of range";
    }
    if (item.kind == ItemKind::kEvent && !names_fit(item, model)) {
        return "event name is out of range";
    }
    if (item.kind == ItemKind::kByteMath &&
        (item.hi < 0 || item.hi > UINT8_MAX || !known(static_cast<MathOp>(item.hi)))) {
        return "unknown operation of byte_math";
    }
    if (item.kind == ItemKind::kChecksum && !known(static_cast<ChecksumOf>(item.var))) {
        return "unknown checksum";
    }
    return nullptr;
}

const char* data_fault(const Item& item, const Model& model) {
    if (item.kind == ItemKind::kFlowbits || item.kind == ItemKind::kXbits) {
        const bool owned =
            item.kind == ItemKind::kFlowbits || known(static_cast<BitOwner>(item.var));
        return owned ? bits_fault(item, model) : "unknown owner of a bit";
    }
    if (const char* fault = operation_fault(item, model); fault != nullptr) {
        return fault;
    }
    if (!known(item.op)) {
        return "unknown operator";
    }
    if (item.kind == ItemKind::kContent &&
        (item.data_len == 0 || item.data_len > kMaxTextBytes ||
         !in_range(item.data, item.data_len, model.blob.size()))) {
        return "content is outside the blob";
    }
    if (item.kind == ItemKind::kPcre && item.data >= model.pcres.size()) {
        return "pcre index is out of range";
    }
    return nullptr;
}

const char* item_fault(const Item& item, const Engine& engine, const Model& model) {
    const ItemPlace place = place_of(item.kind);
    if (place == ItemPlace::kNowhere) {
        return "unknown item kind";
    }
    if ((place == ItemPlace::kHeader) != (engine.buffer == BufferId::kPacketHeader)) {
        return "item does not fit its buffer";
    }
    if ((item.flags & ~kKnownItemFlags) != 0) {
        return "unknown item flags";
    }
    if (const char* fault = slot_fault(item); fault != nullptr) {
        return fault;
    }
    if (const char* fault = number_fault(item); fault != nullptr) {
        return fault;
    }
    return data_fault(item, model);
}

const char* engine_fault(const Engine& engine, const Model& model) {
    if (!known(engine.buffer)) {
        return "unknown buffer";
    }
    if (engine.transforms.size() > kMaxTransforms || engine.items.size() > kMaxItems) {
        return "too many transforms or items";
    }
    for (const TransformStep& t : engine.transforms) {
        if (!known(t.kind)) {
            return "unknown transform";
        }
        if (t.kind == Transform::kPcreXform && t.data >= model.pcres.size()) {
            return "transform's pcre is out of range";
        }
        if (t.kind == Transform::kXor &&
            (t.data_len == 0 || !in_range(t.data, t.data_len, model.blob.size()))) {
            return "transform's key is outside the blob";
        }
        if (!takes_data(t.kind) && (t.data != 0 || t.data_len != 0)) {
            return "transform takes no data";
        }
    }
    for (const Item& item : engine.items) {
        if (const char* fault = item_fault(item, engine, model); fault != nullptr) {
            return fault;
        }
    }
    return nullptr;
}

// Engines come as header, payload, others: users stop early on this.
int rank_of(BufferId buffer) {
    if (buffer == BufferId::kPacketHeader) {
        return 0;
    }
    return buffer == BufferId::kPayload ? 1 : 2;
}

const char* engines_fault(const Rule& rule, const Model& model) {
    if (rule.engines.size() > kMaxEngines) {
        return "too many engines";
    }
    int rank = 0;
    for (const Engine& engine : rule.engines) {
        if (const char* fault = engine_fault(engine, model); fault != nullptr) {
            return fault;
        }
        if (rank_of(engine.buffer) < rank) {
            return "engines are out of order";
        }
        rank = rank_of(engine.buffer);
    }
    return nullptr;
}

bool texts_fit(const Rule& rule) {
    bool fit = rule.msg.size() <= kMaxTextBytes && rule.classtype.size() <= kMaxTextBytes &&
               rule.category.size() <= kMaxTextBytes && rule.references.size() <= UINT16_MAX &&
               rule.metadata.size() <= UINT16_MAX && rule.cves.size() <= UINT16_MAX;
    for (const std::string& s : rule.references) {
        fit = fit && s.size() <= kMaxTextBytes;
    }
    for (const auto& [key, value] : rule.metadata) {
        fit = fit && key.size() <= kMaxTextBytes && value.size() <= kMaxTextBytes;
    }
    for (const std::string& s : rule.cves) {
        fit = fit && s.size() <= kMaxTextBytes;
    }
    return fit;
}

const char* filter_fault(const Filter& f, const Model& model) {
    if (!known(f.kind) || !known(f.threshold) || !known(f.track) || !known(f.action)) {
        return "unknown filter";
    }
    if (f.kind != FilterKind::kSuppress && f.count == 0) {
        return "filter's count is 0";
    }
    if (f.kind == FilterKind::kSuppress && f.addresses >= model.addresses.size()) {
        return "filter's address index is out of range";
    }
    if (f.kind == FilterKind::kThreshold && f.threshold == ThresholdKind::kNone) {
        return "filter without a threshold";
    }
    return nullptr;
}

const char* tags_fault(const std::vector<Tag>& tags) {
    std::array<bool, kMaxTags> seen{};
    for (const Tag& t : tags) {
        if (!known(t.scope) || !known(t.metric)) {
            return "unknown tag";
        }
        if (std::exchange(seen[static_cast<std::size_t>(t.scope)], true)) {
            return "two tags of one scope";
        }
    }
    return nullptr;
}

const char* rule_fault(const Rule& rule, const Model& model) {
    if (!known(rule.action) || !known(rule.reject_to) || !known(rule.proto) || !known(rule.app)) {
        return "unknown action or protocol";
    }
    if ((rule.flow_flags & ~kKnownFlowFlags) != 0) {
        return "unknown flow flags";
    }
    if (rule.src >= model.addresses.size() || rule.dst >= model.addresses.size()) {
        return "address index is out of range";
    }
    if (rule.src_ports >= model.ports.size() || rule.dst_ports >= model.ports.size()) {
        return "port index is out of range";
    }
    if (!known(rule.threshold.kind) || !known(rule.threshold.track)) {
        return "unknown threshold";
    }
    // Users divide by it.
    if (rule.threshold.kind != ThresholdKind::kNone && rule.threshold.count == 0) {
        return "threshold count is 0";
    }
    for (const Filter& f : rule.filters) {
        if (const char* fault = filter_fault(f, model); fault != nullptr) {
            return fault;
        }
    }
    if (rule.filters.size() > UINT16_MAX) {
        return "too many filters";
    }
    if (const char* fault = tags_fault(rule.tags); fault != nullptr) {
        return fault;
    }
    if (!texts_fit(rule)) {
        return "text too long";
    }
    return engines_fault(rule, model);
}

}  // namespace

Status validate_rules(const Model& model) {
    for (std::size_t i = 0; i < model.rules.size(); ++i) {
        if (const char* fault = rule_fault(model.rules[i], model); fault != nullptr) {
            return Error{.code = ErrorCode::kInvalid,
                         .message = "rule " + std::to_string(i) + " (sid " +
                                    std::to_string(model.rules[i].sid) + "): " + fault};
        }
    }
    return ok_status();
}

}  // namespace sluice::bundle
