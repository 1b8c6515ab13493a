// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_stats.h"

#include "dataplane/export/eve.h"
#include "dataplane/export/json_writer.h"

#include <map>
#include <string_view>

namespace sluice::exporter {
namespace {

// Members keep their order of first mention; a level is written when its subtree is known.
struct Level {
    std::vector<std::string> order;
    std::map<std::string, Level, std::less<>> below;
    std::uint64_t value = 0;
};

Level& member(Level& level, std::string_view name) {
    const auto found = level.below.find(name);
    if (found != level.below.end()) {
        return found->second;
    }
    level.order.emplace_back(name);
    return level.below[std::string(name)];
}

void write(const Level& level, JsonWriter& json) {
    json.begin_object();
    for (const std::string& name : level.order) {
        const Level& one = level.below.find(name)->second;
        json.key(name);
        if (one.order.empty()) {
            json.number(one.value);
        } else {
            write(one, json);
        }
    }
    json.end_object();
}

}  // namespace

void append_stats_json(std::int64_t unix_ns, const StatsList& counters, std::string& out) {
    Level root;
    for (const auto& [name, value] : counters) {
        Level* level = &root;
        std::string_view rest = name;
        for (std::size_t dot = rest.find('.'); dot != std::string_view::npos;
             dot = rest.find('.')) {
            level = &member(*level, rest.substr(0, dot));
            rest.remove_prefix(dot + 1);
        }
        member(*level, rest).value = value;
    }
    JsonWriter json(out);
    json.begin_object();
    json.field("timestamp", eve_timestamp(unix_ns)).field("event_type", "stats");
    json.key("stats");
    write(root, json);
    json.end_object();
    out += '\n';
}

}  // namespace sluice::exporter
