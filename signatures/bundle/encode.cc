// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/encode.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::bundle {

namespace {

class Encoder {
  public:
    explicit Encoder(const Model& model) : model_(model) {}

    Sections run() {
        manifest();
        out(SectionId::kBlob).raw(model_.blob);
        rules();
        addresses();
        ports();
        pcres();
        bit_names();
        databases();
        buffer_groups();
        payload_groups();
        packet_rules();
        coverage();
        domain_rules();
        joint_dbs();
        texts();
        return std::move(sections_);
    }

  private:
    Out& out(SectionId id) { return sections_[index_of(id)]; }

    // Texts are kept apart, in the order in which the records that own them are read.
    void text(std::string_view s) {
        text_lengths_.count(s.size());
        text_bytes_.text(s);
        ++texts_;
    }

    void head(Out& o, std::size_t count, std::size_t second = 0) {
        o.count(count);
        o.count(second);
    }

    void manifest() {
        Out& o = out(SectionId::kManifest);
        const Manifest& m = model_.manifest;
        o.u64(m.version);
        o.u64(m.previous_version);
        o.i64(m.created_at);
        o.i64(m.expires_at);
        o.u32(m.min_engine);
        o.count(m.name.size());
        o.count(m.hs_version.size());
        o.u32(0);
        o.text(m.name);
        o.text(m.hs_version);
    }

    void texts() {
        Out& o = out(SectionId::kTexts);
        head(o, texts_);
        o.raw(text_lengths_.view());
        o.raw(text_bytes_.view());
    }

    void item(Out& o, const Item& i) {
        o.tag(i.kind);
        o.tag(i.op);
        o.u8(i.nbytes);
        o.u8(i.base);
        o.u32(i.flags);
        o.i32(i.offset);
        o.i32(i.depth);
        o.i32(i.distance);
        o.i32(i.within);
        o.i64(i.lo);
        o.i64(i.hi);
        o.u64(i.mask);
        o.u32(i.multiplier);
        o.i32(i.post_offset);
        o.u32(i.var);
        o.u32(i.data);
        o.u32(i.data_len);
        o.u32(0);
    }

    void engine(Out& o, const Engine& e) {
        o.tag(e.buffer);
        o.u8(static_cast<std::uint8_t>(e.transforms.size()));
        o.u16(static_cast<std::uint16_t>(e.items.size()));
        for (const TransformStep& t : e.transforms) {
            o.tag(t.kind);
            if (takes_data(t.kind)) {
                Out& data = out(SectionId::kTransformData);
                data.u32(t.data);
                data.u32(t.data_len);
            }
        }
        o.zeros(kMaxTransforms - e.transforms.size());
        o.u32(0);
        for (const Item& i : e.items) {
            item(out(SectionId::kItems), i);
        }
    }

    static void filter(Out& o, const Filter& f) {
        o.tag(f.kind);
        o.tag(f.threshold);
        o.tag(f.track);
        o.tag(f.action);
        o.u32(f.count);
        o.u32(f.seconds);
        o.u32(f.timeout);
        o.u32(f.addresses);
        o.u32(0);
    }

    void rule_texts(const Rule& r) {
        text(r.msg);
        text(r.classtype);
        text(r.category);
        for (const std::string& s : r.references) {
            text(s);
        }
        for (const auto& [key, value] : r.metadata) {
            text(key);
            text(value);
        }
        for (const std::string& s : r.cves) {
            text(s);
        }
    }

    void rule(Out& o, const Rule& r) {
        o.u32(r.sid);
        o.u32(r.gid);
        o.u32(r.rev);
        o.u32(r.priority);
        o.tag(r.action);
        o.tag(r.reject_to);
        o.tag(r.proto);
        o.tag(r.app);
        o.u32(r.flow_flags);
        o.u32(r.src);
        o.u32(r.dst);
        o.u32(r.src_ports);
        o.u32(r.dst_ports);
        o.tag(r.threshold.kind);
        o.tag(r.threshold.track);
        o.flag(r.required);
        o.u8(static_cast<std::uint8_t>(r.engines.size()));
        o.u32(r.threshold.count);
        o.u32(r.threshold.seconds);
        o.u16(static_cast<std::uint16_t>(r.references.size()));
        o.u16(static_cast<std::uint16_t>(r.metadata.size()));
        o.u16(static_cast<std::uint16_t>(r.cves.size()));
        o.u16(static_cast<std::uint16_t>(r.filters.size()));
        o.u8(static_cast<std::uint8_t>(r.tags.size()));
        o.zeros(3);
        rule_texts(r);
        for (const Filter& f : r.filters) {
            filter(out(SectionId::kFilters), f);
        }
        for (const Tag& t : r.tags) {
            Out& tags = out(SectionId::kTags);
            tags.tag(t.scope);
            tags.tag(t.metric);
            tags.u16(0);
            tags.u32(t.count);
        }
        for (const Engine& e : r.engines) {
            engine(out(SectionId::kEngines), e);
        }
    }

    void rules() {
        std::size_t engines = 0;
        std::size_t items = 0;
        std::size_t transform_data = 0;
        std::size_t filters = 0;
        std::size_t tags = 0;
        for (const Rule& r : model_.rules) {
            engines += r.engines.size();
            filters += r.filters.size();
            tags += r.tags.size();
            for (const Engine& e : r.engines) {
                items += e.items.size();
                transform_data += static_cast<std::size_t>(
                    std::count_if(e.transforms.begin(), e.transforms.end(),
                                  [](const TransformStep& t) { return takes_data(t.kind); }));
            }
        }
        head(out(SectionId::kRules), model_.rules.size());
        head(out(SectionId::kEngines), engines);
        head(out(SectionId::kItems), items);
        head(out(SectionId::kTransformData), transform_data);
        head(out(SectionId::kFilters), filters);
        head(out(SectionId::kTags), tags);
        for (const Rule& r : model_.rules) {
            rule(out(SectionId::kRules), r);
        }
    }

    void addresses() {
        Out& o = out(SectionId::kAddresses);
        std::size_t nodes = 0;
        for (const AddressExpr& expr : model_.addresses) {
            nodes += expr.size();
        }
        head(o, model_.addresses.size(), nodes);
        for (const AddressExpr& expr : model_.addresses) {
            o.count(expr.size());
        }
        for (const AddressExpr& expr : model_.addresses) {
            for (const AddressNode& n : expr) {
                o.tag(n.kind);
                o.flag(n.negated);
                o.u16(0);
                o.u32(n.count);
                o.raw(n.lo);
                o.raw(n.hi);
                text(n.variable);
            }
        }
    }

    void ports() {
        Out& o = out(SectionId::kPorts);
        std::size_t ranges = 0;
        for (const PortSet& set : model_.ports) {
            ranges += set.size();
        }
        head(o, model_.ports.size(), ranges);
        for (const PortSet& set : model_.ports) {
            o.count(set.size());
        }
        for (const PortSet& set : model_.ports) {
            for (const PortRange& r : set) {
                o.u16(r.lo);
                o.u16(r.hi);
            }
        }
    }

    void pcres() {
        Out& o = out(SectionId::kPcres);
        head(o, model_.pcres.size());
        for (const Pcre& p : model_.pcres) {
            o.u32(p.flags);
            text(p.pattern);
        }
    }

    void bit_names() {
        head(out(SectionId::kBitNames), model_.bit_names.size());
        for (const std::string& s : model_.bit_names) {
            text(s);
        }
    }

    void database_arrays(Out& o, const PrefilterDb& db) {
        o.raw(db.serialized);
        o.pad(kAlign);
        o.raw(db.pattern_length);
        o.pad(kAlign);
        for (std::uint32_t v : db.pattern_first) {
            o.u32(v);
        }
        o.pad(kAlign);
        for (const PatternRule& p : db.pattern_rules) {
            o.u32(p.rule);
            o.u16(p.item);
            o.u8(p.engine);
            o.u8(p.literal_offset);
            o.flag(p.from_pcre);
            o.flag(p.segment);
            o.zeros(2);
        }
        o.pad(kAlign);
        for (std::uint32_t v : db.always) {
            o.u32(v);
        }
        o.pad(kAlign);
    }

    void databases() {
        Out& o = out(SectionId::kDatabases);
        head(o, model_.databases.size());
        for (const PrefilterDb& db : model_.databases) {
            o.u64(db.serialized.size());
            o.count(db.pattern_length.size());
            o.count(db.pattern_first.size());
            o.count(db.pattern_rules.size());
            o.count(db.always.size());
            o.u64(0);
        }
        for (const PrefilterDb& db : model_.databases) {
            database_arrays(o, db);
        }
    }

    void buffer_groups() {
        Out& o = out(SectionId::kBufferGroups);
        head(o, model_.buffer_groups.size());
        for (const BufferGroup& g : model_.buffer_groups) {
            o.tag(g.buffer);
            o.zeros(3);
            o.u32(g.db);
        }
    }

    void domain_rules() {
        Out& o = out(SectionId::kDomainRules);
        head(o, model_.domain_rules.size());
        for (const DomainRule& d : model_.domain_rules) {
            o.tag(d.buffer);
            o.u8(d.engine);
            o.u16(d.item);
            o.u32(d.rule);
        }
    }

    void joint_dbs() {
        Out& o = out(SectionId::kJointDbs);
        head(o, model_.joint_dbs.size());
        for (const JointDb& j : model_.joint_dbs) {
            o.u32(j.stream);
            o.u32(j.body);
            o.u32(j.both);
            o.tag(j.direction);
            o.zeros(3);
        }
    }

    void payload_groups() {
        Out& o = out(SectionId::kPayloadGroups);
        std::size_t classes = 0;
        for (const PayloadGroup& g : model_.payload_groups) {
            classes += g.ports.size();
        }
        head(o, model_.payload_groups.size(), classes);
        for (const PayloadGroup& g : model_.payload_groups) {
            o.tag(g.kind);
            o.tag(g.proto);
            o.tag(g.direction);
            o.u8(0);
            o.count(g.ports.size());
        }
        for (const PayloadGroup& g : model_.payload_groups) {
            for (const PortClass& c : g.ports) {
                o.u16(c.range.lo);
                o.u16(c.range.hi);
                o.u32(c.db);
            }
        }
    }

    void packet_rules() {
        Out& o = out(SectionId::kPacketRules);
        head(o, model_.packet_rules.size());
        for (std::uint32_t v : model_.packet_rules) {
            o.u32(v);
        }
    }

    void coverage() {
        Out& o = out(SectionId::kCoverage);
        std::size_t sids = 0;
        for (const CveCoverage& c : model_.coverage) {
            sids += c.sids.size();
        }
        head(o, model_.coverage.size(), sids);
        for (const CveCoverage& c : model_.coverage) {
            o.flag(c.required);
            o.zeros(3);
            o.count(c.sids.size());
            text(c.cve);
            text(c.status);
        }
        for (const CveCoverage& c : model_.coverage) {
            for (std::uint32_t sid : c.sids) {
                o.u32(sid);
            }
        }
    }

    const Model& model_;
    Sections sections_;
    Out text_lengths_;
    Out text_bytes_;
    std::size_t texts_ = 0;
};

}  // namespace

Sections encode_sections(const Model& model) {
    return Encoder(model).run();
}

}  // namespace sluice::bundle
