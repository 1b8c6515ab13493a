// SPDX-License-Identifier: Apache-2.0
// RuleDraft: one rule while its options are read, in the order in which they stand, as Suricata's
// parser sees it. Keyword handlers change it; semantic_finish judges the whole. Owns its bytes
// until the rule is put into the model. Internal to signatures/compile. One thread.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/ast.h"
#include "signatures/lang/keywords.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::compile {

// A buffer by its sticky keyword. kPacketHeader stands for "not in this direction".
struct BufferSpec {
    std::string_view keyword;
    BufferId request = BufferId::kPacketHeader;
    BufferId response = BufferId::kPacketHeader;
    AppProto app = AppProto::kHttp1;  // kUnknown: several
    bool several =
        false;  // one transaction may hold several; each use of the keyword finds its own

    bool in(Direction d) const {
        return (d == Direction::kToServer ? request : response) != BufferId::kPacketHeader;
    }

    BufferId of(Direction d) const { return d == Direction::kToServer ? request : response; }
};

// Null: not a buffer of this version. 'keyword' is a canonical sticky buffer, or "pkt_data".
const BufferSpec* find_buffer(std::string_view keyword);

// For people: the keyword that opens it, "payload" or "header".
std::string_view buffer_text(BufferId buffer);

struct DraftItem {
    bundle::Item item;
    std::string bytes;               // kContent
    bundle::Pcre pcre;               // kPcre
    std::vector<std::string> names;  // kFlowbits
    std::uint32_t order = 0;         // among all items of the rule
    bool fast_pattern = false;
    bool fast_pattern_only = false;
    const lang::Option* option = nullptr;

    bool has(std::uint32_t flags) const { return (item.flags & flags) != 0; }
};

struct DraftTransform {
    bundle::Transform kind = bundle::Transform::kDotPrefix;
    bundle::Pcre pcre;  // kPcreXform
    std::string key;    // kXor

    friend bool operator==(const DraftTransform&, const DraftTransform&) = default;
};

// What base64_decode made: base64_data. finish() puts its items behind each base64_decode.
inline constexpr std::string_view kDecodedBuffer = "base64_data";

struct DraftBuffer {
    std::string_view keyword;          // canonical; "pkt_data" for the payload
    const BufferSpec* spec = nullptr;  // null: not of this version
    std::vector<DraftTransform> transforms;
    std::vector<DraftItem> items;
    const lang::Option* option = nullptr;
    std::uint32_t opening = 0;  // of BufferSpec::several: which use of the keyword
};

// Value of one option, made ready for its handler.
struct Argument {
    const lang::Option& option;
    const lang::Keyword& keyword;
    std::string_view value;  // without quotes and without the '!' of content and pcre
    bool negated = false;
};

// Expressions that were checked already, with what is wrong with them ("": nothing). Rules repeat
// theirs.
using PcreVerdicts = std::unordered_map<std::string, std::string>;

class RuleDraft {
  public:
    RuleDraft(const lang::RuleAst& ast_in, const CompileOptions& options_in, PcreVerdicts& verdicts)
        : ast(ast_in), options(options_in), pcre_verdicts(verdicts) {}

    // ---- problems: the first invalid one counts, else the first unsupported one
    void invalid(const lang::Option& o, std::string reason);
    void invalid(std::string reason);
    void unsupported(const lang::Option& o, std::string reason);
    void unsupported(std::string reason);

    bool broken() const { return invalid_.has_value(); }

    bool fine() const { return !invalid_ && !unsupported_; }

    // REQUIRES: !fine()
    const lang::Problem& problem() const { return invalid_ ? *invalid_ : *unsupported_; }

    // ---- buffers
    // Makes 'keyword' the buffer of what follows.
    void open_sticky(std::string_view keyword, const lang::Option& o);
    void close_sticky();

    // After the last option.
    void end();

    bool sticky() const { return !sticky_.empty(); }

    void add_transform(DraftTransform t);

    // Where a match without a place of its own goes: the sticky buffer, else the payload.
    DraftBuffer& here(const lang::Option& o);
    DraftBuffer& buffer(std::string_view keyword, const lang::Option& o);
    // One that no other item goes to.
    DraftBuffer& own_buffer(std::string_view keyword, const lang::Option& o);

    DraftItem& append(DraftBuffer& to, bundle::ItemKind kind, const lang::Option& o);
    DraftItem& append_header(bundle::ItemKind kind, const lang::Option& o);

    // Moves the last item of the payload behind the items of 'keyword'.
    void move_last_payload_item(std::string_view keyword, const lang::Option& o);

    // The last item of one of these kinds (bit per ItemKind) in the sticky buffer, or anywhere when
    // there is none. Null: none.
    DraftItem* last(std::uint64_t kinds, DraftBuffer** where = nullptr);

    // The application protocol that a keyword is about: false and a problem when the rule is about
    // another one already.
    bool require_app(AppProto wanted, const lang::Option& o);

    // ---- variables of byte_extract
    std::optional<std::uint32_t> find_var(std::string_view name) const;
    std::optional<std::uint32_t> add_var(std::string_view name);

    const lang::RuleAst& ast;
    const CompileOptions& options;
    PcreVerdicts& pcre_verdicts;
    bundle::Rule rule;
    std::vector<DraftItem> header;
    std::vector<DraftBuffer> buffers;
    AppProto app = AppProto::kUnknown;  // rule is about it: by its header or a keyword
    bool foreign_app = false;           // header names one that this version does not recognise
    bool needs_packet = false;          // keywords over one packet
    bool needs_stream = false;          // tcp-stream, flow:only_stream
    bool has_flow = false;
    bool has_dsize = false;
    bool has_msg = false;
    bool has_priority = false;
    bool has_classtype = false;
    bool has_stream_size = false;

  private:
    void check_sticky_used(bool transforms_too);
    bool is_sticky(const DraftBuffer& b) const;

    std::optional<lang::Problem> invalid_;
    std::optional<lang::Problem> unsupported_;
    std::string_view sticky_;
    const lang::Option* sticky_option_ = nullptr;
    std::vector<DraftTransform> transforms_;  // that follow the sticky keyword
    std::vector<std::string> vars_;
    std::uint32_t order_ = 0;
    std::uint32_t openings_ = 0;
    std::uint32_t opening_ = 0;  // of sticky_, if it is BufferSpec::several
};

constexpr std::uint64_t kind_bit(bundle::ItemKind k) {
    return std::uint64_t{1} << static_cast<unsigned>(k);
}

// What a relative match may be relative to.
inline constexpr std::uint64_t kByteKinds =
    kind_bit(bundle::ItemKind::kContent) | kind_bit(bundle::ItemKind::kPcre) |
    kind_bit(bundle::ItemKind::kIsDataAt) | kind_bit(bundle::ItemKind::kByteTest) |
    kind_bit(bundle::ItemKind::kByteJump) | kind_bit(bundle::ItemKind::kByteExtract) |
    kind_bit(bundle::ItemKind::kByteMath);

}  // namespace sluice::compile
