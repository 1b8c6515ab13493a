// SPDX-License-Identifier: Apache-2.0
// Model to section bytes, and back. The two files encode.cc and decode.cc mirror each other
// function by function; FORMAT.md is the specification of both. Decoding proves structure only
// (counts, lengths, booleans, reserved bytes); validate.h proves the meaning. Any thread. Errors:
// kInvalid, naming the section.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/format.h"
#include "signatures/bundle/model.h"
#include "signatures/bundle/out.h"

#include <array>

namespace sluice::bundle {

using Sections = std::array<Out, kSectionCount>;

// REQUIRES: validate(model).ok()
Sections encode_sections(const Model& model);

Result<Manifest> decode_manifest(Bytes section);

// Memory is bounded by a constant times the sections' size: a count is believed only if its records
// are there.
Result<Model> decode_sections(const SectionBytes& sections, Manifest manifest);

}  // namespace sluice::bundle
