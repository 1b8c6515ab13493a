// SPDX-License-Identifier: Apache-2.0
// The bundle's bytes as constants: see FORMAT.md. Section is a byte view by section, borrowed from
// the file that the caller owns. Any thread. Units: bytes; all numbers little-endian.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::bundle {

inline constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'L', 'U', 'I', 'C', 'E', 'B', '1'};
inline constexpr std::uint32_t kFormatVersion = 5;

inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kTocEntryBytes = 56;
inline constexpr std::size_t kDigestBytes = 32;  // BLAKE2b-256
inline constexpr std::size_t kSignatureBytes = 64;
inline constexpr std::size_t kKeyIdBytes = 8;
inline constexpr std::size_t kAlign = 8;

inline constexpr std::uint32_t kMaxSections = 64;
inline constexpr std::size_t kMaxBundleBytes = std::size_t{512} << 20U;

// TocEntry flags: a reader that does not know the section may ignore it.
inline constexpr std::uint32_t kSectionOptional = 1U << 0;

enum class SectionId : std::uint32_t {
    kManifest = 1,
    kTexts,
    kBlob,
    kRules,
    kEngines,
    kItems,
    kAddresses,
    kPorts,
    kPcres,
    kBitNames,
    kDatabases,
    kBufferGroups,
    kPayloadGroups,
    kPacketRules,
    kCoverage,
    kDomainRules,
    kTransformData,
    kFilters,
    kJointDbs,
    kTags,
};

inline constexpr std::size_t kSectionCount = 20;  // known sections, ids 1 to 20; all mandatory
inline constexpr std::uint32_t kSealedFirst =
    0x100;  // reserved: sealed parts of embargoed packages
inline constexpr std::uint32_t kSealedLast = 0x1ff;

inline constexpr std::array<std::string_view, kSectionCount> kSectionNames = {
    "manifest",     "texts",          "blob",           "rules",           "engines",
    "items",        "addresses",      "ports",          "pcres",           "bit names",
    "databases",    "buffer groups",  "payload groups", "packet rules",    "coverage",
    "domain rules", "transform data", "filters",        "joint databases", "tags"};

constexpr std::size_t index_of(SectionId id) {
    return static_cast<std::size_t>(id) - 1;
}

constexpr std::string_view name_of(SectionId id) {
    return kSectionNames[index_of(id)];
}

using SectionBytes = std::array<Bytes, kSectionCount>;

// Sizes of fixed records, as FORMAT.md lists their fields.
inline constexpr std::size_t kManifestFixedBytes = 48;
inline constexpr std::size_t kRuleBytes = 64;
inline constexpr std::size_t kEngineBytes = 16;
inline constexpr std::size_t kItemBytes = 72;
inline constexpr std::size_t kAddressNodeBytes = 40;
inline constexpr std::size_t kPortRangeBytes = 4;
inline constexpr std::size_t kPcreBytes = 4;
inline constexpr std::size_t kDatabaseBytes = 32;
inline constexpr std::size_t kPatternRuleBytes = 12;
inline constexpr std::size_t kBufferGroupBytes = 8;
inline constexpr std::size_t kPayloadGroupBytes = 8;
inline constexpr std::size_t kPortClassBytes = 8;
inline constexpr std::size_t kCoverageBytes = 8;
inline constexpr std::size_t kDomainRuleBytes = 8;
inline constexpr std::size_t kJointDbBytes = 16;
inline constexpr std::size_t kTransformDataBytes = 8;
inline constexpr std::size_t kFilterBytes = 24;
inline constexpr std::size_t kTagBytes = 8;

constexpr std::size_t align_up(std::size_t n) {
    return (n + (kAlign - 1)) & ~(kAlign - 1);
}

}  // namespace sluice::bundle
