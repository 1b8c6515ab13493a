// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/threshold_file.h"

#include "signatures/compile/keyword_number.h"
#include "signatures/compile/semantic_network.h"
#include "signatures/compile/words.h"
#include "signatures/lang/header.h"
#include "signatures/lang/lines.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice::compile {
namespace {

using bundle::Filter;
using bundle::FilterKind;
using bundle::ThresholdKind;
using bundle::TrackBy;

constexpr std::array kCommands{
    Word<FilterKind>{"threshold", FilterKind::kThreshold},
    Word<FilterKind>{"event_filter", FilterKind::kThreshold},
    Word<FilterKind>{"rate_filter", FilterKind::kRate},
    Word<FilterKind>{"suppress", FilterKind::kSuppress},
};

constexpr std::array kTypes{
    Word<ThresholdKind>{"limit", ThresholdKind::kLimit},
    Word<ThresholdKind>{"threshold", ThresholdKind::kThreshold},
    Word<ThresholdKind>{"both", ThresholdKind::kBoth},
};

constexpr std::array kTracks{
    Word<TrackBy>{"by_src", TrackBy::kSource},  Word<TrackBy>{"by_dst", TrackBy::kDestination},
    Word<TrackBy>{"by_rule", TrackBy::kRule},   Word<TrackBy>{"by_both", TrackBy::kBoth},
    Word<TrackBy>{"by_either", TrackBy::kBoth},  // of suppress
};

constexpr std::array kActions{
    Word<bundle::Action>{"alert", bundle::Action::kAlert},
    Word<bundle::Action>{"drop", bundle::Action::kDrop},
    Word<bundle::Action>{"pass", bundle::Action::kPass},
    Word<bundle::Action>{"reject", bundle::Action::kReject},
};

using Values = std::map<std::string, std::string, std::less<>>;

// "gen_id 1, sig_id 2, ip [10.0.0.1,10.0.0.2]": commas within brackets do not part.
std::optional<Values> read_values(std::string_view text) {
    Values values;
    while (!text.empty()) {
        std::size_t end = 0;
        for (int depth = 0; end < text.size() && (depth != 0 || text[end] != ','); ++end) {
            depth += text[end] == '[' ? 1 : text[end] == ']' ? -1 : 0;
        }
        const std::string_view part = lang::trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t blank = part.find_first_of(" \t");
        if (blank == std::string_view::npos ||
            !values.emplace(part.substr(0, blank), lang::trim(part.substr(blank))).second) {
            return std::nullopt;
        }
    }
    return values;
}

struct Line {
    std::uint32_t gid = 0;  // 0: any
    std::uint32_t sid = 0;
    Filter filter;
    std::string addresses;  // of suppress; "": everywhere
};

class LineParser {
  public:
    explicit LineParser(Values values) : values_(std::move(values)) {}

    // "": good, else what is wrong.
    std::string read(FilterKind kind, Line& line) {
        line.filter.kind = kind;
        number("gen_id", line.gid);
        number("sig_id", line.sid);
        if (kind == FilterKind::kSuppress) {
            line.filter.track = TrackBy::kRule;
            if (values_.count("track") != 0 || values_.count("ip") != 0) {
                word("track", kTracks, line.filter.track);
                line.addresses = take("ip");
            }
        } else {
            word("track", kTracks, line.filter.track);
            number("count", line.filter.count);
            number("seconds", line.filter.seconds);
            rest(kind, line.filter);
        }
        if (fault_.empty() && !values_.empty()) {
            fault_ = "'" + values_.begin()->first + "' does not belong here";
        }
        return fault_;
    }

  private:
    void rest(FilterKind kind, Filter& f) {
        if (kind == FilterKind::kThreshold) {
            word("type", kTypes, f.threshold);
        } else {
            word("new_action", kActions, f.action);
            number("timeout", f.timeout);
        }
        if (fault_.empty() && f.count == 0) {
            fault_ = "count is 0";
        }
    }

    std::string take(std::string_view key) {
        const auto at = values_.find(key);
        if (at == values_.end()) {
            fault_ = fault_.empty() ? std::string(key) + " is missing" : fault_;
            return {};
        }
        std::string value = at->second;
        values_.erase(at);
        return value;
    }

    void number(std::string_view key, std::uint32_t& out) {
        const std::string value = take(key);
        const auto n = parse_decimal(value, UINT32_MAX);
        if (!n && fault_.empty()) {
            fault_ = std::string(key) + " '" + value + "' is not a number";
        }
        out = static_cast<std::uint32_t>(n.value_or(0));
    }

    template <typename T, std::size_t N>
    void word(std::string_view key, const std::array<Word<T>, N>& words, T& out) {
        const std::string value = take(key);
        const auto found = find(words, value);
        if (!found && fault_.empty()) {
            fault_ = std::string(key) + " cannot be '" + value + "'";
        }
        out = found.value_or(out);
    }

    Values values_;
    std::string fault_;
};

class Applier {
  public:
    Applier(const CompileOptions& options, bundle::Model& model)
        : network_(options), model_(model) {
        for (const bundle::Rule& r : model.rules) {
            own_.push_back(r.threshold.kind != ThresholdKind::kNone);
        }
    }

    // "": done, else why not. 'unmatched': the line is good, and no rule is as it says.
    std::string apply(const Line& line, bool& unmatched) {
        Line l = line;
        if (std::string fault = resolve(l); !fault.empty()) {
            return fault;
        }
        bool any = false;
        for (std::size_t i = 0; i < model_.rules.size(); ++i) {
            bundle::Rule& rule = model_.rules[i];
            if ((l.gid == 0 || l.gid == rule.gid) && (l.sid == 0 || l.sid == rule.sid)) {
                any = true;
                put(l, rule, own_[i]);
            }
        }
        unmatched = !any;
        return any ? "" : "no rule has this gen_id and sig_id";
    }

  private:
    std::string resolve(Line& line) {
        if (line.filter.kind != FilterKind::kSuppress) {
            return {};
        }
        lang::Expr expr;
        lang::Fault fault;
        if (!line.addresses.empty() && !lang::parse_expr(line.addresses, expr, fault)) {
            return "ip: " + fault.reason;
        }
        NetworkFault wrong;
        bundle::AddressExpr addresses = network_.addresses(expr, wrong);
        if (!wrong.reason.empty()) {
            return "ip: " + wrong.reason;
        }
        line.filter.addresses = static_cast<std::uint32_t>(model_.addresses.size());
        model_.addresses.push_back(std::move(addresses));
        return {};
    }

    void put(const Line& line, bundle::Rule& rule, bool own) const {
        const Filter& f = line.filter;
        if (f.kind != FilterKind::kThreshold) {
            rule.filters.push_back(f);
            return;
        }
        if (line.sid == 0 && own) {
            return;
        }
        rule.threshold = {f.threshold, f.track, f.count, f.seconds};
        std::erase_if(rule.filters,
                      [](const Filter& x) { return x.kind == FilterKind::kThreshold; });
    }

    NetworkReader network_;
    bundle::Model& model_;
    std::vector<bool> own_;  // rules with a threshold in their text
};

}  // namespace

void apply_thresholds(const std::string& text, const std::string& file,
                      const CompileOptions& options, bundle::Model& model,
                      std::vector<lang::Problem>& problems) {
    Applier applier(options, model);
    lang::LineReader lines(text);
    while (lines.next()) {
        const std::string_view all = lines.text();
        const std::size_t blank = std::min(all.find_first_of(" \t"), all.size());
        const auto kind = find(kCommands, all.substr(0, blank));
        auto values = read_values(all.substr(blank));
        std::string fault;
        bool unmatched = false;
        if (!kind) {
            fault = "threshold, event_filter, rate_filter or suppress expected";
        } else if (!values) {
            fault = "names with values between commas expected";
        } else {
            Line line;
            fault = LineParser(std::move(*values)).read(*kind, line);
            fault = fault.empty() ? applier.apply(line, unmatched) : fault;
        }
        if (!fault.empty()) {
            lang::Problem p;
            p.where.file = file;
            p.where.line = lines.position(0).line;
            p.where.column = lines.position(0).column;
            p.keyword = std::string(all.substr(0, blank));
            p.reason = std::move(fault);
            p.unsupported = unmatched;
            problems.push_back(std::move(p));
        }
    }
}

}  // namespace sluice::compile
