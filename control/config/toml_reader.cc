// SPDX-License-Identifier: Apache-2.0
#include "control/config/toml_reader.h"

#include <functional>
#include <stdexcept>
#include <utility>

namespace sluice::control {

void refuse_toml() {
    throw std::runtime_error("malformed TOML");
}

TableReader::TableReader(const toml::table& table, std::string where, const std::string& file,
                         Error* error)
    : table_(table), where_(std::move(where)), file_(file), error_(error) {}

void TableReader::fail(const toml::node& node, std::string message, std::string hint) {
    if (failed()) {
        return;
    }
    const toml::source_position at = node.source().begin;
    *error_ =
        Error{ErrorCode::kInvalid,
              std::move(message),
              {file_, static_cast<std::uint32_t>(at.line), static_cast<std::uint32_t>(at.column)},
              std::move(hint)};
}

const toml::node* TableReader::take(std::string_view key) {
    taken_.emplace(key);
    return table_.get(key);
}

void TableReader::u64(std::string_view key, std::uint64_t& out, std::uint64_t min,
                      std::uint64_t max) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    const toml::value<std::int64_t>* value = node->as_integer();
    const bool good = value != nullptr && value->get() >= 0 &&
                      static_cast<std::uint64_t>(value->get()) >= min &&
                      static_cast<std::uint64_t>(value->get()) <= max;
    if (!good) {
        fail(*node,
             where_ + " " + std::string(key) + " must be a number from " + std::to_string(min) +
                 " to " + std::to_string(max),
             "");
        return;
    }
    out = static_cast<std::uint64_t>(value->get());
}

void TableReader::u32(std::string_view key, std::uint32_t& out, std::uint32_t min,
                      std::uint32_t max) {
    std::uint64_t wide = out;
    u64(key, wide, min, max);
    out = static_cast<std::uint32_t>(wide);
}

void TableReader::boolean(std::string_view key, bool& out) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    if (const toml::value<bool>* value = node->as_boolean()) {
        out = value->get();
    } else {
        fail(*node, where_ + " " + std::string(key) + " must be true or false", "");
    }
}

void TableReader::text(std::string_view key, std::string& out) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    if (const toml::value<std::string>* value = node->as_string()) {
        out = value->get();
    } else {
        fail(*node, where_ + " " + std::string(key) + " must be a string",
             "put it in double quotes");
    }
}

void TableReader::texts(std::string_view key, std::vector<std::string>& out) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        fail(*node, where_ + " " + std::string(key) + " must be a list of strings",
             "write [\"...\"]");
        return;
    }
    out.clear();
    for (const toml::node& element : *array) {
        const toml::value<std::string>* value = element.as_string();
        if (value == nullptr) {
            fail(element, where_ + " " + std::string(key) + " must hold strings only",
                 "put it in double quotes");
            return;
        }
        out.push_back(value->get());
    }
}

void TableReader::u32s(std::string_view key, std::vector<std::uint32_t>& out, std::uint32_t max) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        fail(*node, where_ + " " + std::string(key) + " must be a list of numbers", "write [0, 1]");
        return;
    }
    out.clear();
    for (const toml::node& element : *array) {
        const toml::value<std::int64_t>* value = element.as_integer();
        if (value == nullptr || value->get() < 0 || value->get() > static_cast<std::int64_t>(max)) {
            fail(element,
                 where_ + " " + std::string(key) + " must hold numbers from 0 to " +
                     std::to_string(max),
                 "");
            return;
        }
        out.push_back(static_cast<std::uint32_t>(value->get()));
    }
}

void TableReader::choose(std::string_view key, int& value, const std::vector<Choice>& choices,
                         std::string_view hint) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return;
    }
    std::string list;
    for (const Choice& choice : choices) {
        if (const toml::value<std::string>* text = node->as_string();
            text != nullptr && text->get() == choice.name) {
            value = choice.value;
            return;
        }
        list += (list.empty() ? "\"" : ", \"") + std::string(choice.name) + "\"";
    }
    fail(*node, where_ + " " + std::string(key) + " must be one of " + list, std::string(hint));
}

const toml::table* TableReader::table(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) {
        return nullptr;
    }
    const toml::table* found = node->as_table();
    if (found == nullptr) {
        fail(*node, "'" + std::string(key) + "' must be a table",
             "write [" + std::string(key) + "] on a line of its own");
    }
    return found;
}

void TableReader::finish() {
    for (const auto& [key, node] : table_) {
        if (taken_.find(key.str()) == taken_.end()) {
            fail(node, "unknown key '" + std::string(key.str()) + "' in " + where_,
                 "see control/config/sluice.toml.example for the keys there are");
            return;
        }
    }
}

}  // namespace sluice::control
