// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/compiler.h"

#include "signatures/compile/coverage.h"
#include "signatures/compile/emit.h"
#include "signatures/compile/groups.h"
#include "signatures/compile/literal.h"
#include "signatures/compile/make_report.h"
#include "signatures/compile/order.h"
#include "signatures/compile/pcre_check.h"
#include "signatures/compile/threshold_file.h"
#include "signatures/guidance/guidance.h"
#include "signatures/lang/parser.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

namespace sluice::compile {
namespace {

constexpr unsigned kMaxThreads = 8;
constexpr std::size_t kProgressEvery = 256;  // rules

unsigned threads_of(const CompileInput& input) {
    const unsigned wanted =
        input.threads != 0 ? input.threads : std::thread::hardware_concurrency();
    return std::clamp(wanted, 1U, kMaxThreads);
}

class Compiler {
  public:
    explicit Compiler(const CompileInput& input)
        : input_(input), semantic_(input.options, out_.model) {}

    CompileOutput run() {
        out_.model.manifest = input_.manifest;
        out_.model.manifest.hs_version = hyperscan_version();
        for (const SourceFile& file : input_.sources) {
            tell(file.name, 0, 0);
            if (file.kind == SourceKind::kRules) {
                read_rules(file);
            } else if (file.kind == SourceKind::kGuidance) {
                read_guidance(file);
            }
        }
        for (std::vector<bundle::Rule>& rules : kept_) {
            std::move(rules.begin(), rules.end(), std::back_inserter(out_.model.rules));
        }
        order_rules(out_.model);
        read_thresholds();
        check_required();
        build_databases();
        return std::move(out_);
    }

  private:
    void tell(std::string_view step, std::size_t done, std::size_t total) const {
        if (input_.progress) {
            input_.progress(step, done, total);
        }
    }

    void read_rules(const SourceFile& file) {
        lang::ParseResult parsed = lang::parse_rules(file.text, file.name);
        std::vector<lang::Problem> problems;
        for (lang::Problem& problem : parsed.problems) {
            add_problem(std::move(problem), problems);
        }
        compile_all(parsed.rules, file.name, problems);
        sort_and_keep(problems);
    }

    // The first reading tells the CVE, which the sids depend on.
    void read_guidance(const SourceFile& file) {
        guidance::GuidanceResult read = guidance::compile_guidance(file.text, file.name, 1);
        const std::uint32_t sid_base = guidance_sid_base(read.cve);
        if (sid_base != 0) {
            read = guidance::compile_guidance(file.text, file.name, sid_base);
        }
        std::vector<lang::Problem> problems;
        for (lang::Problem& problem : read.problems) {
            add_problem(std::move(problem), problems);
        }
        compile_all(read.rules, file.name, problems);
        sort_and_keep(problems);
        if (!read.cve.empty()) {
            guidance_.push_back({read.cve, read.status, read.required, file.name});
        }
    }

    // They are about rules, so all rules come first. A line that is wrong is no rule that is wrong,
    // yet as invalid as one.
    void read_thresholds() {
        for (const SourceFile& file : input_.sources) {
            if (file.kind == SourceKind::kThresholds) {
                const std::size_t before = out_.problems.size();
                apply_thresholds(file.text, file.name, input_.options, out_.model, out_.problems);
                out_.invalid += out_.problems.size() - before;
                for (std::size_t i = before; i < out_.problems.size(); ++i) {
                    out_.problems[i].unsupported = false;
                }
            }
        }
    }

    void add_problem(lang::Problem problem, std::vector<lang::Problem>& problems) {
        ++(problem.unsupported ? out_.unsupported : out_.invalid);
        ++out_.rules;
        problems.push_back(std::move(problem));
    }

    void compile_all(const std::vector<lang::RuleAst>& asts, const std::string& name,
                     std::vector<lang::Problem>& problems) {
        for (std::size_t i = 0; i < asts.size(); ++i) {
            if (i % kProgressEvery == 0) {
                tell(name, i, asts.size());
            }
            std::vector<lang::Problem> found;
            std::vector<bundle::Rule> rules = semantic_.compile(asts[i], found);
            if (found.empty() && !rules.empty()) {
                keep(asts[i], std::move(rules), problems);
            } else if (!found.empty()) {
                // One rule counts once: as invalid when any of its problems is.
                const auto worst = std::find_if(found.begin(), found.end(),
                                                [](const auto& p) { return !p.unsupported; });
                add_problem(worst == found.end() ? found.front() : *worst, problems);
            }
        }
    }

    // Of two rules with one gid and sid, in this file or an earlier one, the higher rev stays.
    void keep(const lang::RuleAst& ast, std::vector<bundle::Rule> rules,
              std::vector<lang::Problem>& problems) {
        const std::pair<std::uint32_t, std::uint32_t> id{rules.front().gid, rules.front().sid};
        const auto [it, fresh] = by_id_.try_emplace(id, kept_.size());
        if (fresh) {
            ++out_.rules;
            ++out_.compiled;
            kept_.push_back(std::move(rules));
            return;
        }
        std::vector<bundle::Rule>& older = kept_[it->second];
        if (rules.front().rev > older.front().rev) {
            older = std::move(rules);
            return;
        }
        lang::Problem problem;
        problem.where = ast.where;
        problem.sid = ast.sid;
        problem.reason = "sid " + std::to_string(id.second) + " rev " +
                         std::to_string(rules.front().rev) + " is here again; rev " +
                         std::to_string(older.front().rev) + " from before is kept";
        add_problem(std::move(problem), problems);
    }

    void sort_and_keep(std::vector<lang::Problem>& problems) {
        std::stable_sort(problems.begin(), problems.end(),
                         [](const lang::Problem& a, const lang::Problem& b) {
                             return std::tie(a.where.line, a.where.column) <
                                    std::tie(b.where.line, b.where.column);
                         });
        std::move(problems.begin(), problems.end(), std::back_inserter(out_.problems));
    }

    void check_required() {
        for (const GuidanceStatus& missing : fill_coverage(out_.model, guidance_)) {
            out_.uncovered_required.push_back(missing.cve);
            lang::Problem problem;
            problem.where.file = missing.file;
            problem.reason =
                missing.cve + " is required and no rule covers it (status " + missing.status + ")";
            out_.problems.push_back(std::move(problem));
        }
    }

    void build_databases() {
        tell("prefilters", 0, 0);
        PcreCheck check(input_.pattern_budget_ms, input_.cache);
        const PcreUsable usable = [&](const bundle::Pcre& pcre, bool pieces) {
            return check.usable(pcre, pieces);
        };
        std::vector<Prefilter> prefilters;
        prefilters.reserve(out_.model.rules.size());
        for (const bundle::Rule& rule : out_.model.rules) {
            prefilters.push_back(choose_prefilter(out_.model, rule, usable));
        }
        std::vector<DbPlan> plans = plan_groups(out_.model, prefilters);
        tell("databases", 0, plans.size());
        std::vector<EmitCost> costs;
        auto databases = emit_databases(std::move(plans), threads_of(input_), input_.cache, &costs);
        if (databases.ok()) {
            out_.model.databases = std::move(databases).value();
            out_.report = make_report(out_.model, prefilters, check.costs(), costs);
            return;
        }
        out_.failed = true;
        lang::Problem problem;
        problem.reason = databases.error().to_string();
        out_.problems.push_back(std::move(problem));
    }

    const CompileInput& input_;
    CompileOutput out_;
    Semantic semantic_;
    std::vector<std::vector<bundle::Rule>> kept_;  // per source rule
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> by_id_;
    std::vector<GuidanceStatus> guidance_;
};

// Reads digits up to 'end' of the text or a '-'; false when there are none or too many.
bool number(std::string_view& text, std::uint32_t limit, std::uint32_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value >= limit) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

}  // namespace

CompileOutput compile_sources(const CompileInput& input) {
    return Compiler(input).run();
}

std::uint32_t guidance_sid_base(std::string_view cve) {
    constexpr std::uint32_t kFirst = 2'100'000'000;
    constexpr std::uint32_t kNumbers = 1'000'000;
    std::uint32_t year = 0;
    std::uint32_t serial = 0;
    if (!cve.starts_with("CVE-")) {
        return 0;
    }
    cve.remove_prefix(4);
    if (!number(cve, 2100, year) || year < 2000 || !cve.starts_with('-')) {
        return 0;
    }
    cve.remove_prefix(1);
    if (!number(cve, kNumbers, serial) || !cve.empty()) {
        return 0;
    }
    return kFirst + ((year - 2000) * kNumbers + serial) * guidance::kMaxRulesPerGuidance;
}

}  // namespace sluice::compile
