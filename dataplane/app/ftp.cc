// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/ftp.h"

#include "dataplane/app/http1_text.h"
#include "dataplane/app/line_reader.h"

#include <algorithm>
#include <string_view>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::size_t kCodeSize = 3;
constexpr std::array<std::uint8_t, 1> kYes = {1};
constexpr std::array<std::uint8_t, 4> kRetr = {'r', 'e', 't', 'r'};
constexpr std::array<std::uint8_t, 4> kStor = {'s', 't', 'o', 'r'};

bool starts_with_nocase(Bytes text, std::string_view lower) {
    return text.size() >= lower.size() && equals_nocase(text.first(lower.size()), lower);
}

bool is_letter(std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(std::uint8_t c) {
    return c >= '0' && c <= '9';
}

// The number at the front of 'in', taken from it; over 'most' or none: false.
bool take_number(Bytes& in, std::uint32_t most, std::uint32_t& value) {
    value = 0;
    std::size_t n = 0;
    for (; n < in.size() && is_digit(in[n]) && value <= most; ++n) {
        value = value * 10 + (in[n] - std::uint32_t{'0'});
    }
    in = in.subspan(n);
    return n != 0 && value <= most;
}

// "10,0,0,1,4,210": four numbers of an address and two of a port.
bool read_port(Bytes in, std::array<std::uint8_t, 4>& address, std::uint16_t& port) {
    std::array<std::uint32_t, 6> n{};
    for (std::size_t i = 0; i < n.size(); ++i) {
        if (i != 0) {
            if (in.empty() || in.front() != ',') {
                return false;
            }
            in = in.subspan(1);
        }
        if (!take_number(in, 255, n[i])) {
            return false;
        }
    }
    for (std::size_t i = 0; i < address.size(); ++i) {
        address[i] = static_cast<std::uint8_t>(n[i]);
    }
    port = static_cast<std::uint16_t>(n[4] * 256 + n[5]);
    return true;
}

// "|1|10.0.0.1|1234|" of EPRT and "|||1234|" of EPSV (RFC 2428): the number in the third field.
bool read_extended(Bytes in, std::uint16_t& port) {
    if (in.empty() || in.front() <= ' ') {
        return false;
    }
    const std::uint8_t delimiter = in.front();
    for (int i = 0; i < 3; ++i) {
        const auto at = std::find(in.begin(), in.end(), delimiter);
        if (at == in.end()) {
            return false;
        }
        in = in.subspan(static_cast<std::size_t>(at - in.begin()) + 1);
    }
    std::uint32_t value = 0;
    if (!take_number(in, 65535, value)) {
        return false;
    }
    port = static_cast<std::uint16_t>(value);
    return true;
}

bool same_host(const packet::IpAddr& ip, const std::array<std::uint8_t, 4>& v4) {
    return ip.is_v4() && std::equal(v4.begin(), v4.end(), ip.bytes.end() - v4.size());
}

}  // namespace

void Ftp::begin(FtpFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    if (lost_bytes(chunk, half_->consumed)) {
        half_->state = FtpHalfState::kOff;
    }
}

bool Ftp::next(InspectionPoint& point) {
    bounce_ = false;
    while (!bounce_ && read_on()) {
    }
    if (!bounce_) {
        if (chunk_.end) {
            half_->state = FtpHalfState::kOff;
        }
        return false;
    }
    const BufferMask shown = mask_of(BufferId::kFtpBounce);
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = chunk_.direction;
    point.tx_id = flow_->bounces++;
    point.tx_start = point.tx_end = true;
    point.buffers = &views_;
    point.present = point.fresh = shown;
    point.resolved = BufferMask::all();
    views_[index_of(BufferId::kFtpBounce)] = {kYes, 0, kYes.size(), true};
    return true;
}

// One line. False: none has come.
bool Ftp::read_on() {
    if (half_->state == FtpHalfState::kOff ||
        (flow_->tls_granted && half_->state != FtpHalfState::kRestOfLine)) {
        return false;
    }
    // A command is one whatever the answer to AUTH TLS will be. TLS begins with no letter.
    if (half_->state == FtpHalfState::kTlsWait && !(unread().empty() || is_letter(unread()[0]))) {
        return false;
    }
    const TextLine line = read_line(unread(), chunk_.end);
    if (!line.found) {
        return false;
    }
    half_->consumed += line.bytes.size();
    const bool rest = half_->state == FtpHalfState::kRestOfLine;
    if (line.line_end == 0 && !rest && line.bytes.size() == kMaxLine) {
        count(Reason::ftp_malformed);
    }
    half_->state = line.line_end == 0 ? FtpHalfState::kRestOfLine : FtpHalfState::kLine;
    if (rest) {
        return true;
    }
    if (chunk_.direction == Direction::kToServer) {
        command(line.text());
    } else {
        reply(line.text());
    }
    return true;
}

void Ftp::command(Bytes text) {
    FtpFlow& f = *flow_;
    if (starts_with_nocase(text, "port ")) {
        port(trim_lws(text.subspan(5)), false);
    } else if (starts_with_nocase(text, "eprt ")) {
        port(trim_lws(text.subspan(5)), true);
    } else if (starts_with_nocase(text, "pasv") || starts_with_nocase(text, "epsv")) {
        f.active = false;
        f.data_port = 0;
    } else if (starts_with_nocase(text, "retr ")) {
        transfer(FtpTransfer::kRetrieve, text.subspan(5));
    } else if (starts_with_nocase(text, "stor ") || starts_with_nocase(text, "stou") ||
               starts_with_nocase(text, "appe ")) {
        transfer(FtpTransfer::kStore, text.subspan(std::min<std::size_t>(text.size(), 5)));
    } else if (starts_with_nocase(text, "auth tls") || starts_with_nocase(text, "auth ssl")) {
        half_->state = FtpHalfState::kTlsWait;
        f.tls_asked = true;
    }
}

void Ftp::port(Bytes numbers, bool extended) {
    FtpFlow& f = *flow_;
    f.active = true;
    f.data_port = 0;
    if (extended) {
        read_extended(numbers, f.data_port);
        return;
    }
    std::array<std::uint8_t, 4> address{};
    if (read_port(numbers, address, f.data_port)) {
        bounce_ = !same_host(chunk_.flow->client(), address);
    }
}

// The connection comes after the command, and may come before its reply.
void Ftp::transfer(FtpTransfer what, Bytes name) {
    FtpFlow& f = *flow_;
    if (f.data_port != 0 && !expectations_.add(*chunk_.flow, f.active, f.data_port, what, name)) {
        count(Reason::ftp_expect_full);
    }
    f.data_port = 0;
}

void Ftp::reply(Bytes text) {
    FtpFlow& f = *flow_;
    const Bytes code = text.first(std::min(text.size(), kCodeSize));
    if (equals_nocase(code, "227")) {
        const auto digit = std::find_if(text.begin() + kCodeSize, text.end(), is_digit);
        std::array<std::uint8_t, 4> address{};
        f.active = false;
        read_port(text.subspan(static_cast<std::size_t>(digit - text.begin())), address,
                  f.data_port);
    } else if (equals_nocase(code, "229")) {
        const auto open = std::find(text.begin(), text.end(), std::uint8_t{'('});
        const auto at = static_cast<std::size_t>(open - text.begin());
        f.active = false;
        read_extended(text.subspan(std::min(at + 1, text.size())), f.data_port);
    }
    const bool more = text.size() > kCodeSize && text[kCodeSize] == '-';
    if (f.tls_asked && !more && code.size() == kCodeSize) {
        answer_tls(code);
    }
}

// Other replies that are no refusal are those to earlier commands.
void Ftp::answer_tls(Bytes code) {
    FtpFlow& f = *flow_;
    FtpHalf& client = f.half[index_of(Direction::kToServer)];
    f.tls_granted = equals_nocase(code, "234") && client.state != FtpHalfState::kOff;
    if (f.tls_granted || code.front() == '4' || code.front() == '5') {
        f.tls_asked = false;
        client.state = client.state == FtpHalfState::kTlsWait ? FtpHalfState::kLine : client.state;
    }
}

void Ftp::release(FtpFlow& state) {
    if (flow_ == &state) {
        flow_ = nullptr;
    }
}

void FtpData::begin(FtpDataFlow& state, const stream::StreamChunk& chunk,
                    packet::ReasonCounters& /*reasons*/) {
    flow_ = &state;
    transfer_ = state.transfer;
    name_ = &state.name;
    chunk_ = chunk;
}

bool FtpData::next(InspectionPoint& point) {
    if (flow_ == nullptr) {
        return false;
    }
    FtpDataFlow& f = *flow_;
    if (FtpDataFlow::Half& other = f.half[index_of(opposite(chunk_.direction))]; !other.announced) {
        // Files go one way, and rules may ask for the command the other way.
        show_command(point, opposite(chunk_.direction));
        other.announced = true;
        return true;
    }
    flow_ = nullptr;
    const bool up = chunk_.direction == Direction::kToServer;
    FtpDataFlow::Half& half = f.half[index_of(chunk_.direction)];
    if (half.ended) {
        return false;
    }
    const BufferId file = up ? BufferId::kFileDataToServer : BufferId::kFileDataToClient;
    const bool lost = lost_bytes(chunk_, half.size);
    const bool end = chunk_.end || lost;
    const Bytes window = lost ? Bytes{} : chunk_.window;
    const std::uint64_t before = half.size;
    half.size = lost ? half.size : chunk_.offset + window.size();
    const BufferMask shown = half.size != 0 ? mask_of(file) : BufferMask{};
    show_command(point, chunk_.direction);
    point.tx_start = !half.announced;
    point.tx_end = end;
    point.fresh = shown | (half.announced ? BufferMask{} : point.present);
    point.present |= shown;
    if (half.size != 0 && name_->size != 0) {
        const BufferId id = up ? BufferId::kFileNameToServer : BufferId::kFileNameToClient;
        views_[index_of(id)] = {name_->bytes(), 0, name_->size, true};
        point.present |= mask_of(id);
        point.fresh |= before == 0 ? mask_of(id) : BufferMask{};
    }
    point.resolved = end ? BufferMask::all() : point.present;
    views_[index_of(file)] = {window, half.size - window.size(),
                              static_cast<std::uint32_t>(half.size - before), end};
    half.announced = true;
    half.ended = end;
    return true;
}

void FtpData::show_command(InspectionPoint& point, Direction d) {
    const Bytes word = transfer_ == FtpTransfer::kStore ? Bytes(kStor) : Bytes(kRetr);
    views_[index_of(BufferId::kFtpDataCommand)] = {word, 0, static_cast<std::uint32_t>(word.size()),
                                                   true};
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = d;
    point.tx_start = true;
    point.buffers = &views_;
    point.present = point.fresh = point.resolved = mask_of(BufferId::kFtpDataCommand);
}

void FtpData::release(FtpDataFlow& state) {
    if (flow_ == &state) {
        flow_ = nullptr;
    }
}

}  // namespace sluice::app
