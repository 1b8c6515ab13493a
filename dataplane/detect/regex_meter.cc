// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/regex_meter.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::detect {
namespace {

constexpr std::uint32_t kMaxRepeat = 65535;  // PCRE2's own
constexpr std::uint32_t kScannedAhead = 16;  // repeats of one character per unit
constexpr std::uint32_t kLoopedAhead = 4;    // of a group

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct Quantifier {
    std::size_t length = 0;  // 0: there is none
    std::uint32_t least = 1;
    bool fixed = true;
};

class Meter {
  public:
    Meter(std::string_view pattern, bool extended) : p_(pattern), extended_(extended) {}

    std::optional<std::string> run() {
        while (ok_ && at_ < p_.size()) {
            next();
        }
        if (!ok_ || !open_.empty()) {
            return std::nullopt;
        }
        return std::move(out_);
    }

  private:
    struct Group {
        std::size_t begins = 0;  // in out_
        bool choice = false;     // has alternatives
    };

    bool has(std::size_t at, char c) const { return at < p_.size() && p_[at] == c; }

    // Behind the next 'c' from 'from' on; not ok when there is none.
    std::size_t behind(char c, std::size_t from) {
        const std::size_t found = p_.find(c, from);
        ok_ = ok_ && found != std::string_view::npos;
        return ok_ ? found + 1 : p_.size();
    }

    // Blanks and comments, where they have no meaning.
    std::size_t skip_blanks(std::size_t at) const {
        while (extended_ && at < p_.size() && (is_blank(p_[at]) || p_[at] == '#')) {
            at = p_[at] == '#' ? std::min(p_.find('\n', at), p_.size() - 1) + 1 : at + 1;
        }
        return at;
    }

    void next();
    void open_group();
    void close_group();
    std::size_t escape_end(std::size_t at);
    std::size_t class_end(std::size_t at);
    Quantifier quantifier(std::size_t at) const;
    std::uint32_t number(std::size_t& at) const;
    void put_item(std::size_t begins, bool group, bool choice);
    void call_out(std::uint32_t number, std::size_t where);

    std::string_view p_;
    bool extended_;
    bool ok_ = true;
    std::size_t at_ = 0;
    std::string out_;
    std::vector<Group> open_;
};

void Meter::next() {
    const std::size_t begin = at_;
    switch (p_[at_]) {
        case '(':
            open_group();
            return;
        case ')':
            close_group();
            return;
        case '|':
            if (!open_.empty()) {
                open_.back().choice = true;
            }
            out_ += p_[at_++];
            return;
        case '\\':
            at_ = escape_end(at_);
            break;
        case '[':
            at_ = class_end(at_);
            break;
        default:
            if (const std::size_t end = skip_blanks(at_); end != at_) {
                out_ += p_.substr(at_, end - at_);
                at_ = end;
                return;
            }
            ++at_;
    }
    if (ok_) {
        const std::size_t out_begin = out_.size();
        out_ += p_.substr(begin, at_ - begin);
        put_item(out_begin, false, false);
    }
}

// "(", "(?:", "(?P<name>", "(?<=", "(?i)" and their like.
void Meter::open_group() {
    const std::size_t begin = at_;
    open_.push_back({out_.size(), false});
    ++at_;
    if (has(at_, '*')) {
        ok_ = false;
        return;
    }
    if (has(at_, '?')) {
        ++at_;
        if (at_ >= p_.size() || p_[at_] == '(' || p_[at_] == '#' || p_[at_] == 'C') {
            ok_ = false;
            return;
        }
        while (at_ < p_.size() &&
               std::string_view("abcdefghijklmnopqrstuvwxyzJP-^").find(p_[at_]) !=
                   std::string_view::npos) {
            ok_ = ok_ && p_[at_] != 'x';
            ++at_;
        }
        if (has(at_, '<') && !has(at_ + 1, '=') && !has(at_ + 1, '!')) {
            at_ = behind('>', at_);
        } else if (has(at_, '\'')) {
            at_ = behind('\'', at_ + 1);
        } else if (has(at_, '<')) {
            at_ += 2;
        } else if (at_ < p_.size() &&
                   std::string_view(":=!|>").find(p_[at_]) != std::string_view::npos) {
            // "(?P=name)" and "(?P>name)", too: the name reads like text of a group.
            ++at_;
        }
    }
    out_ += p_.substr(begin, at_ - begin);
}

void Meter::close_group() {
    if (open_.empty()) {
        ok_ = false;
        return;
    }
    const Group group = open_.back();
    open_.pop_back();
    out_ += p_[at_++];
    put_item(group.begins, true, group.choice);
}

std::size_t Meter::escape_end(std::size_t at) {
    if (at + 1 >= p_.size() || p_[at + 1] == 'Q' || p_[at + 1] == 'E') {
        ok_ = false;
        return p_.size();
    }
    const char kind = p_[at + 1];
    at += 2;
    if (kind == 'c') {
        return std::min(at + 1, p_.size());
    }
    if (std::string_view("xogkpPN").find(kind) != std::string_view::npos && at < p_.size()) {
        constexpr std::array<std::array<char, 2>, 3> kPairs{{{'{', '}'}, {'<', '>'}, {'\'', '\''}}};
        for (const auto& [open, close] : kPairs) {
            if (p_[at] == open && (open == '{' || kind == 'g' || kind == 'k')) {
                return behind(close, at + 1);
            }
        }
    }
    return at;
}

std::size_t Meter::class_end(std::size_t at) {
    ++at;
    at += has(at, '^') ? 1U : 0U;
    at += has(at, ']') ? 1U : 0U;  // the first one is a member
    while (at < p_.size() && p_[at] != ']') {
        if (p_[at] == '\\') {
            ok_ = ok_ && !has(at + 1, 'Q') && !has(at + 1, 'E');
            at += 2;
        } else if (p_[at] == '[' && has(at + 1, ':') &&
                   p_.find(":]", at + 2) != std::string_view::npos) {
            at = p_.find(":]", at + 2) + 2;
        } else {
            ++at;
        }
    }
    ok_ = ok_ && at < p_.size();
    return at + 1;
}

std::uint32_t Meter::number(std::size_t& at) const {
    std::uint32_t n = 0;
    for (; at < p_.size() && is_digit(p_[at]); ++at) {
        n = std::min(n * 10 + static_cast<std::uint32_t>(p_[at] - '0'), kMaxRepeat);
    }
    return n;
}

Quantifier Meter::quantifier(std::size_t at) const {
    const std::size_t begin = at;
    at = skip_blanks(at);
    if (at >= p_.size()) {
        return {};
    }
    Quantifier q;
    if (p_[at] == '*' || p_[at] == '+' || p_[at] == '?') {
        q.least = p_[at] == '+' ? 1 : 0;
        q.fixed = false;
        ++at;
    } else if (p_[at] == '{' && at + 1 < p_.size() && is_digit(p_[at + 1])) {
        ++at;
        q.least = number(at);
        if (has(at, ',')) {
            ++at;
            const bool open = at < p_.size() && !is_digit(p_[at]);
            q.fixed = number(at) == q.least && !open;
        }
        if (!has(at, '}')) {
            return {};  // a brace like any other character
        }
        ++at;
    } else {
        return {};
    }
    if (has(at, '?') || has(at, '+')) {
        ++at;
    }
    q.length = at - begin;
    return q;
}

void Meter::call_out(std::uint32_t number, std::size_t where) {
    out_.insert(where, number == kMeterStep ? "(?C)" : "(?C" + std::to_string(number) + ")");
}

// The item is in out_ already, from 'begins' on; its quantifier follows in p_.
void Meter::put_item(std::size_t begins, bool group, bool choice) {
    const Quantifier q = quantifier(at_);
    out_ += p_.substr(at_, q.length);
    at_ += q.length;
    const std::uint32_t ahead = q.least / (group ? kLoopedAhead : kScannedAhead);
    if (q.length != 0 && group) {
        call_out(kMeterLoop, out_.size());
    } else if (!q.fixed || choice) {
        call_out(kMeterStep, out_.size());
    }
    if (ahead != 0) {
        call_out(std::min(ahead, kMeterAheadMax), begins);
    }
}

}  // namespace

std::optional<std::string> metered(std::string_view pattern, bool extended) {
    return Meter(pattern, extended).run();
}

}  // namespace sluice::detect
