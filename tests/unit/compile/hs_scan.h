// SPDX-License-Identifier: Apache-2.0
// Loads a serialized database and scans with it, as the dataplane would. Single thread.
#pragma once

#include "signatures/bundle/model.h"

#include <gtest/gtest.h>
#include <hs/hs.h>

#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::compile::testing {

using Hits = std::set<std::pair<unsigned, unsigned long long>>;  // pattern id, end offset

inline Hits scan(const bundle::PrefilterDb& db, std::string_view text) {
    Hits hits;
    if (db.serialized.empty()) {
        return hits;
    }
    hs_database_t* loaded = nullptr;
    const void* bytes = db.serialized.data();
    EXPECT_EQ(
        hs_deserialize_database(static_cast<const char*>(bytes), db.serialized.size(), &loaded),
        HS_SUCCESS);
    hs_scratch_t* scratch = nullptr;
    EXPECT_EQ(hs_alloc_scratch(loaded, &scratch), HS_SUCCESS);
    const auto on_hit = [](unsigned id, unsigned long long, unsigned long long to, unsigned,
                           void* context) {
        static_cast<Hits*>(context)->emplace(id, to);
        return 0;
    };
    EXPECT_EQ(
        hs_scan(loaded, text.data(), static_cast<unsigned>(text.size()), 0, scratch, on_hit, &hits),
        HS_SUCCESS);
    hs_free_scratch(scratch);
    hs_free_database(loaded);
    return hits;
}

// Rules that the text makes candidates, 'always' ones included.
inline std::set<std::uint32_t> candidates(const bundle::PrefilterDb& db, std::string_view text) {
    std::set<std::uint32_t> rules(db.always.begin(), db.always.end());
    for (const auto& [id, to] : scan(db, text)) {
        for (std::uint32_t i = db.pattern_first.at(id); i < db.pattern_first.at(id + 1); ++i) {
            rules.insert(db.pattern_rules.at(i).rule);
        }
    }
    return rules;
}

}  // namespace sluice::compile::testing
