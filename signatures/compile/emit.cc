// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/emit.h"

#include "signatures/compile/cpu_timer.h"
#include "signatures/compile/pcre_check.h"

#include <hs/hs.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace sluice::compile {
namespace {

struct HsFree {
    void operator()(hs_database_t* db) const { hs_free_database(db); }

    void operator()(hs_compile_error_t* e) const { hs_free_compile_error(e); }

    // hs_serialize_database() allocates with the default allocator, malloc.
    void operator()(char* p) const { std::free(p); }  // NOLINT(cppcoreguidelines-no-malloc)
};

using Database = std::unique_ptr<hs_database_t, HsFree>;

struct Failure {
    std::string message;
    int pattern = -1;  // -1: not the fault of one pattern
};

// Arguments in the parallel arrays that Hyperscan wants.
struct HsInput {
    std::vector<std::string> texts;
    std::vector<const char*> pointers;
    std::vector<std::size_t> lengths;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;

    void finish() {
        for (const std::string& text : texts) {
            ids.push_back(static_cast<unsigned>(ids.size()));
            pointers.push_back(text.data());
            lengths.push_back(text.size());
        }
    }
};

std::string escaped(const std::string& literal) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : literal) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15U];
    }
    return out;
}

hs_error_t compile_literals(const std::vector<Pattern>& patterns, hs_database_t** db,
                            hs_compile_error_t** error) {
    HsInput in;
    for (const Pattern& p : patterns) {
        in.texts.push_back(p.bytes);
        in.flags.push_back(p.nocase ? HS_FLAG_CASELESS : 0U);
    }
    in.finish();
    const hs_platform_info_t generic{};
    return hs_compile_lit_multi(in.pointers.data(), in.flags.data(), in.ids.data(),
                                in.lengths.data(), static_cast<unsigned>(patterns.size()),
                                HS_MODE_BLOCK, &generic, db, error);
}

hs_error_t compile_mixed(const std::vector<Pattern>& patterns, hs_database_t** db,
                         hs_compile_error_t** error) {
    HsInput in;
    for (const Pattern& p : patterns) {
        if (p.is_pcre) {
            HsExpression e = hs_expression(p.bytes, p.pcre_flags);
            in.texts.push_back(std::move(e.text));
            in.flags.push_back(e.flags);
        } else {
            in.texts.push_back(escaped(p.bytes));
            in.flags.push_back(p.nocase ? HS_FLAG_CASELESS : 0U);
        }
    }
    in.finish();
    const hs_platform_info_t generic{};
    return hs_compile_multi(in.pointers.data(), in.flags.data(), in.ids.data(),
                            static_cast<unsigned>(patterns.size()), HS_MODE_BLOCK, &generic, db,
                            error);
}

bool has_pcre(const DbPlan& plan) {
    return std::any_of(plan.patterns.begin(), plan.patterns.end(),
                       [](const Pattern& p) { return p.is_pcre; });
}

std::optional<Failure> compile(const DbPlan& plan, std::vector<std::uint8_t>& serialized) {
    hs_database_t* raw = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    const hs_error_t rc = has_pcre(plan) ? compile_mixed(plan.patterns, &raw, &raw_error)
                                         : compile_literals(plan.patterns, &raw, &raw_error);
    const Database db(raw);
    const std::unique_ptr<hs_compile_error_t, HsFree> error(raw_error);
    if (rc != HS_SUCCESS) {
        return Failure{error ? error->message : "hyperscan error " + std::to_string(rc),
                       error ? error->expression : -1};
    }
    char* bytes = nullptr;
    std::size_t length = 0;
    if (hs_serialize_database(db.get(), &bytes, &length) != HS_SUCCESS) {
        return Failure{"cannot serialize a hyperscan database", -1};
    }
    const std::unique_ptr<char, HsFree> owner(bytes);
    serialized.assign(bytes, bytes + length);
    return std::nullopt;
}

// Takes patterns out (one, or every pcre when 'index' is negative); their rules become candidates
// at every look.
void demote(DbPlan& plan, int index) {
    DbPlan kept;
    kept.always = std::move(plan.always);
    for (std::size_t i = 0; i < plan.patterns.size(); ++i) {
        const bool out =
            index < 0 ? plan.patterns[i].is_pcre : i == static_cast<std::size_t>(index);
        if (out) {
            for (const bundle::PatternRule& r : plan.rules[i]) {
                kept.always.push_back(r.rule);
            }
        } else {
            kept.patterns.push_back(std::move(plan.patterns[i]));
            kept.rules.push_back(std::move(plan.rules[i]));
        }
    }
    std::sort(kept.always.begin(), kept.always.end());
    kept.always.erase(std::unique(kept.always.begin(), kept.always.end()), kept.always.end());
    plan = std::move(kept);
}

void list_patterns(const DbPlan& plan, bundle::PrefilterDb& db) {
    db.pattern_first.push_back(0);
    for (std::size_t i = 0; i < plan.patterns.size(); ++i) {
        const Pattern& p = plan.patterns[i];
        db.pattern_length.push_back(p.is_pcre ? std::uint8_t{0}
                                              : static_cast<std::uint8_t>(p.bytes.size()));
        db.pattern_rules.insert(db.pattern_rules.end(), plan.rules[i].begin(), plan.rules[i].end());
        db.pattern_first.push_back(static_cast<std::uint32_t>(db.pattern_rules.size()));
    }
    db.always = plan.always;
}

// All that the bytes of a database depend on, without ambiguity.
std::string content_of(const DbPlan& plan) {
    std::string out = "database 1, block mode, generic x86-64, Hyperscan " + hyperscan_version();
    const auto add = [&out](std::uint64_t n) { out += '\0' + std::to_string(n); };
    for (const Pattern& p : plan.patterns) {
        add((p.is_pcre ? 2U : 0U) | (p.nocase ? 1U : 0U));
        add(p.pcre_flags);
        add(p.bytes.size());
        out += '\0' + p.bytes;
    }
    return out;
}

std::optional<Failure> compile_or_find(const DbPlan& plan, DatabaseCache* cache,
                                       std::vector<std::uint8_t>& serialized, EmitCost& cost) {
    if (cache == nullptr) {
        return compile(plan, serialized);
    }
    const std::string content = content_of(plan);
    if (auto known = cache->find(content)) {
        serialized = std::move(*known);
        cost.remembered = true;
        return std::nullopt;
    }
    std::optional<Failure> failure = compile(plan, serialized);
    if (!failure) {
        cache->store(content, serialized);
    }
    return failure;
}

Result<bundle::PrefilterDb> emit_one(DbPlan plan, DatabaseCache* cache, EmitCost& cost) {
    bundle::PrefilterDb db;
    const CpuTimer timer;
    while (!plan.patterns.empty()) {
        const auto failure = compile_or_find(plan, cache, db.serialized, cost);
        if (!failure) {
            break;
        }
        if (!has_pcre(plan)) {
            return Error{ErrorCode::kExhausted,
                         "Hyperscan cannot compile " + std::to_string(plan.patterns.size()) +
                             " literals: " + failure->message,
                         {},
                         "free some memory and compile again"};
        }
        const bool blames_pcre =
            failure->pattern >= 0 &&
            static_cast<std::size_t>(failure->pattern) < plan.patterns.size() &&
            plan.patterns[static_cast<std::size_t>(failure->pattern)].is_pcre;
        demote(plan, blames_pcre ? failure->pattern : -1);
    }
    list_patterns(plan, db);
    cost.seconds = timer.seconds();
    return db;
}

}  // namespace

Result<std::vector<bundle::PrefilterDb>> emit_databases(std::vector<DbPlan> plans, unsigned threads,
                                                        DatabaseCache* cache,
                                                        std::vector<EmitCost>* costs) {
    std::vector<EmitCost> spent(plans.size());
    std::vector<std::optional<Result<bundle::PrefilterDb>>> results(plans.size());
    // Largest first, so that no thread is left alone with a big one at the end.
    std::vector<std::size_t> order(plans.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return plans[a].patterns.size() > plans[b].patterns.size();
    });
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next.fetch_add(1); i < order.size(); i = next.fetch_add(1)) {
            results[order[i]] = emit_one(std::move(plans[order[i]]), cache, spent[order[i]]);
        }
    };
    std::vector<std::jthread> helpers;
    for (unsigned t = 1; t < threads && t < plans.size(); ++t) {
        helpers.emplace_back(work);
    }
    work();
    helpers.clear();
    std::vector<bundle::PrefilterDb> databases;
    databases.reserve(results.size());
    for (auto& result : results) {
        if (!result->ok()) {
            return result->error();
        }
        databases.push_back(std::move(*result).value());
    }
    if (costs != nullptr) {
        *costs = std::move(spent);
    }
    return databases;
}

std::string hyperscan_version() {
    return hs_version();
}

}  // namespace sluice::compile
