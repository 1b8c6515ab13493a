// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/container.h"

#include "dataplane/base/check.h"
#include "dataplane/base/crew.h"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::bundle {

namespace {

using Digest = std::array<std::uint8_t, kDigestBytes>;

struct Header {
    std::uint32_t format_version = 0;
    std::uint32_t flags = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t toc_offset = 0;
    std::uint32_t toc_count = 0;
    std::uint32_t reserved = 0;
    KeyId key_id{};
    std::uint64_t reserved2[2] = {};
};

struct TocEntry {
    std::uint32_t id = 0;
    std::uint32_t flags = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    Bytes digest;
};

Error refuse(ErrorCode code, std::string message, std::string hint = {}) {
    return Error{.code = code, .message = std::move(message), .hint = std::move(hint)};
}

Digest digest_of(Bytes bytes) {
    Digest digest{};
    (void)crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
    return digest;
}

std::size_t signed_bytes(std::uint32_t toc_count) {
    return kHeaderBytes + toc_count * kTocEntryBytes;
}

bool all_zero(Bytes bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

std::string section_name(std::uint32_t id) {
    if (id >= 1 && id <= kSectionCount) {
        return std::string(kSectionNames[id - 1]);
    }
    return std::to_string(id);
}

Result<Header> read_header(Bytes file) {
    const std::size_t magic = std::min(file.size(), kMagic.size());
    if (magic == 0 || !std::equal(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(magic),
                                  kMagic.begin())) {
        return refuse(ErrorCode::kInvalid, "not a Sluice bundle");
    }
    if (file.size() < kHeaderBytes) {
        return refuse(ErrorCode::kInvalid, "truncated: shorter than a bundle's header",
                      "fetch it again");
    }
    Cursor c(file);
    c.skip(kMagic.size());
    Header h;
    h.format_version = c.le32();
    h.flags = c.le32();
    h.file_bytes = c.le64();
    h.toc_offset = c.le64();
    h.toc_count = c.le32();
    h.reserved = c.le32();
    const Bytes id = c.take(kKeyIdBytes);
    std::copy(id.begin(), id.end(), h.key_id.begin());
    h.reserved2[0] = c.le64();
    h.reserved2[1] = c.le64();
    return h;
}

Status check_header(const Header& h, std::size_t file_bytes) {
    if (h.format_version != kFormatVersion) {
        return refuse(ErrorCode::kIncompatible,
                      "format version " + std::to_string(h.format_version) +
                          ", this version reads " + std::to_string(kFormatVersion),
                      "update Sluice");
    }
    if (file_bytes < h.file_bytes) {
        return refuse(ErrorCode::kInvalid,
                      "truncated: " + std::to_string(file_bytes) + " of " +
                          std::to_string(h.file_bytes) + " bytes",
                      "fetch it again");
    }
    if (file_bytes > h.file_bytes) {
        return refuse(ErrorCode::kInvalid, "malformed: bytes after the end of the bundle");
    }
    if (file_bytes > kMaxBundleBytes) {
        return refuse(ErrorCode::kExhausted,
                      "larger than " + std::to_string(kMaxBundleBytes) + " bytes");
    }
    const bool reserved =
        h.flags != 0 || h.reserved != 0 || h.reserved2[0] != 0 || h.reserved2[1] != 0;
    if (reserved || h.toc_offset != kHeaderBytes || h.toc_count > kMaxSections ||
        signed_bytes(h.toc_count) + kSignatureBytes > file_bytes) {
        return refuse(ErrorCode::kInvalid, "malformed header");
    }
    return ok_status();
}

Status check_signature(Bytes file, const Header& h, const PublicKeys& trusted) {
    const auto key = std::find_if(trusted.begin(), trusted.end(),
                                  [&h](const PublicKey& k) { return key_id(k) == h.key_id; });
    if (key == trusted.end()) {
        return refuse(ErrorCode::kSignature, "signed by an unknown key " + to_hex(h.key_id),
                      "add the signer's public key to the trusted keys if you trust it");
    }
    const Bytes text = file.first(signed_bytes(h.toc_count));
    const Bytes signature = file.subspan(text.size(), kSignatureBytes);
    if (crypto_sign_verify_detached(signature.data(), text.data(), text.size(),
                                    key->bytes.data()) != 0) {
        return refuse(ErrorCode::kSignature,
                      "bad signature: changed after key " + to_hex(h.key_id) + " signed it");
    }
    return ok_status();
}

TocEntry next_entry(Cursor& toc) {
    TocEntry e;
    e.id = toc.le32();
    e.flags = toc.le32();
    e.offset = toc.le64();
    e.bytes = toc.le64();
    e.digest = toc.take(kDigestBytes);
    return e;
}

// One section: in its place, padded with zeros before.
Status check_place(Bytes file, const TocEntry& e, std::uint32_t last_id, std::size_t end) {
    if (e.id <= last_id || (e.flags & ~kSectionOptional) != 0) {
        return refuse(
            ErrorCode::kInvalid,
            "malformed table of contents: order or flags of section " + section_name(e.id));
    }
    const std::size_t start = align_up(end);
    if (e.offset != start || start > file.size() || e.bytes > file.size() - start) {
        return refuse(ErrorCode::kInvalid,
                      "malformed table of contents: place of section " + section_name(e.id));
    }
    if (!all_zero(file.subspan(end, start - end))) {
        return refuse(ErrorCode::kInvalid,
                      "damaged: bytes between sections before " + section_name(e.id));
    }
    return ok_status();
}

// What was signed: the digest of every section, several at a time.
struct DigestCheck {
    Bytes file;
    std::vector<TocEntry> entries;
    std::vector<std::uint8_t> good;

    static void run(void* self, std::size_t i) {
        DigestCheck& c = *static_cast<DigestCheck*>(self);
        const TocEntry& e = c.entries[i];
        const Digest digest = digest_of(
            c.file.subspan(static_cast<std::size_t>(e.offset), static_cast<std::size_t>(e.bytes)));
        c.good[i] = std::equal(digest.begin(), digest.end(), e.digest.begin()) ? 1 : 0;
    }

    Status check() {
        good.assign(entries.size(), 0);
        Crew(entries.size(), &DigestCheck::run, this).finish();
        const auto bad = std::find(good.begin(), good.end(), 0);
        if (bad != good.end()) {
            const TocEntry& e = entries[static_cast<std::size_t>(bad - good.begin())];
            return refuse(ErrorCode::kSignature,
                          "section " + section_name(e.id) + " is damaged: its digest differs",
                          "fetch it again");
        }
        return ok_status();
    }
};

Result<SectionBytes> read_toc(Bytes file, const Header& h) {
    SectionBytes out;
    std::array<bool, kSectionCount> have{};
    DigestCheck digests{file, {}, {}};
    Cursor toc(file.subspan(kHeaderBytes, h.toc_count * kTocEntryBytes));
    std::size_t end = signed_bytes(h.toc_count) + kSignatureBytes;
    std::uint32_t last_id = 0;
    for (std::uint32_t i = 0; i < h.toc_count; ++i) {
        const TocEntry e = next_entry(toc);
        if (Status s = check_place(file, e, last_id, end); !s.ok()) {
            return s.error();
        }
        digests.entries.push_back(e);
        last_id = e.id;
        end = static_cast<std::size_t>(e.offset + e.bytes);
        if (e.id <= kSectionCount) {
            have[e.id - 1] = true;
            out[e.id - 1] =
                file.subspan(static_cast<std::size_t>(e.offset), static_cast<std::size_t>(e.bytes));
        } else if ((e.flags & kSectionOptional) == 0) {
            return refuse(ErrorCode::kIncompatible,
                          "has a mandatory section " + section_name(e.id) +
                              " that this version does not know",
                          "update Sluice");
        }
    }
    if (end != file.size()) {
        return refuse(ErrorCode::kInvalid, "malformed: bytes after the last section");
    }
    if (Status s = digests.check(); !s.ok()) {
        return s.error();
    }
    const auto missing = std::find(have.begin(), have.end(), false);
    if (missing != have.end()) {
        return refuse(
            ErrorCode::kInvalid,
            "malformed: no section " +
                std::string(kSectionNames[static_cast<std::size_t>(missing - have.begin())]));
    }
    return out;
}

}  // namespace

Result<SectionBytes> open_container(Bytes file, const PublicKeys& trusted) {
    SLUICE_CHECK(sodium_init() >= 0);
    const Result<Header> header = read_header(file);
    if (!header.ok()) {
        return header.error();
    }
    if (Status s = check_header(header.value(), file.size()); !s.ok()) {
        return s.error();
    }
    if (Status s = check_signature(file, header.value(), trusted); !s.ok()) {
        return s.error();
    }
    return read_toc(file, header.value());
}

std::vector<std::uint8_t> seal_container(const Sections& sections, const SecretKey& key) {
    SLUICE_CHECK(sodium_init() >= 0);
    std::array<std::size_t, kSectionCount> offsets{};
    std::size_t end = signed_bytes(kSectionCount) + kSignatureBytes;
    for (std::size_t i = 0; i < kSectionCount; ++i) {
        offsets[i] = align_up(end);
        end = offsets[i] + sections[i].size();
    }
    if (end > kMaxBundleBytes) {
        return {};
    }
    Out out;
    out.raw(kMagic);
    out.u32(kFormatVersion);
    out.u32(0);
    out.u64(end);
    out.u64(kHeaderBytes);
    out.u32(kSectionCount);
    out.u32(0);
    out.raw(key_id(key.public_key()));
    out.zeros(16);
    for (std::size_t i = 0; i < kSectionCount; ++i) {
        out.count(i + 1);
        out.u32(0);
        out.u64(offsets[i]);
        out.u64(sections[i].size());
        out.raw(digest_of(sections[i].view()));
    }
    std::array<std::uint8_t, kSignatureBytes> signature{};
    SLUICE_CHECK(crypto_sign_detached(signature.data(), nullptr, out.view().data(), out.size(),
                                      key.bytes().data()) == 0);
    out.raw(signature);
    for (const Out& section : sections) {
        out.pad(kAlign);
        out.raw(section.view());
    }
    return out.release();
}

}  // namespace sluice::bundle
