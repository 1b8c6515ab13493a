// SPDX-License-Identifier: Apache-2.0
// read_bundle: the bytes of a .sigb file as a Model whose every index, enum value and range has
// been checked, or an Error that says why not. Trusts nothing; first the signature, then digests,
// then the manifest, then the rest. The Model owns all it holds, so the file's bytes may go.
// Start-up and control side (allocates at most a small constant times the file's size); any thread.
// Errors by code:
//   kInvalid       not a bundle, truncated, malformed
//   kSignature     unknown key, bad signature, damaged section
//   kExpired       past its expiry
//   kDowngrade     older than, or the same as, what runs
//   kIncompatible  newer format, newer engine, unknown mandatory section, other Hyperscan
//   kExhausted     over kMaxBundleBytes
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <string>

namespace sluice::bundle {

struct ReadOptions {
    PublicKeys trusted;
    std::int64_t now_unix = 0;          // Unix seconds, against Manifest::expires_at
    std::uint64_t running_version = 0;  // 0: none
    bool allow_same_version = false;
    std::string hs_version;  // hs_version() of the library that will scan; empty: not checked
};

Result<Model> read_bundle(Bytes file, const ReadOptions& options);

}  // namespace sluice::bundle
