// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/crew.h"
#include "dataplane/base/huge_pages.h"
#include "signatures/bundle/encode.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::bundle {

namespace {

// A Cursor over one section that also fails on what a writer never writes.
class Section {
  public:
    Section() : cursor_(Bytes{}) {}

    explicit Section(Bytes bytes) : cursor_(bytes) {}

    bool ok() const { return cursor_.ok(); }

    bool finished() const { return cursor_.ok() && cursor_.remaining() == 0; }

    std::uint8_t u8() { return cursor_.u8(); }

    std::uint16_t u16() { return cursor_.le16(); }

    std::uint32_t u32() { return cursor_.le32(); }

    std::uint64_t u64() { return cursor_.le64(); }

    std::int32_t i32() { return static_cast<std::int32_t>(u32()); }

    std::int64_t i64() { return static_cast<std::int64_t>(u64()); }

    Bytes take(std::size_t n) { return cursor_.take(n); }

    // Any value: validate() judges it.
    template <typename E>
    E tag() {
        return static_cast<E>(u8());
    }

    bool flag() {
        const std::uint8_t v = u8();
        if (v > 1) {
            cursor_.fail();
        }
        return v == 1;
    }

    void zeros(std::size_t n) {
        const Bytes b = take(n);
        if (!std::all_of(b.begin(), b.end(), [](std::uint8_t v) { return v == 0; })) {
            cursor_.fail();
        }
    }

    void pad(std::size_t align) { zeros((align - cursor_.offset() % align) % align); }

    // A count of records of that size which must still follow: what bounds every allocation. 0
    // after a failure.
    std::size_t count(std::size_t record_bytes) { return fits(u32(), record_bytes); }

    std::size_t fits(std::uint64_t n, std::size_t record_bytes) {
        if (n > cursor_.remaining() / record_bytes) {
            cursor_.fail();
            return 0;
        }
        return static_cast<std::size_t>(n);
    }

    void fail() { cursor_.fail(); }

    std::size_t remaining() const { return cursor_.remaining(); }

  private:
    Cursor cursor_;
};

class Decoder {
  public:
    Decoder(const SectionBytes& bytes, Manifest manifest) {
        for (std::size_t i = 0; i < kSectionCount; ++i) {
            sections_[i] = Section(bytes[i]);
        }
        const Bytes blob = bytes[index_of(SectionId::kBlob)];
        model_.manifest = std::move(manifest);
        model_.blob.assign(blob.begin(), blob.end());
        sections_[index_of(SectionId::kBlob)] = Section();
        sections_[index_of(SectionId::kManifest)] = Section();  // decode_manifest has read it
    }

    Result<Model> run() {
        // A third of the bytes, meanwhile: a section and a member of the model of their own.
        Crew databases_too(
            1, [](void* self, std::size_t) { static_cast<Decoder*>(self)->databases(); }, this);
        open_texts();
        rules();
        addresses();
        ports();
        pcres();
        bit_names();
        databases_too.finish();
        buffer_groups();
        payload_groups();
        packet_rules();
        coverage();
        domain_rules();
        joint_dbs();
        if (const std::string_view bad = malformed(); !bad.empty()) {
            return Error{.code = ErrorCode::kInvalid,
                         .message = "section " + std::string(bad) +
                                    " is malformed: its counts do not match its bytes"};
        }
        return std::move(model_);
    }

  private:
    Section& in(SectionId id) { return sections_[index_of(id)]; }

    // A section that failed is the cause; one that is merely not used up may be a consequence.
    std::string_view malformed() const {
        for (std::size_t i = 0; i < kSectionCount; ++i) {
            if (!sections_[i].ok()) {
                return kSectionNames[i];
            }
        }
        for (std::size_t i = 0; i < kSectionCount; ++i) {
            if (!sections_[i].finished()) {
                return kSectionNames[i];
            }
        }
        return text_lengths_.finished() ? std::string_view{} : name_of(SectionId::kTexts);
    }

    void open_texts() {
        Section& s = in(SectionId::kTexts);
        const std::size_t n = s.count(4);
        s.zeros(4);
        text_lengths_ = Section(s.take(s.fits(n, 4) * 4));
    }

    std::string text() {
        const Bytes b = in(SectionId::kTexts).take(text_lengths_.u32());
        return b.empty() ? std::string()
                         : std::string(reinterpret_cast<const char*>(b.data()), b.size());
    }

    // For lists of texts: each takes four bytes of the lengths.
    std::size_t text_count(std::size_t n) { return text_lengths_.fits(n, 4); }

    void item(Section& s, Item& i) {
        i.kind = s.tag<ItemKind>();
        i.op = s.tag<CompareOp>();
        i.nbytes = s.u8();
        i.base = s.u8();
        i.flags = s.u32();
        i.offset = s.i32();
        i.depth = s.i32();
        i.distance = s.i32();
        i.within = s.i32();
        i.lo = s.i64();
        i.hi = s.i64();
        i.mask = s.u64();
        i.multiplier = s.u32();
        i.post_offset = s.i32();
        i.var = s.u32();
        i.data = s.u32();
        i.data_len = s.u32();
        s.zeros(4);
    }

    void engine(Section& s, Engine& e) {
        e.buffer = s.tag<BufferId>();
        const std::size_t transforms = s.u8();
        const std::uint16_t item_count = s.u16();
        if (transforms > kMaxTransforms) {
            s.fail();
            return;
        }
        for (std::size_t i = 0; i < transforms; ++i) {
            TransformStep t(s.tag<Transform>());
            if (takes_data(t.kind)) {
                Section& data = in(SectionId::kTransformData);
                t.data = data.u32();
                t.data_len = data.u32();
            }
            e.transforms.push_back(t);
        }
        s.zeros(kMaxTransforms - transforms);
        s.zeros(4);
        Section& items = in(SectionId::kItems);
        e.items.resize(items.fits(item_count, kItemBytes));
        for (Item& i : e.items) {
            item(items, i);
        }
    }

    void texts_of_rule(Rule& r, std::size_t references, std::size_t metadata, std::size_t cves) {
        r.msg = text();
        r.classtype = text();
        r.category = text();
        r.references.resize(text_count(references));
        for (std::string& t : r.references) {
            t = text();
        }
        r.metadata.resize(text_count(metadata * 2) / 2);
        for (auto& [key, value] : r.metadata) {
            key = text();
            value = text();
        }
        r.cves.resize(text_count(cves));
        for (std::string& t : r.cves) {
            t = text();
        }
    }

    static void filter(Section& s, Filter& f) {
        f.kind = s.tag<FilterKind>();
        f.threshold = s.tag<ThresholdKind>();
        f.track = s.tag<TrackBy>();
        f.action = s.tag<Action>();
        f.count = s.u32();
        f.seconds = s.u32();
        f.timeout = s.u32();
        f.addresses = s.u32();
        s.zeros(4);
    }

    void rule(Section& s, Rule& r) {
        r.sid = s.u32();
        r.gid = s.u32();
        r.rev = s.u32();
        r.priority = s.u32();
        r.action = s.tag<Action>();
        r.reject_to = s.tag<RejectTo>();
        r.proto = s.tag<HeaderProto>();
        r.app = s.tag<AppProto>();
        r.flow_flags = s.u32();
        r.src = s.u32();
        r.dst = s.u32();
        r.src_ports = s.u32();
        r.dst_ports = s.u32();
        r.threshold.kind = s.tag<ThresholdKind>();
        r.threshold.track = s.tag<TrackBy>();
        r.required = s.flag();
        const std::uint8_t engines = s.u8();
        r.threshold.count = s.u32();
        r.threshold.seconds = s.u32();
        const std::uint16_t references = s.u16();
        const std::uint16_t metadata = s.u16();
        const std::uint16_t cves = s.u16();
        const std::uint16_t filters = s.u16();
        const std::uint8_t tags = s.u8();
        s.zeros(3);
        texts_of_rule(r, references, metadata, cves);
        Section& f = in(SectionId::kFilters);
        r.filters.resize(f.fits(filters, kFilterBytes));
        for (Filter& one : r.filters) {
            filter(f, one);
        }
        Section& t = in(SectionId::kTags);
        r.tags.resize(t.fits(tags, kTagBytes));
        for (Tag& one : r.tags) {
            one.scope = t.tag<TagScope>();
            one.metric = t.tag<TagMetric>();
            t.zeros(2);
            one.count = t.u32();
        }
        r.engines.resize(in(SectionId::kEngines).fits(engines, kEngineBytes));
        for (Engine& e : r.engines) {
            engine(in(SectionId::kEngines), e);
        }
    }

    // Rules say how many engines are theirs, engines how many items: together exactly these.
    static void open_records(Section& s, std::size_t record_bytes) {
        const std::size_t n = s.count(record_bytes);
        s.zeros(4);
        if (s.remaining() != n * record_bytes) {
            s.fail();
        }
    }

    void rules() {
        Section& s = in(SectionId::kRules);
        open_records(in(SectionId::kEngines), kEngineBytes);
        open_records(in(SectionId::kItems), kItemBytes);
        open_records(in(SectionId::kTransformData), kTransformDataBytes);
        open_records(in(SectionId::kFilters), kFilterBytes);
        open_records(in(SectionId::kTags), kTagBytes);
        const std::size_t n = s.count(kRuleBytes);
        s.zeros(4);
        const std::size_t count = s.fits(n, kRuleBytes);
        reserve_huge(model_.rules, count);
        model_.rules.resize(count);
        for (Rule& r : model_.rules) {
            rule(s, r);
            if (!s.ok() || !text_lengths_.ok()) {
                return;
            }
        }
    }

    void addresses() {
        Section& s = in(SectionId::kAddresses);
        const std::size_t n = s.count(4);
        const std::size_t nodes = s.count(kAddressNodeBytes);
        model_.addresses.resize(s.fits(n, 4));
        std::vector<std::size_t> counts;
        const std::size_t total = read_counts(s, model_.addresses.size(), counts);
        if (total != nodes || s.fits(total, kAddressNodeBytes) != total) {
            s.fail();
            return;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            model_.addresses[i].resize(counts[i]);
            for (AddressNode& node : model_.addresses[i]) {
                node.kind = s.tag<AddressNode::Kind>();
                node.negated = s.flag();
                s.zeros(2);
                node.count = s.u32();
                copy16(s, node.lo);
                copy16(s, node.hi);
                node.variable = text();
            }
        }
    }

    static void copy16(Section& s, std::array<std::uint8_t, 16>& to) {
        const Bytes b = s.take(to.size());
        std::copy(b.begin(), b.end(), to.begin());
    }

    // n counts of children, and their sum. Cannot overflow: n and each count are below 2^32.
    static std::size_t read_counts(Section& s, std::size_t n, std::vector<std::size_t>& counts) {
        std::size_t total = 0;
        counts.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            counts.push_back(s.u32());
            total += counts.back();
        }
        return total;
    }

    void ports() {
        Section& s = in(SectionId::kPorts);
        const std::size_t n = s.count(4);
        const std::size_t ranges = s.count(kPortRangeBytes);
        model_.ports.resize(s.fits(n, 4));
        std::vector<std::size_t> counts;
        const std::size_t total = read_counts(s, model_.ports.size(), counts);
        if (total != ranges || s.fits(total, kPortRangeBytes) != total) {
            s.fail();
            return;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            model_.ports[i].resize(counts[i]);
            for (PortRange& r : model_.ports[i]) {
                r.lo = s.u16();
                r.hi = s.u16();
            }
        }
    }

    void pcres() {
        Section& s = in(SectionId::kPcres);
        const std::size_t n = s.count(kPcreBytes);
        s.zeros(4);
        model_.pcres.resize(text_count(s.fits(n, kPcreBytes)));
        for (Pcre& p : model_.pcres) {
            p.flags = s.u32();
            p.pattern = text();
        }
    }

    void bit_names() {
        Section& s = in(SectionId::kBitNames);
        const std::uint32_t n = s.u32();
        s.zeros(4);
        model_.bit_names.resize(text_count(n));
        for (std::string& name : model_.bit_names) {
            name = text();
        }
    }

    static void bytes_into(Section& s, std::uint64_t n, std::vector<std::uint8_t>& to) {
        const Bytes b = s.take(s.fits(n, 1));
        to.assign(b.begin(), b.end());
        s.pad(kAlign);
    }

    static void numbers_into(Section& s, std::uint64_t n, std::vector<std::uint32_t>& to) {
        to.resize(s.fits(n, 4));
        for (std::uint32_t& v : to) {
            v = s.u32();
        }
        s.pad(kAlign);
    }

    struct DatabaseCounts {
        std::uint64_t serialized = 0;
        std::uint32_t patterns = 0;
        std::uint32_t firsts = 0;
        std::uint32_t pattern_rules = 0;
        std::uint32_t always = 0;
    };

    static void database_arrays(Section& s, const DatabaseCounts& n, PrefilterDb& db) {
        bytes_into(s, n.serialized, db.serialized);
        bytes_into(s, n.patterns, db.pattern_length);
        numbers_into(s, n.firsts, db.pattern_first);
        db.pattern_rules.resize(s.fits(n.pattern_rules, kPatternRuleBytes));
        for (PatternRule& p : db.pattern_rules) {
            p.rule = s.u32();
            p.item = s.u16();
            p.engine = s.u8();
            p.literal_offset = s.u8();
            p.from_pcre = s.flag();
            p.segment = s.flag();
            s.zeros(2);
        }
        s.pad(kAlign);
        numbers_into(s, n.always, db.always);
    }

    void databases() {
        Section& s = in(SectionId::kDatabases);
        const std::size_t n = s.count(kDatabaseBytes);
        s.zeros(4);
        std::vector<DatabaseCounts> counts(s.fits(n, kDatabaseBytes));
        for (DatabaseCounts& c : counts) {
            c.serialized = s.u64();
            c.patterns = s.u32();
            c.firsts = s.u32();
            c.pattern_rules = s.u32();
            c.always = s.u32();
            s.zeros(8);
        }
        model_.databases.resize(counts.size());
        for (std::size_t i = 0; i < counts.size() && s.ok(); ++i) {
            database_arrays(s, counts[i], model_.databases[i]);
        }
    }

    void buffer_groups() {
        Section& s = in(SectionId::kBufferGroups);
        const std::size_t n = s.count(kBufferGroupBytes);
        s.zeros(4);
        model_.buffer_groups.resize(s.fits(n, kBufferGroupBytes));
        for (BufferGroup& g : model_.buffer_groups) {
            g.buffer = s.tag<BufferId>();
            s.zeros(3);
            g.db = s.u32();
        }
    }

    void domain_rules() {
        Section& s = in(SectionId::kDomainRules);
        const std::size_t n = s.count(kDomainRuleBytes);
        s.zeros(4);
        model_.domain_rules.resize(s.fits(n, kDomainRuleBytes));
        for (DomainRule& d : model_.domain_rules) {
            d.buffer = s.tag<BufferId>();
            d.engine = s.u8();
            d.item = s.u16();
            d.rule = s.u32();
        }
    }

    void joint_dbs() {
        Section& s = in(SectionId::kJointDbs);
        const std::size_t n = s.count(kJointDbBytes);
        s.zeros(4);
        model_.joint_dbs.resize(s.fits(n, kJointDbBytes));
        for (JointDb& j : model_.joint_dbs) {
            j.stream = s.u32();
            j.body = s.u32();
            j.both = s.u32();
            j.direction = s.tag<Direction>();
            s.zeros(3);
        }
    }

    void payload_groups() {
        Section& s = in(SectionId::kPayloadGroups);
        const std::size_t n = s.count(kPayloadGroupBytes);
        const std::size_t classes = s.count(kPortClassBytes);
        model_.payload_groups.resize(s.fits(n, kPayloadGroupBytes));
        std::vector<std::size_t> counts;
        std::size_t total = 0;
        for (PayloadGroup& g : model_.payload_groups) {
            g.kind = s.tag<PayloadKind>();
            g.proto = s.tag<HeaderProto>();
            g.direction = s.tag<Direction>();
            s.zeros(1);
            counts.push_back(s.u32());
            total += counts.back();
        }
        if (total != classes || s.fits(total, kPortClassBytes) != total) {
            s.fail();
            return;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            model_.payload_groups[i].ports.resize(counts[i]);
            for (PortClass& c : model_.payload_groups[i].ports) {
                c.range.lo = s.u16();
                c.range.hi = s.u16();
                c.db = s.u32();
            }
        }
    }

    void packet_rules() {
        Section& s = in(SectionId::kPacketRules);
        const std::size_t n = s.count(4);
        s.zeros(4);
        model_.packet_rules.resize(s.fits(n, 4));
        for (std::uint32_t& v : model_.packet_rules) {
            v = s.u32();
        }
    }

    void coverage() {
        Section& s = in(SectionId::kCoverage);
        const std::size_t n = s.count(kCoverageBytes);
        const std::size_t sids = s.count(4);
        model_.coverage.resize(s.fits(n, kCoverageBytes));
        std::vector<std::size_t> counts;
        std::size_t total = 0;
        for (CveCoverage& c : model_.coverage) {
            c.required = s.flag();
            s.zeros(3);
            counts.push_back(s.u32());
            total += counts.back();
            c.cve = text();
            c.status = text();
        }
        if (total != sids || s.fits(total, 4) != total) {
            s.fail();
            return;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            model_.coverage[i].sids.resize(counts[i]);
            for (std::uint32_t& sid : model_.coverage[i].sids) {
                sid = s.u32();
            }
        }
    }

    std::array<Section, kSectionCount> sections_;
    Section text_lengths_;
    Model model_;
};

}  // namespace

Result<Manifest> decode_manifest(Bytes section) {
    Section s(section);
    Manifest m;
    m.version = s.u64();
    m.previous_version = s.u64();
    m.created_at = s.i64();
    m.expires_at = s.i64();
    m.min_engine = s.u32();
    const std::uint32_t name = s.u32();
    const std::uint32_t hs_version = s.u32();
    s.zeros(4);
    const Bytes name_bytes = s.take(name);
    const Bytes hs_bytes = s.take(hs_version);
    if (!s.finished()) {
        return Error{.code = ErrorCode::kInvalid,
                     .message = "section manifest is malformed: its counts do not match its bytes"};
    }
    m.name.assign(name_bytes.begin(), name_bytes.end());
    m.hs_version.assign(hs_bytes.begin(), hs_bytes.end());
    return m;
}

Result<Model> decode_sections(const SectionBytes& sections, Manifest manifest) {
    return Decoder(sections, std::move(manifest)).run();
}

}  // namespace sluice::bundle
