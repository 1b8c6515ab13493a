// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/pcre_check.h"

#include "signatures/compile/cpu_timer.h"

#include <hs/hs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/time.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

namespace sluice::compile {
namespace {

// Longer texts are slow to compile and filter little; such rules are rare.
constexpr std::size_t kMaxPatternBytes = 1024;
// A pattern that is larger than this alone is slow to compile and to scan for. A size, not a time:
// the same rules must give the same bundle on any machine.
constexpr std::size_t kMaxDatabaseBytes = std::size_t{48} * 1024;

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

// Repeats are what Hyperscan unrolls: without a long one no expression was ever slow.
bool may_be_slow(std::string_view text) {
    constexpr unsigned kLongRepeat = 64;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned number = 0;
        while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
            number = std::min(number * 10 + static_cast<unsigned>(text[i] - '0'), 100'000U);
            ++i;
        }
        if (number >= kLongRepeat && i < text.size() && (text[i] == '}' || text[i] == ',')) {
            return true;
        }
    }
    return false;
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

namespace {

// The child's answer is one byte.
constexpr std::uint8_t kWhole = 1;
constexpr std::uint8_t kPieces = 2;

[[noreturn]] void answer_as_child(const bundle::Pcre& pcre, std::uint32_t budget_ms, int fd) {
    itimerval budget{};
    budget.it_value.tv_sec = budget_ms / 1000;
    budget.it_value.tv_usec = static_cast<suseconds_t>(budget_ms % 1000) * 1000;
    (void)std::signal(SIGPROF, SIG_DFL);  // ends the process
    if (setitimer(ITIMER_PROF, &budget, nullptr) != 0) {
        _exit(1);
    }
    const auto [whole, pieces] = examine(pcre);
    const auto answer = static_cast<std::uint8_t>((whole ? kWhole : 0U) | (pieces ? kPieces : 0U));
    _exit(::write(fd, &answer, 1) == 1 ? 0 : 1);
}

// No answer: it took longer than the budget, or the system has no room for a process.
std::optional<std::uint8_t> ask_child(const bundle::Pcre& pcre, std::uint32_t budget_ms) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        answer_as_child(pcre, budget_ms, ends[1]);
    }
    ::close(ends[1]);
    std::uint8_t answer = 0;
    ssize_t got = -1;
    if (child > 0) {
        do {
            got = ::read(ends[0], &answer, 1);
        } while (got < 0 && errno == EINTR);
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    ::close(ends[0]);
    return got == 1 ? std::optional(answer) : std::nullopt;
}

}  // namespace

PcreCheck::PcreCheck(std::uint32_t budget_ms, DatabaseCache* cache)
    : budget_ms_(budget_ms), cache_(cache) {
    if (cache_ != nullptr) {
        read_cache();
    }
}

std::string PcreCheck::cache_content() {
    return "pcre answers 1, Hyperscan " + hyperscan_version();
}

// "FLAGS ANSWER LENGTH\nPATTERN\n" each. The cache is authentic; an odd one is left at that.
void PcreCheck::read_cache() {
    const auto bytes = cache_->find(cache_content());
    if (!bytes) {
        return;
    }
    const std::string text(bytes->begin(), bytes->end());
    std::string_view rest(text);
    while (!rest.empty()) {
        std::array<std::uint32_t, 3> numbers{};
        for (std::uint32_t& n : numbers) {
            const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
            if (error != std::errc() || end == rest.data() + rest.size()) {
                return;
            }
            rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
        }
        if (rest.size() <= numbers[2]) {
            return;
        }
        Answer a;
        a.whole = (numbers[1] & kWhole) != 0;
        a.pieces = (numbers[1] & kPieces) != 0;
        a.remembered = true;
        known_[{std::string(rest.substr(0, numbers[2])), numbers[0]}] = a;
        rest.remove_prefix(numbers[2] + 1);
    }
}

// Only what this run asked for, so that it does not grow for ever. What was over the budget is
// tried again next time, with the budget of then.
PcreCheck::~PcreCheck() {
    if (cache_ == nullptr || !news_) {
        return;
    }
    std::string text;
    for (const auto& [key, a] : known_) {
        if (a.asked && !a.over_budget) {
            text += std::to_string(key.second) + ' ' +
                    std::to_string((a.whole ? kWhole : 0) | (a.pieces ? kPieces : 0)) + ' ' +
                    std::to_string(key.first.size()) + '\n' + key.first + '\n';
        }
    }
    cache_->store(cache_content(), {text.begin(), text.end()});
}

PcreCheck::Answer PcreCheck::try_it(const bundle::Pcre& pcre) const {
    Answer a;
    if (budget_ms_ != 0 && may_be_slow(pcre.pattern)) {
        const auto started = std::chrono::steady_clock::now();
        const auto answer = ask_child(pcre, budget_ms_);
        a.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        a.over_budget = !answer;
        a.whole = (answer.value_or(0) & kWhole) != 0;
        a.pieces = (answer.value_or(0) & kPieces) != 0;
        return a;
    }
    const CpuTimer timer;
    std::tie(a.whole, a.pieces) = examine(pcre);
    a.seconds = timer.seconds();
    return a;
}

bool PcreCheck::usable(const bundle::Pcre& pcre, bool pieces) {
    const Key key{pcre.pattern, pcre.flags};
    auto it = known_.find(key);
    if (it == known_.end()) {
        it = known_.emplace(key, try_it(pcre)).first;
        news_ = true;
    }
    it->second.asked = true;
    return pieces ? it->second.pieces : it->second.whole;
}

std::vector<PcreCost> PcreCheck::costs() const {
    std::vector<PcreCost> out;
    for (const auto& [key, a] : known_) {
        if (a.asked) {
            out.push_back({key.first, a.seconds, a.whole, a.over_budget, a.remembered});
        }
    }
    return out;
}

}  // namespace sluice::compile
