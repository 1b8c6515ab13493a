// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/regex_set.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace sluice::detect {
namespace {

// Suricata gives up after 3,500 steps of the interpreter; the JIT counts fewer of them, so this
// finds at least as much.
constexpr std::uint32_t kMatchLimit = 3500;
constexpr std::uint32_t kDepthLimit = 1500;
constexpr std::size_t kJitStackStart = std::size_t{32} * 1024;
constexpr std::size_t kJitStackMax = std::size_t{512} * 1024;
// A match that ends this close to bytes not yet received is judged later when the pattern looks
// beyond its end.
constexpr std::size_t kLookAhead = 16;

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

}  // namespace

RegexSet::~RegexSet() {
    for (const Regex& r : regexes_) {
        pcre2_code_free(r.code);
    }
}

Status RegexSet::load(const std::vector<bundle::Pcre>& patterns, const std::vector<bool>& pieces) {
    regexes_.reserve(patterns.size());
    for (const bundle::Pcre& p : patterns) {
        int code = 0;
        PCRE2_SIZE where = 0;
        std::vector<PCRE2_UCHAR> text(p.pattern.begin(), p.pattern.end());
        text.push_back(0);
        pcre2_code* re = pcre2_compile(text.data(), p.pattern.size(), options_of(p.flags), &code,
                                       &where, nullptr);
        if (re == nullptr) {
            std::array<PCRE2_UCHAR, 160> message{};
            pcre2_get_error_message(code, message.data(), message.size());
            std::string reason;
            for (const PCRE2_UCHAR c : message) {
                if (c == 0) {
                    break;
                }
                reason += static_cast<char>(c);
            }
            return Error{
                ErrorCode::kInvalid, "regular expression /" + p.pattern + "/: " + reason, {}, {}};
        }
        const bool in_pieces =
            regexes_.size() < pieces.size() && pieces[regexes_.size()] && !asks_for_end(p.pattern);
        // A pattern that the JIT refuses is still matched, by the interpreter.
        (void)pcre2_jit_compile(re, PCRE2_JIT_COMPLETE | (in_pieces ? PCRE2_JIT_PARTIAL_SOFT : 0U));
        std::uint32_t all_options = 0;
        (void)pcre2_pattern_info(re, PCRE2_INFO_ALLOPTIONS, &all_options);
        regexes_.push_back({re, may_look_ahead(p.pattern), (all_options & PCRE2_ANCHORED) != 0,
                            (p.flags & bundle::kPcreAnchored) != 0, in_pieces});
    }
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
    }
}

RegexMatcher::~RegexMatcher() {
    pcre2_jit_stack_free(stack_);
    pcre2_match_context_free(context_);
    pcre2_match_data_free(data_);
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
    static constexpr std::uint8_t kNothing = 0;
    const std::uint8_t* bytes = subject.bytes.empty() ? &kNothing : subject.bytes.data();
    const bool partial = !subject.at_end && re.pieces;
    const std::uint32_t options = (subject.at_start ? 0 : PCRE2_NOTBOL) |
                                  (subject.at_end ? 0 : PCRE2_NOTEOL) |
                                  (partial ? PCRE2_PARTIAL_SOFT : 0);
    const int rc =
        pcre2_match(re.code, bytes, subject.bytes.size(), subject.from, options, data_, context_);
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data_);
    if (rc == PCRE2_ERROR_PARTIAL) {
        return {RegexOutcome::kPartial, span[0], span[1], true};
    }
    if (rc == PCRE2_ERROR_NOMATCH) {
        return none;
    }
    if (rc < 0) {
        return {RegexOutcome::kLimit, 0, 0, false};
    }
    const RegexMatch found{RegexOutcome::kMatch, span[0], span[1], false};
    if (!subject.at_end && re.looks_ahead && found.end + kLookAhead > subject.bytes.size()) {
        return {RegexOutcome::kWait, found.start, found.end, false};
    }
    return found;
}

RegexMatch RegexMatcher::first_group(const RegexSet& set, std::uint32_t index, Bytes subject) {
    static constexpr std::uint8_t kNothing = 0;
    const std::uint8_t* bytes = subject.empty() ? &kNothing : subject.data();
    const int rc =
        pcre2_match(set.regexes_[index].code, bytes, subject.size(), 0, 0, data_, context_);
    if (rc < 0) {
        return {rc == PCRE2_ERROR_NOMATCH ? RegexOutcome::kNoMatch : RegexOutcome::kLimit, 0, 0,
                false};
    }
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data_);
    if (rc == 1 || span[2] == PCRE2_UNSET) {
        return {RegexOutcome::kNoMatch, 0, 0, false};
    }
    return {RegexOutcome::kMatch, span[2], span[3], false};
}

}  // namespace sluice::detect
