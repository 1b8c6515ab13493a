// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/parser.h"

#include "signatures/lang/header.h"
#include "signatures/lang/lines.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace sluice::lang {
namespace {

// One rule being read.
struct Identity {
    std::uint32_t sid = 0;
    std::uint32_t gid = 1;
    std::uint32_t rev = 0;
};

bool parse_u32(std::string_view text, std::uint32_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "\;" -> ";", except where the backslash itself is escaped; all other escapes belong to the
// keywords.
std::string unescape_semicolons(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            out += raw[i];
            continue;
        }
        if (raw[i + 1] != ';') {
            out += raw[i];
        }
        out += raw[++i];
    }
    return out;
}

class RuleReader {
  public:
    RuleReader(const LineReader& lines, RuleAst& rule, Problem& problem)
        : lines_(lines), text_(lines.text()), rule_(rule), problem_(problem) {}

    bool read(Identity& id) {
        if (text_.size() > kMaxRuleBytes) {
            return fail(0, "rule is longer than " + std::to_string(kMaxRuleBytes) + " bytes");
        }
        if (text_.find('\0') != std::string_view::npos) {
            return fail(text_.find('\0'), "rule contains a NUL byte");
        }
        Fault fault;
        const std::size_t open = parse_header(text_, rule_, fault);
        if (open == std::string_view::npos) {
            problem_.unsupported = fault.unsupported;
            return fail(fault.offset, std::move(fault.reason));
        }
        place_exprs();
        if (text_.back() != ')' || open + 1 == text_.size()) {
            return fail(text_.size() - 1, "')' expected at the end of the rule");
        }
        at_ = open + 1;
        end_ = text_.size() - 1;
        rule_.text = text_;
        return options() && identify(id);
    }

  private:
    bool fail(std::size_t offset, std::string reason) {
        const Position p = lines_.position(offset);
        problem_.where.line = p.line;
        problem_.where.column = p.column;
        problem_.reason = std::move(reason);
        return false;
    }

    bool fail_option(const Option& o, std::string reason) {
        problem_.where.line = o.line;
        problem_.where.column = o.column;
        problem_.keyword = o.name;
        problem_.reason = std::move(reason);
        return false;
    }

    // Columns become places; lists within lists were limited by the header reader.
    void place(Expr& e) {
        const Position p = lines_.position(e.column == 0 ? 0 : e.column - 1);
        e.line = p.line;
        e.column = p.column;
        for (Expr& item : e.items) {
            place(item);
        }
    }

    void place_exprs() {
        place(rule_.src);
        place(rule_.src_ports);
        place(rule_.dst);
        place(rule_.dst_ports);
    }

    void skip_blanks() {
        while (at_ < end_ && is_blank(text_[at_])) {
            ++at_;
        }
    }

    // A ';' ends an option whatever the quotes, unless a backslash stands before it.
    std::size_t find_end() const {
        std::size_t i = text_.find(';', at_);
        while (i != std::string_view::npos && i < end_ && i > at_ && text_[i - 1] == '\\') {
            i = text_.find(';', i + 1);
        }
        return i < end_ ? i : std::string_view::npos;
    }

    bool options() {
        rule_.options.reserve(std::min(
            kMaxOptions, static_cast<std::size_t>(std::count(text_.begin(), text_.end(), ';'))));
        for (skip_blanks(); at_ < end_; skip_blanks()) {
            if (rule_.options.size() == kMaxOptions) {
                return fail(at_, "rule has more than " + std::to_string(kMaxOptions) + " options");
            }
            const std::size_t end = find_end();
            if (end == std::string_view::npos) {
                return fail(at_, "option is not ended by ';'");
            }
            if (!option(end)) {
                return false;
            }
            at_ = end + 1;
        }
        return true;
    }

    bool option(std::size_t end) {
        const std::string_view raw = text_.substr(at_, end - at_);
        const std::size_t colon = raw.find(':');
        const std::string_view name = trim_right(raw.substr(0, colon));
        if (name.empty()) {
            return fail(at_, "option without a name");
        }
        Option& o = rule_.options.emplace_back();
        o.name = lower(name);
        const Position p = lines_.position(at_);
        o.line = p.line;
        o.column = p.column;
        if (colon == std::string_view::npos) {
            return true;
        }
        const std::string_view value = trim(raw.substr(colon + 1));
        o.has_value = true;
        o.value = unescape_semicolons(value);
        const auto offset = static_cast<std::size_t>(value.data() - text_.data());
        o.value_column = lines_.position(value.empty() ? at_ + colon : offset).column;
        return true;
    }

    bool number(const Option& o, bool& seen, std::uint32_t& out) {
        if (std::exchange(seen, true)) {
            return fail_option(o, "keyword " + o.name + " is given twice");
        }
        return parse_u32(o.value, out) || fail_option(o, "'" + o.value + "' is not a number");
    }

    bool identify(Identity& id) {
        bool has_sid = false;
        bool has_rev = false;
        for (const Option& o : rule_.options) {
            bool has_gid = false;  // a later gid wins
            const bool good = o.name == "sid"   ? number(o, has_sid, id.sid)
                              : o.name == "rev" ? number(o, has_rev, id.rev)
                              : o.name == "gid" ? number(o, has_gid, id.gid)
                                                : true;
            if (!good) {
                return false;
            }
            if ((o.name == "sid" && id.sid == 0) || (o.name == "rev" && id.rev == 0)) {
                return fail_option(o, o.name + " 0 is not allowed");
            }
        }
        if (!has_sid) {
            return fail(0, "rule has no sid");
        }
        rule_.sid = id.sid;
        return true;
    }

    const LineReader& lines_;
    std::string_view text_;
    RuleAst& rule_;
    Problem& problem_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;  // of the ')' that closes the options
};

// A sid that a broken rule seems to have, so that its Problem can be found by sid.
std::uint32_t guess_sid(std::string_view text) {
    for (std::size_t i = text.find("sid:"); i != std::string_view::npos;
         i = text.find("sid:", i + 1)) {
        std::string_view digits = trim_left(text.substr(i + 4));
        std::size_t n = 0;
        while (n < digits.size() && is_digit(digits[n])) {
            ++n;
        }
        std::uint32_t sid = 0;
        if (parse_u32(digits.substr(0, n), sid)) {
            return sid;
        }
    }
    return 0;
}

class Collector {
  public:
    explicit Collector(ParseResult& out) : out_(out) {}

    void add(RuleAst&& rule, const Identity& id) {
        const std::uint64_t key = (std::uint64_t{id.gid} << 32U) | id.sid;
        const auto [at, fresh] = seen_.try_emplace(key, Seen{out_.rules.size(), id.rev});
        if (fresh) {
            out_.rules.push_back(std::move(rule));
            return;
        }
        Seen& old = at->second;
        if (id.rev > old.rev) {
            out_.rules[old.index] = std::move(rule);
            old.rev = id.rev;
            return;
        }
        duplicate(rule, id.sid,
                  "duplicate of a rule with the same sid and the same or a higher rev");
    }

  private:
    struct Seen {
        std::size_t index = 0;
        std::uint32_t rev = 0;
    };

    void duplicate(const RuleAst& rule, std::uint32_t sid, std::string reason) {
        Problem& p = out_.problems.emplace_back();
        p.where = rule.where;
        p.sid = sid;
        p.keyword = "sid";
        p.reason = std::move(reason);
    }

    ParseResult& out_;
    std::unordered_map<std::uint64_t, Seen> seen_;
};

}  // namespace

ParseResult parse_rules(std::string_view text, const std::string& file_name) {
    ParseResult out;
    Collector collector(out);
    LineReader lines(text);
    while (lines.next()) {
        const Position start = lines.position(0);
        RuleAst rule;
        rule.where = {file_name, start.line, start.column};
        Problem problem;
        Identity id;
        if (RuleReader(lines, rule, problem).read(id)) {
            collector.add(std::move(rule), id);
            continue;
        }
        problem.where.file = file_name;
        problem.sid = guess_sid(lines.text());
        out.problems.push_back(std::move(problem));
    }
    return out;
}

}  // namespace sluice::lang
