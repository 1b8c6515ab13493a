// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/limits.h"

#include "signatures/guidance/guidance.h"
#include "signatures/lang/text.h"

#include <algorithm>

namespace sluice::guidance {

namespace {

// Follows TOML's strings and comments, so that dots and brackets inside them do not count. Where
// text is malformed this may lose track, but then the parser stops at that place too.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    LimitFault run() {
        while (at_ < text_.size() && fault_ == nullptr) {
            step();
        }
        return fault_ == nullptr ? LimitFault{}
                                 : LimitFault{fault_, line_, static_cast<std::uint32_t>(column_)};
    }

  private:
    enum class In : std::uint8_t { kPlain, kComment, kBasic, kLiteral, kLongBasic, kLongLiteral };

    void step() {
        const char c = text_[at_];
        if (++column_ > kMaxLineBytes) {
            fault_ = "line is longer than 4096 bytes";
            return;
        }
        if (c == '\n') {
            new_line();
            return;
        }
        if (is_foreign(c) && in_ != In::kComment) {
            fault_ = "a byte outside ASCII; write it as \\uXXXX";
            return;
        }
        if (in_ == In::kPlain) {
            plain(c);
        } else if (in_ != In::kComment) {
            string(c);
        }
        ++at_;
    }

    static bool is_foreign(char c) { return static_cast<unsigned char>(c) >= 0x80; }

    void new_line() {
        ++line_;
        column_ = 0;
        dots_ = 0;
        ++at_;
        line_start_ = at_;
        if (in_ != In::kLongBasic && in_ != In::kLongLiteral) {
            in_ = In::kPlain;
        }
    }

    void skip(std::size_t n) {
        at_ += n;
        column_ += n;
    }

    void plain(char c) {
        switch (c) {
            case '#':
                in_ = In::kComment;
                break;
            case '"':
                open(In::kBasic, In::kLongBasic, "\"\"\"");
                break;
            case '\'':
                open(In::kLiteral, In::kLongLiteral, "'''");
                break;
            case '.':
                if (++dots_ > kMaxDotsPerLine) {
                    fault_ = "more than 64 dots outside strings in one line";
                }
                break;
            case '[':
            case '{':
                if (c == '[' && brackets_ == 0 &&
                    text_.substr(line_start_, at_ - line_start_).find_first_not_of(" \t") ==
                        std::string_view::npos) {
                    table_header();
                }
                if (++brackets_ > kMaxBrackets) {
                    fault_ = "more than 16 brackets open at one time";
                }
                break;
            case ']':
            case '}':
                brackets_ -= brackets_ > 0 ? 1 : 0;
                break;
            default:
                break;
        }
    }

    // What may follow "[" or "[[" at the start of a line. toml++ takes for granted that it is a
    // name.
    void table_header() {
        std::string_view rest = text_.substr(at_ + 1);
        rest.remove_prefix(rest.starts_with('[') ? 1 : 0);
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
        constexpr std::string_view kMarks = "-_\"'";
        const char c = rest.empty() ? '\0' : lang::to_lower(rest.front());
        if (!lang::is_digit(c) && !(c >= 'a' && c <= 'z') &&
            kMarks.find(c) == std::string_view::npos) {
            fault_ = "name of a table expected after '['";
        }
    }

    void open(In one_line, In many_lines, std::string_view mark) {
        const bool is_long = text_.substr(at_).starts_with(mark);
        in_ = is_long ? many_lines : one_line;
        skip(is_long ? 2 : 0);
    }

    void string(char c) {
        const bool basic = in_ == In::kBasic || in_ == In::kLongBasic;
        if (basic && c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
            skip(1);
            return;
        }
        if (c != (basic ? '"' : '\'')) {
            return;
        }
        if (in_ == In::kBasic || in_ == In::kLiteral) {
            in_ = In::kPlain;
            return;
        }
        if (!text_.substr(at_).starts_with(basic ? "\"\"\"" : "'''")) {
            return;
        }
        skip(2);
        // Up to two quotes may stand before the closing three.
        while (at_ + 1 < text_.size() && text_[at_ + 1] == c) {
            skip(1);
        }
        in_ = In::kPlain;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    std::uint32_t line_ = 1;
    std::size_t column_ = 0;
    std::size_t dots_ = 0;
    std::size_t brackets_ = 0;
    In in_ = In::kPlain;
    const char* fault_ = nullptr;
};

}  // namespace

std::string ascii_only(std::string_view toml) {
    std::string out(toml);
    for (char& c : out) {
        c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
    return out;
}

LimitFault check_limits(std::string_view toml) {
    if (toml.size() > kMaxGuidanceBytes) {
        return LimitFault{"larger than 65536 bytes", 0, 0};
    }
    return Scanner(toml).run();
}

}  // namespace sluice::guidance
