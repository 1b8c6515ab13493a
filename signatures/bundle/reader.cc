// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/reader.h"

#include "signatures/bundle/container.h"
#include "signatures/bundle/encode.h"
#include "signatures/bundle/validate.h"

#include <string>
#include <string_view>
#include <utility>

namespace sluice::bundle {

namespace {

// "5.4.0 2020-01-22" -> "5.4.0": databases depend on the version, not on the day of the build.
std::string_view version_number(std::string_view hs_version) {
    return hs_version.substr(0, hs_version.find(' '));
}

Status check_manifest(const Manifest& m, const ReadOptions& o) {
    const std::string version = "version " + std::to_string(m.version);
    if (m.min_engine > kEngineVersion) {
        return Error{.code = ErrorCode::kIncompatible,
                     .message = version + " was made for engine " + std::to_string(m.min_engine) +
                                ", this is engine " + std::to_string(kEngineVersion),
                     .hint = "update Sluice"};
    }
    if (m.expires_at != 0 && o.now_unix >= m.expires_at) {
        return Error{.code = ErrorCode::kExpired,
                     .message = version + " expired at Unix time " + std::to_string(m.expires_at),
                     .hint = "fetch a newer bundle, or check the clock"};
    }
    if (o.running_version != 0 && m.version < o.running_version) {
        return Error{.code = ErrorCode::kDowngrade,
                     .message = version + " is older than the running version " +
                                std::to_string(o.running_version),
                     .hint = "versions only go up"};
    }
    if (o.running_version != 0 && m.version == o.running_version && !o.allow_same_version) {
        return Error{.code = ErrorCode::kDowngrade,
                     .message = version + " is the running version",
                     .hint = "versions only go up"};
    }
    if (!o.hs_version.empty() && version_number(m.hs_version) != version_number(o.hs_version)) {
        return Error{
            .code = ErrorCode::kIncompatible,
            .message = version + " needs Hyperscan " + m.hs_version + ", this is " + o.hs_version,
            .hint = "compile the rules again with this version"};
    }
    return ok_status();
}

}  // namespace

Result<Model> read_bundle(Bytes file, const ReadOptions& options) {
    const Result<SectionBytes> sections = open_container(file, options.trusted);
    if (!sections.ok()) {
        return sections.error();
    }
    Result<Manifest> manifest = decode_manifest(sections.value()[index_of(SectionId::kManifest)]);
    if (!manifest.ok()) {
        return manifest.error();
    }
    if (Status s = validate_manifest(manifest.value()); !s.ok()) {
        return s.error();
    }
    if (Status s = check_manifest(manifest.value(), options); !s.ok()) {
        return s.error();
    }
    Result<Model> model = decode_sections(sections.value(), std::move(manifest).value());
    if (!model.ok()) {
        return model.error();
    }
    if (Status s = validate(model.value()); !s.ok()) {
        return s.error();
    }
    return model;
}

}  // namespace sluice::bundle
