// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/document.h"

#include "signatures/guidance/limits.h"

#include <stdexcept>

// toml++ 3.3 asserts on some malformed texts (such as a header "[[#"), and assumes the same where
// NDEBUG is set: either would let a text end the process. Here a failed assertion is one more parse
// error.
#undef NDEBUG

namespace {
[[noreturn]] void toml_assertion_failed() {
    throw std::logic_error("malformed TOML");
}
}  // namespace

#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : toml_assertion_failed())
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace sluice::guidance {

namespace {

constexpr std::size_t kMaxTriggers = 64;
constexpr std::size_t kMaxSteps = 16;
constexpr std::size_t kMaxList = 256;
constexpr std::size_t kMaxPublicText = 200;

Place place_of(const toml::source_region& source) {
    return Place{static_cast<std::uint32_t>(source.begin.line),
                 static_cast<std::uint32_t>(source.begin.column)};
}

bool is_digits(std::string_view s) {
    return !s.empty() &&
           std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_cve(std::string_view s) {
    return s.size() >= 13 && s.size() <= 20 && s.starts_with("CVE-") && is_digits(s.substr(4, 4)) &&
           s[8] == '-' && is_digits(s.substr(9));
}

class Loader {
  public:
    Loader(const std::string& file, std::vector<lang::Problem>& problems)
        : file_(file), problems_(problems) {}

    void problem(Place at, std::string keyword, std::string reason) {
        problems_.push_back(
            lang::Problem{.where = {.file = file_, .line = at.line, .column = at.column},
                          .keyword = std::move(keyword),
                          .reason = std::move(reason)});
    }

    Document document(const toml::table& t) {
        known_keys(t, "",
                   {"format", "cve", "component", "weakness", "public_text", "signature",
                    "revision", "delivery", "parse", "trigger", "evidence", "quality"});
        Document d;
        (void)choice(t, "", "format", true, {"guidance/1"});
        d.cve = cve(t);
        (void)text(t, "", "component", false);
        (void)text(t, "", "weakness", false);
        d.public_text = public_text(t);
        d.required = choice(t, "", "signature", false, {"required", "optional"}).text == "required";
        d.revision = static_cast<std::uint32_t>(
            integer(t, "", "revision", std::numeric_limits<std::int32_t>::max(), 1));
        quality(t, d);
        evidence(t);
        if (const toml::table* delivery = table(t, "delivery", d.network_detectable != "no")) {
            d.delivery = read_delivery(*delivery);
        }
        for (const toml::table* step : tables(t, "parse", kMaxSteps)) {
            d.steps.push_back(read_step(*step));
        }
        for (const toml::table* trigger : tables(t, "trigger", kMaxTriggers)) {
            d.triggers.push_back(read_trigger(*trigger));
        }
        return d;
    }

  private:
    static std::string path(std::string_view parent, std::string_view key) {
        return parent.empty() ? std::string(key) : std::string(parent) + "." + std::string(key);
    }

    void known_keys(const toml::table& t, std::string_view parent,
                    std::initializer_list<std::string_view> known) {
        for (auto&& [key, node] : t) {
            if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
                problem(place_of(key.source()), path(parent, key.str()), "unknown key");
            }
        }
    }

    // Null when absent, which is a problem when it is required.
    const toml::node* get(const toml::table& t, std::string_view parent, std::string_view key,
                          bool required) {
        const toml::node* node = t.get(key);
        if (node == nullptr && required) {
            problem(place_of(t.source()), path(parent, key), "key is missing");
        }
        return node;
    }

    Text text(const toml::table& t, std::string_view parent, std::string_view key, bool required) {
        const toml::node* node = get(t, parent, key, required);
        if (node == nullptr) {
            return {};
        }
        const Place at = place_of(node->source());
        const toml::value<std::string>* s = node->as_string();
        if (s == nullptr) {
            problem(at, path(parent, key), "text expected");
            return {};
        }
        if (s->get().empty()) {
            problem(at, path(parent, key), "text is empty");
        }
        return Text{s->get(), at};
    }

    Text choice(const toml::table& t, std::string_view parent, std::string_view key, bool required,
                std::initializer_list<std::string_view> known) {
        Text v = text(t, parent, key, required);
        if (v.text.empty() || std::find(known.begin(), known.end(), v.text) != known.end()) {
            return v;
        }
        std::string words;
        for (std::string_view k : known) {
            words += (words.empty() ? "" : ", ") + std::string(k);
        }
        problem(v.at, path(parent, key), "'" + v.text + "' is not one of: " + words);
        return {};
    }

    std::int64_t integer(const toml::table& t, std::string_view parent, std::string_view key,
                         std::int64_t max, std::int64_t fallback) {
        const toml::node* node = t.get(key);
        if (node == nullptr) {
            return fallback;
        }
        const toml::value<std::int64_t>* v = node->as_integer();
        if (v == nullptr || v->get() < 1 || v->get() > max) {
            problem(place_of(node->source()), path(parent, key),
                    "integer from 1 to " + std::to_string(max) + " expected");
            return fallback;
        }
        return v->get();
    }

    const toml::table* table(const toml::table& t, std::string_view key, bool required) {
        const toml::node* node = get(t, "", key, required);
        if (node != nullptr && node->as_table() == nullptr) {
            problem(place_of(node->source()), std::string(key), "table expected");
        }
        return node == nullptr ? nullptr : node->as_table();
    }

    std::vector<const toml::table*> tables(const toml::table& t, std::string_view key,
                                           std::size_t max) {
        std::vector<const toml::table*> out;
        const toml::node* node = t.get(key);
        if (node == nullptr) {
            return out;
        }
        const toml::array* list = node->as_array();
        if (list == nullptr || list->size() > max) {
            problem(place_of(node->source()), std::string(key),
                    list == nullptr ? "array of tables expected"
                                    : "more than " + std::to_string(max) + " of them");
            return out;
        }
        for (const toml::node& item : *list) {
            if (item.as_table() == nullptr) {
                problem(place_of(item.source()), std::string(key), "table expected");
            } else {
                out.push_back(item.as_table());
            }
        }
        return out;
    }

    std::vector<Text> texts(const toml::table& t, std::string_view parent, std::string_view key,
                            bool required) {
        std::vector<Text> out;
        const toml::node* node = get(t, parent, key, required);
        if (node == nullptr) {
            return out;
        }
        const toml::array* list = node->as_array();
        if (list == nullptr || list->size() > kMaxList) {
            problem(place_of(node->source()), path(parent, key),
                    "array of at most 256 texts expected");
            return out;
        }
        for (const toml::node& item : *list) {
            if (const toml::value<std::string>* s = item.as_string()) {
                out.push_back(Text{s->get(), place_of(item.source())});
            } else {
                problem(place_of(item.source()), path(parent, key), "text expected");
            }
        }
        return out;
    }

    Text cve(const toml::table& t) {
        Text v = text(t, "", "cve", true);
        if (!v.text.empty() && !is_cve(v.text)) {
            problem(v.at, "cve", "'" + v.text + "' is not of the form CVE-2026-10001");
            v.text.clear();
        }
        return v;
    }

    // It goes into logs and rule text: one printable line.
    Text public_text(const toml::table& t) {
        Text v = text(t, "", "public_text", true);
        const bool control = std::any_of(v.text.begin(), v.text.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        });
        if (control || v.text.size() > kMaxPublicText) {
            problem(v.at, "public_text",
                    "one line of at most 200 bytes without control characters expected");
        }
        return v;
    }

    void quality(const toml::table& t, Document& d) {
        const toml::table* q = table(t, "quality", false);
        if (q == nullptr) {
            return;
        }
        known_keys(*q, "quality",
                   {"false_positive_notes", "evasions", "network_detectable", "action"});
        (void)text(*q, "quality", "false_positive_notes", false);
        (void)texts(*q, "quality", "evasions", false);
        const Text detectable =
            choice(*q, "quality", "network_detectable", false, {"yes", "partial", "no"});
        const Text action = choice(*q, "quality", "action", false, {"block", "alert"});
        d.network_detectable = detectable.text.empty() ? "yes" : detectable.text;
        d.action = action.text.empty() ? "alert" : action.text;
    }

    void evidence(const toml::table& t) {
        const toml::table* e = table(t, "evidence", false);
        if (e == nullptr) {
            return;
        }
        known_keys(*e, "evidence", {"stack_trace", "event_log"});
        (void)texts(*e, "evidence", "stack_trace", false);
        (void)texts(*e, "evidence", "event_log", false);
    }

    Delivery read_delivery(const toml::table& t) {
        known_keys(t, "delivery", {"kind", "protocol", "format", "carriers", "direction", "ports"});
        Delivery d;
        d.at = place_of(t.source());
        d.kind = choice(t, "delivery", "kind", true, {"protocol", "file"});
        const bool file = d.kind.text == "file";
        d.protocol = text(t, "delivery", "protocol", d.kind.text == "protocol");
        d.format = text(t, "delivery", "format", false);
        d.carriers = texts(t, "delivery", "carriers", file);
        d.direction = choice(t, "delivery", "direction", false, {"to_server", "to_client", "both"});
        if (file && d.carriers.empty() && t.contains("carriers")) {
            problem(d.at, "delivery.carriers", "no carrier");
        }
        if (file && !d.protocol.text.empty()) {
            problem(d.protocol.at, "delivery.protocol", "a file has carriers, not a protocol");
        }
        if (d.kind.text == "protocol" && (!d.format.text.empty() || !d.carriers.empty())) {
            problem(d.at, "delivery", "format and carriers are for kind = \"file\"");
        }
        read_ports(t, d.ports);
        return d;
    }

    void read_ports(const toml::table& t, std::vector<std::uint16_t>& ports) {
        const toml::node* node = t.get("ports");
        if (node == nullptr) {
            return;
        }
        const toml::array* list = node->as_array();
        if (list == nullptr || list->empty() || list->size() > 64) {
            problem(place_of(node->source()), "delivery.ports", "array of 1 to 64 ports expected");
            return;
        }
        for (const toml::node& item : *list) {
            const toml::value<std::int64_t>* v = item.as_integer();
            if (v == nullptr || v->get() < 1 || v->get() > 65535) {
                problem(place_of(item.source()), "delivery.ports", "port from 1 to 65535 expected");
            } else {
                ports.push_back(static_cast<std::uint16_t>(v->get()));
            }
        }
    }

    ParseStep read_step(const toml::table& t) {
        known_keys(t, "parse", {"step", "locate"});
        ParseStep s;
        s.at = place_of(t.source());
        if (get(t, "parse", "step", true) != nullptr) {
            s.step = static_cast<std::uint64_t>(integer(t, "parse", "step", kMaxSteps, 1));
        }
        s.locate = text(t, "parse", "locate", true);
        return s;
    }

    Trigger read_trigger(const toml::table& t) {
        known_keys(t, "trigger", {"field", "type", "op", "value"});
        Trigger g;
        g.at = place_of(t.source());
        g.field = text(t, "trigger", "field", true);
        g.type = text(t, "trigger", "type", false);
        g.op = text(t, "trigger", "op", true);
        if (const toml::node* node = get(t, "trigger", "value", true)) {
            g.value = value(*node, true);
        }
        return g;
    }

    Value value(const toml::node& node, bool nested) {
        Value v;
        v.at = place_of(node.source());
        if (const toml::value<std::int64_t>* i = node.as_integer()) {
            if (i->get() < 0) {
                problem(v.at, "trigger.value", "number is negative");
            }
            v.kind = Value::Kind::kInteger;
            v.integer = static_cast<std::uint64_t>(i->get());
        } else if (const toml::value<std::string>* s = node.as_string()) {
            v.kind = Value::Kind::kText;
            v.text = s->get();
        } else if (const toml::array* list = node.as_array(); list != nullptr && nested) {
            list_value(*list, v);
        } else if (const toml::table* t = node.as_table(); t != nullptr && nested) {
            mask_value(*t, v);
        } else {
            problem(v.at, "trigger.value",
                    "integer, text, array of these or { mask, equals } expected");
        }
        return v;
    }

    void list_value(const toml::array& list, Value& v) {
        v.kind = Value::Kind::kList;
        if (list.empty() || list.size() > kMaxList) {
            problem(v.at, "trigger.value", "array of 1 to 256 values expected");
            return;
        }
        for (const toml::node& item : list) {
            v.list.push_back(value(item, false));
        }
    }

    void mask_value(const toml::table& t, Value& v) {
        known_keys(t, "trigger.value", {"mask", "equals"});
        v.kind = Value::Kind::kMask;
        const toml::node* mask = get(t, "trigger.value", "mask", true);
        const toml::node* equals = get(t, "trigger.value", "equals", true);
        for (const auto& [node, to] : {std::pair{mask, &v.integer}, std::pair{equals, &v.equals}}) {
            if (node == nullptr) {
                continue;
            }
            const toml::value<std::int64_t>* i = node->as_integer();
            if (i == nullptr || i->get() < 0) {
                problem(place_of(node->source()), "trigger.value",
                        "integer, not negative, expected");
            } else {
                *to = static_cast<std::uint64_t>(i->get());
            }
        }
    }

    const std::string& file_;
    std::vector<lang::Problem>& problems_;
};

}  // namespace

Document load_document(std::string_view toml, const std::string& file,
                       std::vector<lang::Problem>& problems) {
    Loader loader(file, problems);
    if (const LimitFault fault = check_limits(toml); fault.reason != nullptr) {
        loader.problem(Place{fault.line, fault.column}, "", fault.reason);
        return {};
    }
    try {
        const toml::table parsed = toml::parse(ascii_only(toml), file);
        return loader.document(parsed);
    } catch (const toml::parse_error& e) {
        loader.problem(place_of(e.source()), "", std::string(e.description()));
    } catch (const std::exception& e) {
        loader.problem(Place{}, "", std::string("cannot be read: ") + e.what());
    }
    return {};
}

}  // namespace sluice::guidance
