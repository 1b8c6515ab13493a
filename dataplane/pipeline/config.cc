// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pipeline/pipeline.h"

namespace sluice::pipeline {

PipelineConfig inline_config() {
    PipelineConfig c;
    c.inline_mode = true;
    c.decode.verify_checksums = true;
    c.decode.drop_malformed = true;
    c.defrag.inline_mode = true;
    c.stream.inline_mode = true;
    c.stream.midstream = true;  // a box that restarts under live connections must not ignore them
    c.verdict.inline_mode = true;
    return c;
}

// Captures are often taken where the NIC fills in checksums later, and start in the middle of
// connections that Suricata, the reference for results, does not inspect by default.
PipelineConfig tap_config() {
    PipelineConfig c;
    c.inline_mode = false;
    c.decode.verify_checksums = false;
    c.decode.drop_malformed = false;
    c.defrag.inline_mode = false;
    c.stream.inline_mode = false;
    c.stream.midstream = false;
    c.verdict.inline_mode = false;
    return c;
}

void set_exceptions(PipelineConfig& config, const packet::ExceptionPolicies& policies) {
    packet::ExceptionPolicies p = policies;
    for (std::size_t s = 0; s < packet::ExceptionPolicies::kSegments && !config.inline_mode; ++s) {
        for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
            const auto cause = static_cast<packet::ExceptionCause>(i);
            if (p.of(cause, s) == packet::ExceptionPolicy::kDrop) {
                p.set(s, cause, packet::ExceptionPolicy::kPass);
            }
        }
    }
    config.exceptions = config.decode.exceptions = config.defrag.exceptions =
        config.flow.exceptions = config.stream.exceptions = p;
}

}  // namespace sluice::pipeline
