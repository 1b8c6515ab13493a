// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/content_match.h"

#include "dataplane/detect/asn1.h"
#include "dataplane/detect/base64.h"
#include "dataplane/detect/byte_keywords.h"

#include <algorithm>
#include <limits>

namespace sluice::detect {
namespace {

using bundle::Item;
using bundle::ItemKind;

constexpr std::int64_t kFar = std::int64_t{1} << 60;  // "no limit", with room for arithmetic
constexpr std::int64_t kFirstTry = -1;
constexpr std::uint32_t kDecodedPerStep = 64;  // bytes of base64 that cost as much as a step
// Places at which a pcre may begin that cost as much: each is bounded by the match limit only.
constexpr std::size_t kTriedPerStep = 256;

bool has(const Item& item, std::uint32_t flag) {
    return (item.flags & flag) != 0;
}

struct Span {
    std::int64_t lo = 0;
    std::int64_t hi = kFar;  // as the rule says, whether or not those bytes are here
};

class Run {
  public:
    Run(std::span<const Step> steps, const EvalView& view, EvalContext& context)
        : steps_(steps), view_(view), cx_(context) {}

    EvalResult run();

  private:
    StepOutcome step(const Step& s, std::int64_t resume);
    StepOutcome content(const Step& s, std::int64_t resume);
    StepOutcome negated_content(const Step& s, const Span& span) const;
    StepOutcome content_at_end(const Step& s, const Span& span);
    StepOutcome pcre(const Step& s, std::int64_t resume);
    StepOutcome base64(const Step& s);
    Span absolute_span(const Item& item) const;
    Span relative_span(const Item& item) const;
    std::int64_t var(std::int32_t slot) const;

    StepOutcome short_or_fail(const Step& s, std::int64_t wanted_end) const {
        return !view_.complete && wanted_end > view_.end() && (s.traits & kStepCovered) == 0
                   ? StepOutcome::kShort
                   : StepOutcome::kFail;
    }

    void took(std::int64_t start, std::int64_t end) {
        pos_ = end;
        max_end_ = std::max(max_end_, end);
        next_ = start + 1;
    }

    std::span<const Step> steps_;
    const EvalView& view_;
    EvalContext& cx_;
    std::int64_t pos_ = 0;
    std::int64_t max_end_ = 0;
    std::int64_t next_ = kFirstTry;  // set by a step that has further occurrences
    std::size_t depth_ = 0;
    std::uint32_t spent_ = 0;  // of the step budget
    bool gave_up_ = false;     // the budget of the packet's expressions is used up
    PcreResume resume_;
};

EvalResult Run::run() {
    bool waiting = false;  // some path failed for want of bytes
    std::size_t i = 0;
    std::int64_t resume = kFirstTry;
    for (; i < steps_.size(); ++spent_) {
        if (spent_ >= cx_.step_budget) {
            packet::count(cx_.reasons, packet::Reason::detect_step_limit);
            return {};
        }
        const Step& s = steps_[i];
        if (resume == kFirstTry && (s.traits & kStepCommit) != 0) {
            depth_ = 0;
            waiting = false;
        }
        const EvalFrame before{static_cast<std::uint32_t>(i), pos_, max_end_, 0};
        next_ = kFirstTry;
        const StepOutcome outcome = step(s, resume);
        if (outcome == StepOutcome::kOk) {
            if (s.item.kind == ItemKind::kBase64Decode) {
                break;  // what stands behind it has matched the decoded bytes
            }
            if (next_ != kFirstTry && (s.traits & kStepRetry) != 0) {
                cx_.frames[depth_] = before;
                cx_.frames[depth_++].next = next_;
            }
            ++i;
            resume = kFirstTry;
            continue;
        }
        if (gave_up_) {
            return {};
        }
        const bool is_short = outcome == StepOutcome::kShort;
        if ((s.traits & (kStepFatal | kStepCommit)) == kStepFatal) {
            return {is_short ? Outcome::kWait : Outcome::kNoMatch, 0, resume_};
        }
        waiting = waiting || is_short;
        if (depth_ == 0) {
            return {waiting ? Outcome::kWait : Outcome::kNoMatch, 0, resume_};
        }
        const EvalFrame& back = cx_.frames[--depth_];
        i = back.step;
        pos_ = back.pos;
        max_end_ = back.max_end;
        resume = back.next;
    }
    return {Outcome::kMatch, max_end_, {}};
}

StepOutcome Run::step(const Step& s, std::int64_t resume) {
    switch (s.item.kind) {
        case ItemKind::kContent:
            return content(s, resume);
        case ItemKind::kPcre:
            return pcre(s, resume);
        case ItemKind::kIsDataAt:
            return is_data_at(s.item, view_, pos_, cx_.vars);
        case ItemKind::kByteTest:
            return byte_test(s.item, view_, pos_, cx_.vars);
        case ItemKind::kByteJump:
            return byte_jump(s.item, view_, pos_, cx_.vars);
        case ItemKind::kByteExtract:
            return byte_extract(s.item, view_, pos_, cx_.vars);
        case ItemKind::kByteMath:
            return byte_math(s.item, view_, pos_, cx_.vars);
        case ItemKind::kBase64Decode:
            return base64(s);
        case ItemKind::kAsn1:
            return check_asn1(s.item, view_, pos_);
        case ItemKind::kBsize:
        case ItemKind::kUrilen:
            return buffer_size(s.item, view_);
        case ItemKind::kDsize:
        case ItemKind::kTtl:
        case ItemKind::kTcpFlags:
        case ItemKind::kItype:
        case ItemKind::kIcode:
        case ItemKind::kIpProto:
        case ItemKind::kSameIp:
        case ItemKind::kIpId:
        case ItemKind::kTcpAck:
        case ItemKind::kTcpSeq:
        case ItemKind::kTcpWindow:
        case ItemKind::kIcmpId:
        case ItemKind::kIcmpSeq:
        case ItemKind::kStreamSize:
        case ItemKind::kFlowbits:
        case ItemKind::kAppProto:
        case ItemKind::kFragBits:
        case ItemKind::kFragOffset:
        case ItemKind::kTos:
        case ItemKind::kTcpMss:
        case ItemKind::kXbits:
        case ItemKind::kFlowint:
        case ItemKind::kIpOpts:
        case ItemKind::kIcmp6Mtu:
        case ItemKind::kFlowAge:
        case ItemKind::kChecksum:
        case ItemKind::kEvent:
            return StepOutcome::kFail;  // the bundle reader lets these stand in the header engine
                                        // only
    }
    return StepOutcome::kFail;
}

// Suricata takes 32 bits of a variable in these places.
std::int64_t Run::var(std::int32_t slot) const {
    return static_cast<std::uint32_t>(cx_.vars[static_cast<std::size_t>(slot) % cx_.vars.size()]);
}

Span Run::absolute_span(const Item& item) const {
    if (has(item, bundle::kStartsWith)) {
        return {0, item.data_len};
    }
    Span span;
    span.lo = has(item, bundle::kOffsetVar) ? var(item.offset) : item.offset;
    if (has(item, bundle::kDepthVar)) {
        span.hi = span.lo + var(item.depth);
    } else if (has(item, bundle::kHasDepth)) {
        span.hi = span.lo + item.depth;
    }
    return span;
}

Span Run::relative_span(const Item& item) const {
    Span span;
    std::int64_t distance = 0;
    if (has(item, bundle::kHasDistance)) {
        distance = has(item, bundle::kDistanceVar)
                       ? static_cast<std::int32_t>(static_cast<std::uint32_t>(var(item.distance)))
                       : item.distance;
    }
    span.lo = std::max<std::int64_t>(0, pos_ + distance);
    if (has(item, bundle::kHasWithin)) {
        const std::int64_t within = has(item, bundle::kWithinVar) ? var(item.within) : item.within;
        const std::int64_t hi = pos_ + within + distance;
        // Suricata computes in unsigned 32 bits: a limit before the buffer's start wraps around and
        // does not limit.
        span.hi = hi < 0 ? kFar : hi;
    }
    // offset and depth beside distance and within: depth counts from the position, offset from the
    // buffer's start.
    if (has(item, bundle::kHasDepth)) {
        const std::int64_t depth =
            has(item, bundle::kDepthVar) ? var(item.depth) : std::int64_t{item.depth} + item.offset;
        span.hi = std::min(span.hi, pos_ + depth);
    }
    if (has(item, bundle::kHasOffset)) {
        span.lo = std::max<std::int64_t>(
            span.lo, has(item, bundle::kOffsetVar) ? var(item.offset) : item.offset);
    }
    return span;
}

StepOutcome Run::content(const Step& s, std::int64_t resume) {
    const bool relative = has(s.item, bundle::kHasDistance | bundle::kHasWithin);
    Span span = relative ? relative_span(s.item) : absolute_span(s.item);
    if (has(s.item, bundle::kNegated)) {
        return negated_content(s, span);
    }
    span.lo = std::max({span.lo, view_.base, view_.floor, resume});
    if (has(s.item, bundle::kEndsWith)) {
        return resume == kFirstTry ? content_at_end(s, span) : StepOutcome::kFail;
    }
    const auto size = static_cast<std::int64_t>(s.finder.size());
    const std::int64_t hi = std::min(span.hi, view_.end());
    if (hi - span.lo >= size) {
        const std::size_t at = s.finder.find(view_.bytes.data() + (span.lo - view_.base),
                                             static_cast<std::size_t>(hi - span.lo));
        if (at != Finder::kNone) {
            const std::int64_t start = span.lo + static_cast<std::int64_t>(at);
            took(start, start + size);
            return StepOutcome::kOk;
        }
    }
    return span.hi - span.lo >= size ? short_or_fail(s, span.hi) : StepOutcome::kFail;
}

StepOutcome Run::content_at_end(const Step& s, const Span& span) {
    if (!view_.complete) {
        return StepOutcome::kShort;
    }
    const std::int64_t start = view_.end() - static_cast<std::int64_t>(s.finder.size());
    if (start < span.lo || view_.end() > span.hi ||
        !s.finder.at(view_.bytes.data() + (start - view_.base))) {
        return StepOutcome::kFail;
    }
    took(start, view_.end());
    next_ = kFirstTry;
    return StepOutcome::kOk;
}

StepOutcome Run::negated_content(const Step& s, const Span& span) const {
    const std::int64_t lo = std::max(span.lo, view_.base);
    const std::int64_t hi = std::min(span.hi, view_.end());
    const auto size = static_cast<std::int64_t>(s.finder.size());
    if (span.hi - span.lo < size) {
        return StepOutcome::kOk;  // no room: it cannot be there
    }
    if (has(s.item, bundle::kEndsWith)) {
        if (!view_.complete) {
            return StepOutcome::kShort;
        }
        const std::int64_t start = view_.end() - size;
        const bool there = start >= lo && view_.end() <= span.hi &&
                           s.finder.at(view_.bytes.data() + (start - view_.base));
        return there ? StepOutcome::kFail : StepOutcome::kOk;
    }
    if (hi - lo >= size && s.finder.find(view_.bytes.data() + (lo - view_.base),
                                         static_cast<std::size_t>(hi - lo)) != Finder::kNone) {
        return StepOutcome::kFail;
    }
    return !view_.complete && span.hi > view_.end() ? StepOutcome::kShort : StepOutcome::kOk;
}

StepOutcome Run::pcre(const Step& s, std::int64_t resume) {
    const bool negated = has(s.item, bundle::kNegated);
    std::int64_t start = view_.base;
    if (has(s.item, bundle::kRelative)) {
        if (pos_ < view_.base) {
            return StepOutcome::kFail;
        }
        start = pos_;
    }
    if (start > view_.end()) {
        return short_or_fail(s, kFar);
    }
    std::int64_t from = negated ? start : std::max({start, view_.floor, resume});
    // Alone at its place among the steps, it goes on where it stopped at the last look.
    const auto index = static_cast<std::uint32_t>(&s - steps_.data());
    const bool resumable = !negated && (s.traits & kStepFatal) != 0 && resume == kFirstTry;
    if (resumable && cx_.resume.step == index) {
        from = std::max(from, std::min(cx_.resume.from, view_.end()));
    }
    const RegexSubject subject{view_.bytes.subspan(static_cast<std::size_t>(start - view_.base)),
                               static_cast<std::size_t>(from - start),
                               has(s.item, bundle::kRelative) || start == 0, view_.complete};
    if (!cx_.regexes.anchored(s.item.data) && subject.from < subject.bytes.size()) {
        spent_ += static_cast<std::uint32_t>((subject.bytes.size() - subject.from) / kTriedPerStep);
    }
    const RegexMatch m = cx_.matcher.match(cx_.regexes, s.item.data, subject);
    switch (m.outcome) {
        case RegexOutcome::kMatch:
            if (negated) {
                return StepOutcome::kFail;
            }
            took(start + static_cast<std::int64_t>(m.start),
                 start + static_cast<std::int64_t>(m.end));
            return StepOutcome::kOk;
        case RegexOutcome::kNoMatch:
        case RegexOutcome::kPartial:
            if (negated) {
                return view_.complete ? StepOutcome::kOk : StepOutcome::kShort;
            }
            if (resumable && m.resumable) {
                const bool partial = m.outcome == RegexOutcome::kPartial;
                resume_ = {index,
                           partial ? start + static_cast<std::int64_t>(m.start) : view_.end()};
            }
            return short_or_fail(s, kFar);
        case RegexOutcome::kNever:
            return negated ? StepOutcome::kOk : StepOutcome::kFail;
        case RegexOutcome::kWait:
            return negated ? StepOutcome::kFail : StepOutcome::kShort;
        case RegexOutcome::kLimit:
            packet::count(cx_.reasons, packet::Reason::pcre_limit);
            return StepOutcome::kFail;
        case RegexOutcome::kBudget:
            packet::count(cx_.reasons, packet::Reason::pcre_budget);
            gave_up_ = true;
            return StepOutcome::kFail;
    }
    return StepOutcome::kFail;
}

// Decodes from here, and judges what stands behind by the result: as one step, with a run of its
// own over the decoded bytes. There is one such step in an engine at most, so this goes one level
// deep.
StepOutcome Run::base64(const Step& s) {
    const std::int64_t from =
        (has(s.item, bundle::kRelative) ? pos_ : 0) + std::int64_t{s.item.offset};
    if (from < view_.base) {
        return StepOutcome::kFail;
    }
    if (from >= view_.end()) {
        return short_or_fail(s, from + 1);
    }
    Bytes in = view_.bytes.subspan(static_cast<std::size_t>(from - view_.base));
    const std::size_t wanted =
        s.item.depth > 0 ? static_cast<std::size_t>(s.item.depth) : kMaxBase64Input;
    const bool all_here = view_.complete || in.size() >= wanted;
    in = in.first(std::min(in.size(), wanted));
    const Decoded d = decode_base64(in, cx_.decoded);
    spent_ += static_cast<std::uint32_t>(in.size() / kDecodedPerStep);
    const bool whole = all_here || d.ended;
    const auto index = static_cast<std::size_t>(&s - steps_.data());
    if (d.size == 0 || index + 1 == steps_.size() || spent_ >= cx_.step_budget) {
        return whole ? StepOutcome::kFail : StepOutcome::kShort;
    }
    EvalContext inner = cx_;
    inner.frames = cx_.frames.subspan(depth_);
    inner.step_budget = cx_.step_budget - spent_;
    inner.decoded = {};
    inner.resume = {};
    const EvalView decoded{cx_.decoded.first(d.size), 0, 0, whole};
    Run run(steps_.subspan(index + 1), decoded, inner);
    const EvalResult result = run.run();
    spent_ += run.spent_;
    gave_up_ = run.gave_up_;
    switch (result.outcome) {
        case Outcome::kMatch:
            return StepOutcome::kOk;
        case Outcome::kWait:
            return StepOutcome::kShort;
        case Outcome::kNoMatch:
            break;
    }
    return StepOutcome::kFail;
}

}  // namespace

EvalResult evaluate(std::span<const Step> steps, const EvalView& view, EvalContext& context) {
    return Run(steps, view, context).run();
}

std::uint32_t missing_content(std::span<const Step> steps, const EvalView& view) {
    const std::int64_t lo = std::max(view.base, view.floor);
    for (std::uint32_t i = 0; i < steps.size(); ++i) {
        const Item& item = steps[i].item;
        if (item.kind == ItemKind::kBase64Decode) {
            break;  // what follows looks at other bytes
        }
        if (item.kind != ItemKind::kContent || has(item, bundle::kNegated)) {
            continue;
        }
        if (lo >= view.end() ||
            steps[i].finder.find(view.bytes.data() + (lo - view.base),
                                 static_cast<std::size_t>(view.end() - lo)) == Finder::kNone) {
            return i;
        }
    }
    return kNone32;
}

}  // namespace sluice::detect
