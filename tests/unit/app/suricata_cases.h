// SPDX-License-Identifier: Apache-2.0
// What Suricata 7.0.10 put into its HTTP buffers for tricky conversations: the judge of AppStage's
// buffers.
#pragma once

#include "dataplane/base/proto.h"

#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::test {

using Buffers = std::map<BufferId, std::string_view>;

struct SuricataCase {
    const char* name;
    const char* note;  // where and why we differ; empty: we do not
    bool superset;     // more buffers than these may be present
    std::string_view client;
    std::string_view server;
    std::optional<Buffers> request;  // exactly these are present; null: not judged
    std::optional<Buffers> response;
};

const std::vector<SuricataCase>& suricata_cases_a();
const std::vector<SuricataCase>& suricata_cases_b();
const std::vector<SuricataCase>& suricata_cases_c();
const std::vector<SuricataCase>& suricata_cases_d();
const std::vector<SuricataCase>& suricata_cases_e();
const std::vector<SuricataCase>& suricata_cases_f();

}  // namespace sluice::test
