// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/protocol.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace sluice::control {
namespace {

using nlohmann::json;

struct CommandName {
    std::string_view name;
    Command command;
};

constexpr std::array<CommandName, 5> kCommands = {{{"status", Command::kStatus},
                                                   {"stats", Command::kStats},
                                                   {"reload", Command::kReload},
                                                   {"reopen", Command::kReopen},
                                                   {"stop", Command::kStop}}};
constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxNesting = 32;  // nlohmann recurses per level

bool nested_too_deeply(std::string_view text) {
    std::size_t open = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') {
            if (++open > kMaxNesting) {
                return true;
            }
        } else if ((c == ']' || c == '}') && open > 0) {
            --open;
        }
    }
    return false;
}

json parse_object(std::string_view line, std::size_t limit) {
    if (line.size() > limit || nested_too_deeply(line)) {
        return {};
    }
    json value = json::parse(line, nullptr, false);
    return value.is_object() ? value : json();
}

std::string dump_line(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
    const json object = parse_object(line, kMaxRequestBytes);
    if (!object.is_object()) {
        return Error{ErrorCode::kInvalid,
                     "request is not one JSON object on one line",
                     {},
                     "send {\"cmd\":\"status\"} and a newline"};
    }
    const std::string name = text_of(object, "cmd");
    const auto* const known = std::find_if(kCommands.begin(), kCommands.end(),
                                           [&](const CommandName& c) { return c.name == name; });
    if (known == kCommands.end()) {
        return Error{ErrorCode::kUnsupported,
                     "unknown command",
                     {},
                     "use status, stats, reload, reopen or stop"};
    }
    for (const auto& [key, value] : object.items()) {
        if (key != "cmd" &&
            !(key == "bundle" && known->command == Command::kReload && value.is_string())) {
            return Error{ErrorCode::kInvalid,
                         "unknown or misplaced member in request",
                         {},
                         "reload alone takes \"bundle\", a string"};
        }
    }
    Request request{known->command, text_of(object, "bundle")};
    if (request.bundle.size() > kMaxPath || request.bundle.find('\0') != std::string::npos) {
        return Error{ErrorCode::kInvalid,
                     "bundle path too long or not a path",
                     {},
                     "give the path of a .sigb file"};
    }
    return request;
}

std::string format_request(const Request& request) {
    json object;
    for (const CommandName& c : kCommands) {
        if (c.command == request.command) {
            object["cmd"] = c.name;
        }
    }
    if (!request.bundle.empty()) {
        object["bundle"] = request.bundle;
    }
    return dump_line(object);
}

std::string format_success(std::string_view result) {
    std::string line = "{\"ok\":true,\"result\":";
    line += result;
    line += "}\n";
    return line;
}

std::string format_failure(const Error& error) {
    Error bare = error;
    bare.hint.clear();
    json object = {{"ok", false}, {"error", bare.to_string()}};
    if (!error.hint.empty()) {
        object["hint"] = error.hint;
    }
    return dump_line(object);
}

Result<std::string> parse_response(std::string_view line) {
    const json object = parse_object(line, kMaxResponseBytes);
    const auto ok = object.is_object() ? object.find("ok") : object.end();
    if (!object.is_object() || ok == object.end() || !ok->is_boolean()) {
        return Error{ErrorCode::kInvalid,
                     "answer is not what sluice-dataplane sends",
                     {},
                     "is --socket the control socket?"};
    }
    if (!ok->get<bool>()) {
        return Error{ErrorCode::kInvalid, text_of(object, "error"), {}, text_of(object, "hint")};
    }
    const auto result = object.find("result");
    return result == object.end() ? std::string("null")
                                  : result->dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace sluice::control
