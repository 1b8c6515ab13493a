// SPDX-License-Identifier: Apache-2.0
// From sluice.toml to the packet path: the pipeline's configuration and the site's networks, the
// same for the appliance and for replay. Plain values; start-up only, any thread.
#pragma once

#include "control/config/schema.h"
#include "dataplane/detect/ruleset.h"
#include "dataplane/pipeline/pipeline.h"

namespace sluice::site {

// The defaults of the mode that the file names, with the file's limits and policies.
pipeline::PipelineConfig pipeline_config(const control::Config& config);

// The same over a mode that the caller chose.
void apply_limits(const control::Config& config, pipeline::PipelineConfig& pipeline);

// Which events are wanted.
void apply_events(const control::EventsConfig& events, verdict::VerdictConfig& verdict);

// The exception policies alone, by segment.
void apply_exceptions(const control::Config& config, pipeline::PipelineConfig& pipeline);

// What $HOME_NET and its like stand for at this site.
detect::SiteVars site_vars(const control::Config& config);

}  // namespace sluice::site
