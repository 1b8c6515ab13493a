// SPDX-License-Identifier: Apache-2.0
// The outer shell of a bundle: header, table of contents, signature, digests. open_container proves
// that every byte of the file is what a trusted signer signed, before anyone looks into a section.
// Views borrow the file's bytes. Any thread. Errors: kInvalid (not a bundle, truncated), kSignature
// (key, signature, digest), kIncompatible (newer format).
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/encode.h"
#include "signatures/bundle/format.h"
#include "signatures/bundle/keys.h"

#include <vector>

namespace sluice::bundle {

Result<SectionBytes> open_container(Bytes file, const PublicKeys& trusted);

// The digests, key id and signature are made here. Empty when the result would be over
// kMaxBundleBytes.
std::vector<std::uint8_t> seal_container(const Sections& sections, const SecretKey& key);

}  // namespace sluice::bundle
