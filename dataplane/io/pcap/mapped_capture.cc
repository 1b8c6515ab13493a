// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/pcap/mapped_capture.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::io {

namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kRecordHeader = 16;
constexpr std::uint32_t kMagicMicro = 0xa1b2c3d4;
constexpr std::uint32_t kMagicNano = 0xa1b23c4d;
constexpr std::uint16_t kVersionMajor = 2;
constexpr std::uint16_t kVersionMinor = 4;
constexpr std::uint32_t kLinkEthernet = 1;

// Page tables are filled a piece at a time: one call instead of a fault for every 64 KiB.
constexpr std::size_t kPopulateStep = std::size_t{4} << 20;

constexpr std::size_t kPrefetchAhead = 8192;
constexpr std::size_t kCacheLine = 64;

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

struct FileHeader {
    bool ours = false;
    bool nanoseconds = false;
};

FileHeader read_file_header(int fd) {
    std::array<std::uint8_t, kFileHeader> raw{};
    if (::pread(fd, raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
        return {};
    }
    Cursor c{Bytes(raw)};
    const std::uint32_t magic = c.le32();
    const std::uint16_t major = c.le16();
    const std::uint16_t minor = c.le16();
    c.skip(12);  // zone, accuracy, snapshot length: each record says its own
    const std::uint32_t link = c.le32();
    const bool known = magic == kMagicMicro || magic == kMagicNano;
    return {known && major == kVersionMajor && minor == kVersionMinor && link == kLinkEthernet,
            magic == kMagicNano};
}

}  // namespace

std::unique_ptr<MappedCapture> MappedCapture::try_open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return nullptr;
    }

    struct stat st {};

    FileHeader header;
    void* map = MAP_FAILED;
    if (::fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        header = read_file_header(fd);
        if (header.ours) {
            map = ::mmap(nullptr, static_cast<std::size_t>(st.st_size), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_NORESERVE, fd, 0);
        }
    }
    ::close(fd);
    if (map == MAP_FAILED) {
        return nullptr;
    }
    const auto size = static_cast<std::size_t>(st.st_size);
    (void)::madvise(map, size, MADV_SEQUENTIAL);
    (void)::madvise(map, size, MADV_WILLNEED);
    return std::unique_ptr<MappedCapture>(
        new MappedCapture(static_cast<std::uint8_t*>(map), size, header.nanoseconds));
}

MappedCapture::~MappedCapture() {
    ::munmap(data_, size_);
}

void MappedCapture::populate_ahead() {
    const std::size_t length = std::min(kPopulateStep, size_ - populated_);
    (void)::madvise(data_ + populated_, length, MADV_POPULATE_READ);  // older kernels: plain faults
    populated_ += length;
}

// Where a record begins is known only when the one before was read, so their cache misses would be
// taken one after the other, and again for each packet's bytes: no hardware looks ahead over pages.
void MappedCapture::prefetch_ahead() {
    const std::size_t end = std::min(offset_ + kPrefetchAhead, size_);
    for (; prefetched_ < end; prefetched_ += kCacheLine) {
        __builtin_prefetch(data_ + prefetched_);
    }
}

MappedCapture::Next MappedCapture::next(CaptureRecord& record) {
    const std::size_t left = size_ - offset_;
    if (left == 0) {
        return Next::kEnd;
    }
    if (offset_ >= populated_ && populated_ < size_) {
        populate_ahead();
    }
    prefetch_ahead();
    Cursor c(Bytes(data_ + offset_, std::min(left, kRecordHeader)));
    const std::uint32_t sec = c.le32();
    const std::uint32_t fraction = c.le32();
    const std::uint32_t length = c.le32();
    record.wire_length = c.le32();
    if (!c.ok() || length > kMaxRecord || length > left - kRecordHeader) {
        return Next::kDamaged;
    }
    record.wall = {static_cast<std::int64_t>(sec) * 1'000'000'000 +
                   static_cast<std::int64_t>(fraction) * (nanoseconds_ ? 1 : 1000)};
    record.bytes = {data_ + offset_ + kRecordHeader, length};
    offset_ += kRecordHeader + length;
    return Next::kRecord;
}

std::string MappedCapture::damage() const {
    const std::string place = " at byte " + std::to_string(offset_);
    if (size_ - offset_ < kRecordHeader) {
        return "capture ends inside a record header" + place;
    }
    Cursor c(Bytes(data_ + offset_, kRecordHeader));
    c.skip(8);
    const std::uint32_t length = c.le32();
    if (length > kMaxRecord) {
        return "record of " + std::to_string(length) + " bytes is longer than any packet" + place;
    }
    return "capture ends inside a packet" + place;
}

}  // namespace sluice::io
