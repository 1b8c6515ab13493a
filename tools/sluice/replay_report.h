// SPDX-License-Identifier: Apache-2.0
// What 'sluice replay' tells at its end: one JSON object (--stats, --json), and the same for
// people. Seconds and bytes; one thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/packet/exception.h"
#include "dataplane/pipeline/pipeline.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

namespace sluice::cli {

// What the pipeline does not know of the run.
struct ReplayFigures {
    nlohmann::ordered_json held;       // held_by() at the last packet
    nlohmann::ordered_json detection;  // detection_of()
    double load_seconds = 0;
    double cpu_seconds = 0;
    std::size_t rules = 0;
    std::size_t rules_compiled = 0;
};

// What the pipeline holds on to.
nlohmann::ordered_json held_by(const pipeline::Pipeline& p);

// How much the rules made it do, and which of them most.
nlohmann::ordered_json detection_of(const detect::DetectStats& stats,
                                    const detect::WorkerScratch& scratch,
                                    const bundle::Model& model);

nlohmann::ordered_json report_of(const pipeline::Pipeline& p, const ReplayFigures& figures,
                                 const packet::ExceptionPolicies& policies);

Status write_report(const std::string& path, const nlohmann::ordered_json& report);

// To standard output.
void print_report(const nlohmann::ordered_json& report);

}  // namespace sluice::cli
