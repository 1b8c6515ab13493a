// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/header.h"

#include "signatures/lang/text.h"

#include <array>
#include <vector>

namespace sluice::lang {
namespace {

struct ActionName {
    std::string_view name;
    Action action;
};

constexpr std::array kActions{
    ActionName{"alert", Action::kAlert},         ActionName{"drop", Action::kDrop},
    ActionName{"reject", Action::kReject},       ActionName{"rejectsrc", Action::kRejectSrc},
    ActionName{"rejectdst", Action::kRejectDst}, ActionName{"rejectboth", Action::kRejectBoth},
    ActionName{"pass", Action::kPass},
};

// Reads an expression with a stack of open lists instead of recursion.
class ExprReader {
  public:
    ExprReader(std::string_view text, std::size_t base, Fault& fault)
        : text_(text), base_(base), fault_(fault) {}

    bool read(Expr& out) {
        // An outer list holds what stands at top level: "80,90" is a list without brackets.
        stack_.emplace_back();
        stack_.back().kind = Expr::Kind::kList;
        while (at_ < text_.size()) {
            if (!step()) {
                return false;
            }
        }
        if (stack_.size() != 1) {
            return fail("list is not closed");
        }
        if (expect_item_) {
            return fail("expression ends where an element was expected");
        }
        Expr& top = stack_.back();
        if (top.items.size() == 1) {
            out = std::move(top.items.front());
        } else {
            out = std::move(top);
            place(out, 0);
        }
        return true;
    }

  private:
    bool fail(std::string reason) {
        fault_ = {base_ + at_, std::move(reason), false};
        return false;
    }

    void place(Expr& e, std::size_t at) const {
        e.line = 1;
        e.column = static_cast<std::uint32_t>(base_ + at + 1);
    }

    bool step() {
        const char c = text_[at_];
        if (is_blank(c)) {
            ++at_;
            return true;
        }
        if (c == ',') {
            ++at_;
            if (expect_item_) {
                return fail("empty element in a list");
            }
            expect_item_ = true;
            return true;
        }
        if (c == ']') {
            return close();
        }
        if (!expect_item_) {
            return fail("',' expected between elements");
        }
        return item();
    }

    bool item() {
        Expr e;
        place(e, at_);
        while (at_ < text_.size() && (text_[at_] == '!' || is_blank(text_[at_]))) {
            e.negated = text_[at_] == '!' ? !e.negated : e.negated;
            ++at_;
        }
        if (at_ == text_.size()) {
            return fail("nothing follows '!'");
        }
        if (text_[at_] == '[') {
            return open(std::move(e));
        }
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ']' && text_[at_] != '[') {
            ++at_;
        }
        return leaf(std::move(e), trim(text_.substr(start, at_ - start)));
    }

    bool leaf(Expr e, std::string_view word) {
        if (word.empty() || word.find_first_of(" \t!") != std::string_view::npos) {
            return fail("malformed element '" + std::string(word) + "'");
        }
        if (word.front() == '$') {
            e.kind = Expr::Kind::kVariable;
            e.text = word.substr(1);
            if (e.text.empty()) {
                return fail("'$' without a name");
            }
        } else if (equal_nocase(word, "any")) {
            e.kind = Expr::Kind::kAny;
        } else {
            e.kind = Expr::Kind::kLiteral;
            e.text = word;
        }
        stack_.back().items.push_back(std::move(e));
        expect_item_ = false;
        return true;
    }

    bool open(Expr e) {
        if (stack_.size() > static_cast<std::size_t>(kMaxDepth)) {
            return fail("lists are nested too deeply");
        }
        ++at_;
        e.kind = Expr::Kind::kList;
        stack_.push_back(std::move(e));
        expect_item_ = true;
        return true;
    }

    bool close() {
        if (stack_.size() == 1) {
            return fail("']' without '['");
        }
        if (expect_item_) {
            return fail(stack_.back().items.empty() ? "empty list" : "empty element in a list");
        }
        ++at_;
        Expr done = std::move(stack_.back());
        stack_.pop_back();
        stack_.back().items.push_back(std::move(done));
        return true;
    }

    std::string_view text_;
    std::size_t base_;
    Fault& fault_;
    std::size_t at_ = 0;
    bool expect_item_ = true;
    std::vector<Expr> stack_;
};

// Words of the header; blanks inside brackets do not separate.
class HeaderReader {
  public:
    HeaderReader(std::string_view rule, Fault& fault) : rule_(rule), fault_(fault) {}

    std::size_t read(RuleAst& out) {
        if (!action(out) || !word("protocol")) {
            return std::string_view::npos;
        }
        out.proto = lower(word_);
        if (!expr("source address", out.src) || !expr("source port", out.src_ports) ||
            !arrow(out) || !expr("destination address", out.dst) ||
            !expr("destination port", out.dst_ports)) {
            return std::string_view::npos;
        }
        skip();
        if (at_ == rule_.size() || rule_[at_] != '(') {
            fail(at_, "'(' expected before the options");
            return std::string_view::npos;
        }
        return at_;
    }

  private:
    bool fail(std::size_t at, std::string reason) {
        fault_ = {at, std::move(reason), false};
        return false;
    }

    void skip() {
        while (at_ < rule_.size() && is_blank(rule_[at_])) {
            ++at_;
        }
    }

    bool word(std::string_view what) {
        skip();
        start_ = at_;
        int depth = 0;
        while (at_ < rule_.size()) {
            const char c = rule_[at_];
            if (c == '(' || (depth <= 0 && is_blank(c))) {
                break;
            }
            depth += c == '[' ? 1 : 0;
            depth -= c == ']' ? 1 : 0;
            ++at_;
        }
        word_ = rule_.substr(start_, at_ - start_);
        return !word_.empty() || fail(start_, std::string(what) + " is missing");
    }

    bool action(RuleAst& out) {
        if (!word("action")) {
            return false;
        }
        for (const ActionName& a : kActions) {
            if (equal_nocase(a.name, word_)) {
                out.action = a.action;
                return true;
            }
        }
        fail(start_, "unknown action '" + std::string(word_.substr(0, 40)) + "'");
        if (equal_nocase(word_, "config")) {
            fault_.reason = "action config is not compiled by this version";
            fault_.unsupported = true;
        }
        return false;
    }

    bool expr(std::string_view what, Expr& out) {
        return word(what) && ExprReader(word_, start_, fault_).read(out);
    }

    bool arrow(RuleAst& out) {
        if (!word("arrow")) {
            return false;
        }
        out.arrow = word_ == "<>" ? Arrow::kBoth : Arrow::kToRight;
        return word_ == "->" || word_ == "<>" ||
               fail(start_,
                    "'->' or '<>' expected, not '" + std::string(word_.substr(0, 40)) + "'");
    }

    std::string_view rule_;
    Fault& fault_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;
    std::string_view word_;
};

}  // namespace

bool parse_expr(std::string_view text, Expr& out, Fault& fault) {
    return ExprReader(text, 0, fault).read(out);
}

std::size_t parse_header(std::string_view rule, RuleAst& out, Fault& fault) {
    return HeaderReader(rule, fault).read(out);
}

}  // namespace sluice::lang
