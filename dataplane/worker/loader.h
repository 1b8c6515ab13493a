// SPDX-License-Identifier: Apache-2.0
// From a bundle file to a Snapshot that workers may use: signature, expiry and version first, then
// the rules resolved for this site, then scratch memory per worker. Nothing that runs is touched;
// every refusal is an Error. Allocates, reads files: control thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/detect/address_set.h"
#include "dataplane/worker/snapshot.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::worker {

struct LoadRequest {
    std::string path;                       // empty: no rules, everything is forwarded
    std::vector<std::string> trusted_keys;  // public key files
    std::uint64_t running_version = 0;      // of the bundle in force; versions only go up
    bool same_version = false;              // the bundle in force may be read again
    std::string thresholds;                 // the site's threshold.config; may be empty
    std::uint64_t generation = 0;           // tells snapshots apart, also two of the same bundle
    std::uint16_t workers = 1;
    detect::SiteVars vars;
};

// Lines of a threshold.config about rules of the model. Refused with the place of the first line
// that is not understood; 'unmatched' counts those about rules that are not there.
Status apply_site_thresholds(const std::string& path, const detect::SiteVars& vars,
                             bundle::Model& model, std::size_t& unmatched);

Result<std::unique_ptr<Snapshot>> load_snapshot(const LoadRequest& request);

}  // namespace sluice::worker
