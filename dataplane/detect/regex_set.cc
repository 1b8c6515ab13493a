// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/regex_set.h"

#include "dataplane/detect/regex_meter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace sluice::detect {
namespace {

// Steps from one place. Suricata gives up after 3,500; with callouts the JIT may count a few more
// of them. What all places may cost together is the budget's matter.
constexpr std::uint32_t kMatchLimit = 7000;
constexpr std::uint32_t kDepthLimit = 3000;  // of the interpreter
constexpr std::size_t kJitStackStart = std::size_t{32} * 1024;
constexpr std::size_t kJitStackMax = std::size_t{1024} * 1024;
// A match that ends this close to bytes not yet received is judged later when the pattern looks
// beyond its end.
constexpr std::size_t kLookAhead = 16;
constexpr std::size_t kPerJob = 32;  // patterns that a thread compiles in one go

std::uint32_t options_of(std::uint32_t flags) {
    std::uint32_t o = 0;
    o |= (flags & bundle::kPcreCaseless) != 0 ? PCRE2_CASELESS : 0;
    o |= (flags & bundle::kPcreMultiline) != 0 ? PCRE2_MULTILINE : 0;
    o |= (flags & bundle::kPcreDotAll) != 0 ? PCRE2_DOTALL : 0;
    o |= (flags & bundle::kPcreExtended) != 0 ? PCRE2_EXTENDED : 0;
    o |= (flags & bundle::kPcreAnchored) != 0 ? PCRE2_ANCHORED : 0;
    o |= (flags & bundle::kPcreDollarEndOnly) != 0 ? PCRE2_DOLLAR_ENDONLY : 0;
    o |= (flags & bundle::kPcreUngreedy) != 0 ? PCRE2_UNGREEDY : 0;
    return o;
}

bool has_any(std::string_view p, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [p](std::string_view part) {
        return p.find(part) != std::string_view::npos;
    });
}

bool may_look_ahead(std::string_view p) {
    return has_any(p, {"(?!", "\\b", "\\B", "\\z", "\\Z"});
}

// Asks where the subject ends: then an attempt that fails for want of bytes is not reported as
// partial.
bool asks_for_end(std::string_view p) {
    return has_any(p, {"$", "\\z", "\\Z"});
}

pcre2_code* compile_text(std::string_view pattern, std::uint32_t options, int& code) {
    std::vector<PCRE2_UCHAR> text(pattern.begin(), pattern.end());
    text.push_back(0);
    PCRE2_SIZE where = 0;
    return pcre2_compile(text.data(), pattern.size(), options, &code, &where, nullptr);
}

// With callouts that measure it. Null: 'code' says why.
pcre2_code* compile_metered(const bundle::Pcre& p, int& code) {
    const std::uint32_t options = options_of(p.flags);
    if (const auto text = metered(p.pattern, (options & PCRE2_EXTENDED) != 0)) {
        if (pcre2_code* re = compile_text(*text, options, code)) {
            return re;
        }
    }
    return compile_text(p.pattern, options | PCRE2_AUTO_CALLOUT, code);
}

RegexOutcome gave_up(int rc) {
    return rc == PCRE2_ERROR_CALLOUT ? RegexOutcome::kBudget : RegexOutcome::kLimit;
}

std::string message_of(int code) {
    std::array<PCRE2_UCHAR, 160> message{};
    pcre2_get_error_message(code, message.data(), message.size());
    return {message.begin(), std::find(message.begin(), message.end(), PCRE2_UCHAR{0})};
}

}  // namespace

RegexSet::~RegexSet() {
    crew_.reset();
    for (const Regex& r : regexes_) {
        pcre2_code_free(r.code);
    }
}

void RegexSet::begin(const std::vector<bundle::Pcre>& patterns, const std::vector<bool>& pieces) {
    patterns_ = &patterns;
    regexes_.resize(patterns.size());
    faults_.assign(patterns.size(), 0);
    for (std::size_t i = 0; i < patterns.size() && i < pieces.size(); ++i) {
        regexes_[i].pieces = pieces[i];
    }
    crew_ =
        std::make_unique<Crew>((patterns.size() + kPerJob - 1) / kPerJob, &RegexSet::compile, this);
}

// Thread of a crew: the patterns of one job are its own.
void RegexSet::compile(void* self, std::size_t job) {
    RegexSet& set = *static_cast<RegexSet*>(self);
    const std::size_t end = std::min((job + 1) * kPerJob, set.regexes_.size());
    for (std::size_t i = job * kPerJob; i < end; ++i) {
        const bundle::Pcre& p = (*set.patterns_)[i];
        Regex& r = set.regexes_[i];
        r.code = compile_metered(p, set.faults_[i]);
        if (r.code == nullptr) {
            continue;
        }
        r.pieces = r.pieces && !asks_for_end(p.pattern);
        // A pattern that the JIT refuses is still matched, by the interpreter.
        (void)pcre2_jit_compile(r.code,
                                PCRE2_JIT_COMPLETE | (r.pieces ? PCRE2_JIT_PARTIAL_SOFT : 0U));
        std::uint32_t all_options = 0;
        (void)pcre2_pattern_info(r.code, PCRE2_INFO_ALLOPTIONS, &all_options);
        r.looks_ahead = may_look_ahead(p.pattern);
        r.anchored = (all_options & PCRE2_ANCHORED) != 0;
        r.only_first = (p.flags & bundle::kPcreAnchored) != 0;
    }
}

Status RegexSet::finish() {
    crew_.reset();
    for (std::size_t i = 0; i < regexes_.size(); ++i) {
        if (regexes_[i].code == nullptr) {
            return Error{
                ErrorCode::kInvalid,
                "regular expression /" + (*patterns_)[i].pattern + "/: " + message_of(faults_[i]),
                {},
                {}};
        }
    }
    faults_ = {};
    return ok_status();
}

RegexMatcher::RegexMatcher()
    : data_(pcre2_match_data_create(2, nullptr)),  // the whole match and group 1
      context_(pcre2_match_context_create(nullptr)),
      stack_(pcre2_jit_stack_create(kJitStackStart, kJitStackMax, nullptr)) {
    if (context_ != nullptr) {
        pcre2_set_match_limit(context_, kMatchLimit);
        pcre2_set_depth_limit(context_, kDepthLimit);
        pcre2_jit_stack_assign(context_, nullptr, stack_);
        pcre2_set_callout(context_, &RegexMatcher::called_out, this);
    }
}

RegexMatcher::~RegexMatcher() {
    pcre2_jit_stack_free(stack_);
    pcre2_match_context_free(context_);
    pcre2_match_data_free(data_);
}

// False: that much is not left.
bool RegexMatcher::spend(std::size_t work) {
    const bool enough = work <= left_;
    const std::uint32_t spent = enough ? static_cast<std::uint32_t>(work) : left_;
    left_ -= spent;
    used_ += spent;
    return enough;
}

// What was done since the last callout. A repeat that took something back comes to the callout
// behind it again, so no work lies between two of them but running ahead.
int RegexMatcher::called_out(pcre2_callout_block_8* block, void* self) {
    RegexMatcher& m = *static_cast<RegexMatcher*>(self);
    if (block->start_match != m.attempt_) {
        m.attempt_ = block->start_match;
        m.reached_ = block->start_match;
    }
    const std::uint32_t number = block->callout_number;
    const std::size_t ran =
        block->current_position > m.reached_ ? block->current_position - m.reached_ : 0;
    m.reached_ = block->current_position;
    const std::size_t work = 1 + (number == kMeterLoop ? ran : ran / kMeterScanned) +
                             (number <= kMeterAheadMax ? number : 0);
    return m.spend(work) ? 0 : PCRE2_ERROR_CALLOUT;
}

// What pcre2_match() says; PCRE2_ERROR_CALLOUT: the budget is used up.
int RegexMatcher::run(const RegexSet& set, std::uint32_t index, const RegexSubject& subject,
                      std::uint32_t options) {
    const RegexSet::Regex& re = set.regexes_[index];
    const std::size_t places = re.anchored ? 0 : subject.bytes.size() - subject.from;
    if (!spend(1 + places / kMeterTried)) {
        return PCRE2_ERROR_CALLOUT;
    }
    attempt_ = subject.from;
    reached_ = subject.from;
    static constexpr std::uint8_t kNothing = 0;
    const std::uint8_t* bytes = subject.bytes.empty() ? &kNothing : subject.bytes.data();
    return pcre2_match(re.code, bytes, subject.bytes.size(), subject.from, options, data_,
                       context_);
}

RegexMatch RegexMatcher::match(const RegexSet& set, std::uint32_t index,
                               const RegexSubject& subject) {
    const RegexSet::Regex& re = set.regexes_[index];
    // An attempt at the very end has seen nothing that it could fail on.
    const bool never =
        re.anchored && re.pieces && !subject.at_end && subject.from < subject.bytes.size();
    const RegexMatch none{never ? RegexOutcome::kNever : RegexOutcome::kNoMatch, 0, 0,
                          !subject.at_end && re.pieces};
    if (subject.from > subject.bytes.size() || (re.only_first && !subject.at_start)) {
        return none;
    }
    const bool partial = !subject.at_end && re.pieces;
    const std::uint32_t options = (subject.at_start ? 0 : PCRE2_NOTBOL) |
                                  (subject.at_end ? 0 : PCRE2_NOTEOL) |
                                  (partial ? PCRE2_PARTIAL_SOFT : 0);
    const int rc = run(set, index, subject, options);
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data_);
    if (rc == PCRE2_ERROR_PARTIAL) {
        return {RegexOutcome::kPartial, span[0], span[1], true};
    }
    if (rc == PCRE2_ERROR_NOMATCH) {
        return none;
    }
    if (rc < 0) {
        return {gave_up(rc), 0, 0, false};
    }
    const RegexMatch found{RegexOutcome::kMatch, span[0], span[1], false};
    if (!subject.at_end && re.looks_ahead && found.end + kLookAhead > subject.bytes.size()) {
        return {RegexOutcome::kWait, found.start, found.end, false};
    }
    return found;
}

RegexMatch RegexMatcher::first_group(const RegexSet& set, std::uint32_t index, Bytes subject) {
    const int rc = run(set, index, {subject}, 0);
    if (rc < 0) {
        return {rc == PCRE2_ERROR_NOMATCH ? RegexOutcome::kNoMatch : gave_up(rc), 0, 0, false};
    }
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data_);
    if (rc == 1 || span[2] == PCRE2_UNSET) {
        return {RegexOutcome::kNoMatch, 0, 0, false};
    }
    return {RegexOutcome::kMatch, span[2], span[3], false};
}

}  // namespace sluice::detect
