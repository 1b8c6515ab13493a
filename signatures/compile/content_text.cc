// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/content_text.h"

#include "signatures/lang/text.h"

namespace sluice::compile {
namespace {

int hex_value(char c) {
    c = lang::to_lower(c);
    if (lang::is_digit(c)) {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Text between the quotes -> bytes. Null: good, else what is wrong.
class ContentReader {
  public:
    explicit ContentReader(std::string_view text) : text_(text) {}

    const char* read(std::string& out) {
        for (const char c : text_) {
            const char* fault = hex_ ? hex(c, out) : plain(c, out);
            if (fault != nullptr) {
                return fault;
            }
        }
        if (hex_) {
            return "'|' is not closed";
        }
        return out.empty() ? "content is empty" : nullptr;
    }

  private:
    const char* hex(char c, std::string& out) {
        if (c == '|') {
            hex_ = false;
            return nibble_ < 0 ? nullptr : "odd number of hex digits between '|'";
        }
        if (c == ' ' || c == ',') {
            return nullptr;
        }
        const int v = hex_value(c);
        if (v < 0) {
            return "not a hex digit between '|'";
        }
        if (nibble_ < 0) {
            nibble_ = v;
        } else {
            out += static_cast<char>(nibble_ * 16 + v);
            nibble_ = -1;
        }
        return nullptr;
    }

    const char* plain(char c, std::string& out) {
        if (c == '|') {
            hex_ = true;
            nibble_ = -1;
            return nullptr;
        }
        if (escaped_) {
            escaped_ = false;
            if (c != ':' && c != ';' && c != '\\' && c != '"') {
                return "'\\' has to be escaped";
            }
            out += c;
            return nullptr;
        }
        if (c == '\\') {
            escaped_ = true;
            return nullptr;
        }
        if (c == '"') {
            return "'\"' has to be escaped within a content";
        }
        out += c;
        return nullptr;
    }

    std::string_view text_;
    bool hex_ = false;
    bool escaped_ = false;
    int nibble_ = -1;
};

}  // namespace

const char* read_content_text(std::string_view text, std::string& out) {
    return ContentReader(text).read(out);
}

}  // namespace sluice::compile
