// SPDX-License-Identifier: Apache-2.0
// JsonWriter: appends one JSON value to a string, member by member, in the order of the calls.
// Whatever bytes it is given, the result is valid JSON in valid UTF-8: control characters are
// escaped, bytes that are not UTF-8 (RFC 3629) become U+FFFD. The caller owns the string and keeps
// the calls balanced. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::exporter {

// Whether all of it is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();

    // The name of the next member. Names are ours, but are escaped like any text.
    JsonWriter& key(std::string_view name);

    JsonWriter& text(std::string_view value);
    JsonWriter& number(std::uint64_t value);
    JsonWriter& boolean(bool value);

    // Members in one call.
    JsonWriter& field(std::string_view name, std::string_view value) {
        return key(name).text(value);
    }

    JsonWriter& field(std::string_view name, const char* value) { return key(name).text(value); }

    JsonWriter& field(std::string_view name, std::uint64_t value) {
        return key(name).number(value);
    }

    JsonWriter& flag(std::string_view name, bool value) { return key(name).boolean(value); }

  private:
    void separate();
    void append_escaped(std::string_view value);

    std::string& out_;
    bool first_ = true;  // no comma before the next element
};

}  // namespace sluice::exporter
