// SPDX-License-Identifier: Apache-2.0
// TableReader: takes the keys of one TOML table one by one, remembers the first thing wrong, and at
// the end names a key that nobody took. Borrows the table. Internal to control/config; the only
// header there that knows toml++. One thread.
#pragma once

#include "dataplane/base/result.h"

namespace sluice::control {

// Throws std::runtime_error.
[[noreturn]] void refuse_toml();

}  // namespace sluice::control

// toml++ 3.3 asserts on some malformed keys. Input must never end the program: here the assertion
// throws, and the loader turns that into an error like any other.
#undef NDEBUG  // where it is set, toml++ assumes what it asserts
#define TOML_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::sluice::control::refuse_toml())
#include <toml++/toml.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

struct Choice {
    std::string_view name;
    int value;
};

class TableReader {
  public:
    // 'where' is how messages call the table, "[flow]"; 'error' is shared by all readers of a file.
    TableReader(const toml::table& table, std::string where, const std::string& file, Error* error);

    void u32(std::string_view key, std::uint32_t& out, std::uint32_t min, std::uint32_t max);
    void u64(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    void boolean(std::string_view key, bool& out);
    void text(std::string_view key, std::string& out);
    void texts(std::string_view key, std::vector<std::string>& out);
    void u32s(std::string_view key, std::vector<std::uint32_t>& out, std::uint32_t max);

    template <typename Enum>
    void choice(std::string_view key, Enum& out, const std::vector<Choice>& choices,
                std::string_view hint = {}) {
        int value = static_cast<int>(out);
        choose(key, value, choices, hint);
        out = static_cast<Enum>(value);
    }

    // Sub-table, null when absent.
    const toml::table* table(std::string_view key);

    // Node of any type, null when absent; counts as taken.
    const toml::node* take(std::string_view key);

    // Every key must have been taken.
    void finish();

    bool failed() const { return !error_->message.empty(); }

    Error* error() const { return error_; }

    // Remembers the first error only.
    void fail(const toml::node& node, std::string message, std::string hint);

  private:
    void choose(std::string_view key, int& value, const std::vector<Choice>& choices,
                std::string_view hint);

    const toml::table& table_;
    std::string where_;
    const std::string& file_;
    Error* error_;
    std::set<std::string, std::less<>> taken_;
};

}  // namespace sluice::control
