// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/pcre_check.h"

#include <hs/hs.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace sluice::compile {
namespace {

// Longer texts are slow to compile and filter little; such rules are rare.
constexpr std::size_t kMaxPatternBytes = 1024;
// A pattern that is larger than this alone is slow to compile and to scan for. A size, not a time:
// the same rules must give the same bundle on any machine.
constexpr std::size_t kMaxDatabaseBytes = 48 * 1024;

// True when the expression may look at bytes outside of its match: anchors, word boundaries,
// look-around. May say yes for an escaped or bracketed one: that only costs a prefilter.
bool looks_around(std::string_view text) {
    for (const char* token :
         {"^", "$", "\\b", "\\B", "\\A", "\\Z", "\\z", "\\G", "(?=", "(?!", "(?<"}) {
        if (text.find(token) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

struct HsFree {
    void operator()(hs_database_t* db) const { hs_free_database(db); }

    void operator()(hs_compile_error_t* e) const { hs_free_compile_error(e); }

    // hs_expression_info() allocates with the default allocator, malloc.
    void operator()(hs_expr_info_t* info) const {
        std::free(info);
    }  // NOLINT(cppcoreguidelines-no-malloc)
};

bool compiles_small(const HsExpression& e) {
    hs_platform_info_t generic{};
    hs_database_t* db = nullptr;
    hs_compile_error_t* error = nullptr;
    const hs_error_t rc = hs_compile(e.text.c_str(), e.flags, HS_MODE_BLOCK, &generic, &db, &error);
    const std::unique_ptr<hs_database_t, HsFree> db_owner(db);
    const std::unique_ptr<hs_compile_error_t, HsFree> error_owner(error);
    std::size_t size = 0;
    return rc == HS_SUCCESS && hs_database_size(db, &size) == HS_SUCCESS &&
           size <= kMaxDatabaseBytes;
}

std::pair<bool, bool> examine(const bundle::Pcre& pcre) {
    if (pcre.pattern.size() > kMaxPatternBytes || pcre.pattern.find('\0') != std::string::npos) {
        return {false, false};
    }
    const HsExpression e = hs_expression(pcre.pattern, pcre.flags);
    hs_expr_info_t* info = nullptr;
    hs_compile_error_t* error = nullptr;
    const hs_error_t rc = hs_expression_info(e.text.c_str(), e.flags, &info, &error);
    const std::unique_ptr<hs_expr_info_t, HsFree> info_owner(info);
    const std::unique_ptr<hs_compile_error_t, HsFree> error_owner(error);
    // An expression that may be empty matches everywhere: no filter.
    if (rc != HS_SUCCESS || info == nullptr || info->min_width == 0 || !compiles_small(e)) {
        return {false, false};
    }
    const bool piecewise = info->max_width < bundle::kMaxLiteral && !looks_around(e.text);
    return {true, piecewise};
}

}  // namespace

HsExpression hs_expression(const std::string& pattern, std::uint32_t pcre_flags) {
    HsExpression e;
    e.flags = HS_FLAG_PREFILTER;
    e.flags |= (pcre_flags & bundle::kPcreCaseless) != 0 ? HS_FLAG_CASELESS : 0U;
    e.flags |= (pcre_flags & bundle::kPcreMultiline) != 0 ? HS_FLAG_MULTILINE : 0U;
    e.flags |= (pcre_flags & bundle::kPcreDotAll) != 0 ? HS_FLAG_DOTALL : 0U;
    if ((pcre_flags & bundle::kPcreExtended) != 0) {
        e.text += "(?x)";
    }
    // \A, not ^: it stays an anchor under MULTILINE. The newline ends a comment of an extended
    // pattern.
    if ((pcre_flags & bundle::kPcreAnchored) != 0) {
        const bool extended = (pcre_flags & bundle::kPcreExtended) != 0;
        e.text += "\\A(?:" + pattern + (extended ? "\n)" : ")");
    } else {
        e.text += pattern;
    }
    return e;
}

bool PcreCheck::usable(const bundle::Pcre& pcre, bool pieces) {
    const auto key = std::make_pair(pcre.pattern, pcre.flags);
    auto it = known_.find(key);
    if (it == known_.end()) {
        it = known_.emplace(key, examine(pcre)).first;
    }
    return pieces ? it->second.second : it->second.first;
}

}  // namespace sluice::compile
