// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/buffer_mask.h"
#include "signatures/bundle/known.h"
#include "signatures/bundle/validate.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bundle {

namespace {

Error invalid(const char* what, std::size_t index, const char* fault) {
    return Error{.code = ErrorCode::kInvalid,
                 .message = std::string(what) + " " + std::to_string(index) + ": " + fault};
}

bool ascending_rules(const std::vector<std::uint32_t>& rules, std::size_t rule_count) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i] >= rule_count || (i > 0 && rules[i] <= rules[i - 1])) {
            return false;
        }
    }
    return true;
}

bool ranges_tile(const PrefilterDb& db) {
    const std::size_t patterns = db.pattern_length.size();
    if (patterns == 0) {
        return db.pattern_rules.empty() && db.serialized.empty() &&
               (db.pattern_first.empty() ||
                (db.pattern_first.size() == 1 && db.pattern_first[0] == 0));
    }
    if (db.serialized.empty() || db.pattern_first.size() != patterns + 1 ||
        db.pattern_first[0] != 0) {
        return false;
    }
    for (std::size_t i = 0; i < patterns; ++i) {
        if (db.pattern_first[i] > db.pattern_first[i + 1]) {
            return false;
        }
    }
    return db.pattern_first[patterns] == db.pattern_rules.size();
}

// A hit ending at e puts the content at e - length - literal_offset, and the engine trusts that
// this lies in the content.
const char* pattern_rule_fault(const PatternRule& p, std::uint8_t length, BufferMask buffers,
                               const Model& model) {
    if (p.rule >= model.rules.size()) {
        return "rule index is out of range";
    }
    const Rule& rule = model.rules[p.rule];
    if (p.engine >= rule.engines.size()) {
        return "engine index is out of range";
    }
    const Engine& engine = rule.engines[p.engine];
    if (p.item >= engine.items.size()) {
        return "item index is out of range";
    }
    if (!buffers.empty() && !buffers.has(engine.buffer)) {
        return "engine looks at another buffer than the group";
    }
    const Item& item = engine.items[p.item];
    if (p.segment && (p.from_pcre || engine.buffer != BufferId::kPayload)) {
        return "not a literal of a payload, but for segments";
    }
    if (p.from_pcre) {
        return item.kind == ItemKind::kPcre && length == 0 && p.literal_offset == 0
                   ? nullptr
                   : "not a pcre pattern";
    }
    if (item.kind != ItemKind::kContent || (item.flags & kNegated) != 0 || length == 0) {
        return "not a literal of a content";
    }
    if (std::uint32_t{p.literal_offset} + length > item.data_len) {
        return "literal lies outside its content";
    }
    return nullptr;
}

const char* db_fault(const PrefilterDb& db, BufferMask buffers, const Model& model) {
    if (!ranges_tile(db)) {
        return "pattern ranges do not add up";
    }
    if (!ascending_rules(db.always, model.rules.size())) {
        return "always rules are out of range or order";
    }
    for (std::size_t i = 0; i < db.pattern_length.size(); ++i) {
        if (db.pattern_length[i] > kMaxLiteral) {
            return "literal is too long";
        }
        for (std::uint32_t k = db.pattern_first[i]; k < db.pattern_first[i + 1]; ++k) {
            const PatternRule& p = db.pattern_rules[k];
            if (k > db.pattern_first[i] && p.rule < db.pattern_rules[k - 1].rule) {
                return "rules of a pattern are out of order";
            }
            if (const char* fault = pattern_rule_fault(p, db.pattern_length[i], buffers, model);
                fault != nullptr) {
                return fault;
            }
        }
    }
    return nullptr;
}

// Which buffers each database is scanned over; none: not yet known. A database serves the payload
// or application buffers, not both: its 'always' rules are candidates wherever it is scanned.
class DbBuffers {
  public:
    explicit DbBuffers(std::size_t databases) : buffers_(databases) {}

    const char* claim(std::uint32_t db, BufferId buffer) {
        if (db >= buffers_.size()) {
            return "database index is out of range";
        }
        constexpr BufferMask kPayload = mask_of(BufferId::kPayload);
        buffers_[db] |= mask_of(buffer);
        return !buffers_[db].has(BufferId::kPayload) || buffers_[db] == kPayload
                   ? nullptr
                   : "database serves the payload and an application buffer";
    }

    BufferMask of(std::size_t db) const { return buffers_[db]; }

    // REQUIRES: all groups have claimed theirs, add() was not called.
    const char* joint_fault(const JointDb& j) const {
        if (std::max({j.stream, j.body, j.both}) >= buffers_.size()) {
            return "database index is out of range";
        }
        if (buffers_[j.stream] != mask_of(BufferId::kPayload) || buffers_[j.body].empty() ||
            !is_streaming_buffer(buffers_[j.body].first()) ||
            buffers_[j.body].has(BufferId::kPayload)) {
            return "not the databases of a stream and of a body";
        }
        if (!buffers_[j.both].empty()) {
            return "joint database is one of a group";
        }
        return nullptr;
    }

    // The joint database is over the bytes of both.
    void add(const JointDb& j) { buffers_[j.both] |= buffers_[j.stream] | buffers_[j.body]; }

  private:
    std::vector<BufferMask> buffers_;
};

const char* ports_fault(const PayloadGroup& group, DbBuffers& buffers) {
    std::uint32_t next = 0;
    for (const PortClass& c : group.ports) {
        if (c.range.lo != next || c.range.hi < c.range.lo) {
            return "port classes are not sorted and covering";
        }
        next = std::uint32_t{c.range.hi} + 1;
        if (const char* fault = buffers.claim(c.db, BufferId::kPayload); fault != nullptr) {
            return fault;
        }
    }
    return next == 65536 ? nullptr : "port classes do not cover all ports";
}

const char* payload_group_fault(const PayloadGroup& group, DbBuffers& buffers) {
    if (!known(group.kind) || !known(group.proto) || !known(group.direction)) {
        return "unknown kind, protocol or direction";
    }
    const bool has_ports = group.proto == HeaderProto::kTcp || group.proto == HeaderProto::kUdp ||
                           group.proto == HeaderProto::kSctp;
    if (!has_ports && group.ports.size() != 1) {
        return "port classes for a protocol without ports";
    }
    return ports_fault(group, buffers);
}

Status validate_buffer_groups(const Model& model, DbBuffers& buffers) {
    std::array<std::size_t, kBufferCount> seen{};
    for (std::size_t i = 0; i < model.buffer_groups.size(); ++i) {
        const BufferGroup& group = model.buffer_groups[i];
        if (!known(group.buffer) || group.buffer == BufferId::kPacketHeader ||
            group.buffer == BufferId::kPayload) {
            return invalid("buffer group", i, "not an application buffer");
        }
        if (++seen[index_of(group.buffer)] > kMaxGroupsPerPlace) {
            return invalid("buffer group", i, "too many groups for its buffer");
        }
        if (const char* fault = buffers.claim(group.db, group.buffer); fault != nullptr) {
            return invalid("buffer group", i, fault);
        }
    }
    return ok_status();
}

const char* domain_rule_fault(const DomainRule& d, const Model& model) {
    if (!known(d.buffer) || d.rule >= model.rules.size()) {
        return "buffer or rule index is out of range";
    }
    const Rule& rule = model.rules[d.rule];
    if (d.engine >= rule.engines.size() || d.item >= rule.engines[d.engine].items.size()) {
        return "engine or item index is out of range";
    }
    const Item& item = rule.engines[d.engine].items[d.item];
    if (rule.engines[d.engine].buffer != d.buffer || is_streaming_buffer(d.buffer) ||
        d.buffer == BufferId::kPacketHeader) {
        return "engine looks at another buffer, or at one that has no end";
    }
    if (item.kind != ItemKind::kContent || (item.flags & kNegated) != 0 ||
        item.data_len > kMaxDomainText) {
        return "not a content of a domain";
    }
    return nullptr;
}

Status validate_domain_rules(const Model& model) {
    for (std::size_t i = 0; i < model.domain_rules.size(); ++i) {
        const char* fault = domain_rule_fault(model.domain_rules[i], model);
        if (fault != nullptr) {
            return invalid("domain rule", i, fault);
        }
    }
    return ok_status();
}

Status validate_payload_groups(const Model& model, DbBuffers& buffers) {
    std::array<std::size_t, 64> seen{};  // kind, protocol and direction in 1, 3 and 1 bits
    for (std::size_t i = 0; i < model.payload_groups.size(); ++i) {
        const PayloadGroup& group = model.payload_groups[i];
        if (const char* fault = payload_group_fault(group, buffers); fault != nullptr) {
            return invalid("payload group", i, fault);
        }
        const std::size_t key = static_cast<std::size_t>(group.kind) * 16 +
                                static_cast<std::size_t>(group.proto) * 2 +
                                index_of(group.direction);
        if (++seen[key] > kMaxGroupsPerPlace) {
            return invalid("payload group", i,
                           "too many groups for its kind, protocol and direction");
        }
    }
    return ok_status();
}

// Scanned instead of two others, so it must find what they find.
const char* joint_content_fault(const Model& model, const JointDb& j) {
    const auto rules = [&](std::uint32_t db) { return model.databases[db].pattern_rules.size(); };
    return rules(j.both) == rules(j.stream) + rules(j.body) &&
                   model.databases[j.both].always == model.databases[j.stream].always
               ? nullptr
               : "joint database does not have what both have";
}

Status validate_joint_dbs(const Model& model, DbBuffers& buffers) {
    for (std::size_t i = 0; i < model.joint_dbs.size(); ++i) {
        const JointDb& j = model.joint_dbs[i];
        const auto key = [&](std::size_t k) {
            return std::pair(model.joint_dbs[k].stream, model.joint_dbs[k].direction);
        };
        if (i != 0 && key(i) <= key(i - 1)) {
            return invalid("joint database", i, "not ascending by stream and direction");
        }
        const char* fault = known(j.direction) ? buffers.joint_fault(j) : "unknown direction";
        fault = fault != nullptr ? fault : joint_content_fault(model, j);
        if (fault != nullptr) {
            return invalid("joint database", i, fault);
        }
    }
    for (const JointDb& j : model.joint_dbs) {
        buffers.add(j);
    }
    return ok_status();
}

}  // namespace

Status validate_lookup(const Model& model) {
    DbBuffers buffers(model.databases.size());
    if (Status s = validate_buffer_groups(model, buffers); !s.ok()) {
        return s;
    }
    if (Status s = validate_payload_groups(model, buffers); !s.ok()) {
        return s;
    }
    if (Status s = validate_joint_dbs(model, buffers); !s.ok()) {
        return s;
    }
    for (std::size_t i = 0; i < model.databases.size(); ++i) {
        if (const char* fault = db_fault(model.databases[i], buffers.of(i), model);
            fault != nullptr) {
            return invalid("database", i, fault);
        }
    }
    if (Status s = validate_domain_rules(model); !s.ok()) {
        return s;
    }
    if (!ascending_rules(model.packet_rules, model.rules.size())) {
        return Error{.code = ErrorCode::kInvalid,
                     .message = "packet rules are out of range or order"};
    }
    return ok_status();
}

}  // namespace sluice::bundle
