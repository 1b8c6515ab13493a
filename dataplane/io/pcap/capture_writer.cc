// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/pcap/capture_writer.h"

#include "dataplane/base/writer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace sluice::io {

namespace {

constexpr std::uint32_t kMagicNano = 0xa1b23c4d;
constexpr std::uint32_t kSnapLength = 262'144;
constexpr std::uint32_t kLinkEthernet = 1;
constexpr std::size_t kBuffer = std::size_t{1} << 20;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::create(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) {
        return Error{ErrorCode::kIo,
                     "cannot create capture: " + std::system_category().message(errno),
                     {path}};
    }
    (void)std::setvbuf(file, nullptr, _IOFBF, kBuffer);
    std::unique_ptr<CaptureWriter> writer(new CaptureWriter(file, path));
    std::array<std::uint8_t, 24> header{};
    Writer w{MutableBytes(header)};
    w.le32(kMagicNano);
    w.le16(2);
    w.le16(4);
    w.le64(0);  // zone and accuracy
    w.le32(kSnapLength);
    w.le32(kLinkEthernet);
    writer->put(w.written());
    return writer;
}

CaptureWriter::~CaptureWriter() {
    (void)std::fclose(file_);
}

void CaptureWriter::put(Bytes bytes) {
    if (failed_ || bytes.empty()) {
        return;
    }
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
        failed_ = true;
        error_number_ = errno;
    }
}

void CaptureWriter::write(Bytes frame, std::uint32_t wire_length, Nanos wall) {
    const auto length = static_cast<std::uint32_t>(frame.size());
    std::array<std::uint8_t, 16> header{};
    Writer w{MutableBytes(header)};
    w.le32(static_cast<std::uint32_t>(wall.count / kNanosPerSecond));
    w.le32(static_cast<std::uint32_t>(wall.count % kNanosPerSecond));
    w.le32(length);
    w.le32(std::max(length, wire_length));
    put(w.written());
    put(frame);
}

Status CaptureWriter::flush() {
    if (!failed_ && std::fflush(file_) != 0) {
        failed_ = true;
        error_number_ = errno;
    }
    return status();
}

Status CaptureWriter::status() const {
    if (failed_) {
        return Error{ErrorCode::kIo,
                     "cannot write capture: " + std::system_category().message(error_number_),
                     {path_}};
    }
    return ok_status();
}

}  // namespace sluice::io
