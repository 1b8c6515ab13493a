// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/ssh.h"

#include "dataplane/base/digest.h"

#include <algorithm>
#include <string_view>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::string_view kMark = "SSH-";
// RFC 4253 section 4.2: 255 characters with CR LF. Of a longer line so many are looked at.
constexpr std::size_t kMaxBanner = 256;
constexpr std::size_t kPacketHeader = 6;  // length, padding length, message number
constexpr std::size_t kCookie = 16;
constexpr std::uint8_t kKexinitMessage = 20;
constexpr std::uint8_t kNewKeysMessage = 21;

enum Stored : std::size_t { kProto, kSoftware, kHassh, kHasshString };

// The buffers of 'Stored', by direction.
constexpr std::array<std::array<BufferId, 4>, 2> kBuffers = {
    {{BufferId::kSshProto, BufferId::kSshSoftware, BufferId::kSshHassh, BufferId::kSshHasshString},
     {BufferId::kSshProto, BufferId::kSshSoftware, BufferId::kSshHasshServer,
      BufferId::kSshHasshServerString}}};

Bytes until(Bytes in, std::string_view any) {
    const auto end = std::find_if(in.begin(), in.end(), [&](std::uint8_t c) {
        return any.find(static_cast<char>(c)) != std::string_view::npos;
    });
    return in.first(static_cast<std::size_t>(end - in.begin()));
}

}  // namespace

Ssh::Ssh(const AppConfig& config) : config_(config), arena_(config.ssh_slabs) {}

void Ssh::begin(SshFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    gave_up_ = false;
    done_ = half_->ended;
    if (lost_bytes(chunk, half_->consumed) || chunk.flow->encrypted) {
        half_->state = SshHalf::State::kOff;
    }
}

bool Ssh::next(InspectionPoint& point) {
    while (!done_) {
        switch (step()) {
            case Step::kGoOn:
                break;
            case Step::kShow:
                fill(point, false);
                return true;
            case Step::kNeedMore:
                done_ = true;
                return chunk_.end && finish(point);
            case Step::kEnd:
                done_ = true;
                return finish(point);
        }
    }
    return false;
}

Ssh::Step Ssh::step() {
    switch (half_->state) {
        case SshHalf::State::kBanner:
            return banner();
        case SshHalf::State::kRestOfLine:
            return rest_of_line();
        case SshHalf::State::kPacket:
            return packet();
        case SshHalf::State::kKexinit:
            return kexinit();
        case SshHalf::State::kSkip:
            return skip();
        case SshHalf::State::kOff:
            return Step::kEnd;
    }
    return Step::kEnd;
}

// "SSH-2.0-OpenSSH_9.2 comment". It is the first thing in the stream, so the window holds it.
Ssh::Step Ssh::banner() {
    const Bytes in = unread();
    const Bytes line = until(in.first(std::min(in.size(), kMaxBanner)), "\n");
    if (line.size() == in.size() && line.size() < kMaxBanner) {
        return Step::kNeedMore;
    }
    if (line.size() == kMaxBanner) {
        note(AppEvent::ssh_long_banner);
    }
    take(line.size());
    half_->state = SshHalf::State::kRestOfLine;
    if (line.size() < kMark.size() ||
        !std::equal(kMark.begin(), kMark.end(), line.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
        note(AppEvent::ssh_invalid_banner);
        return damaged(Reason::ssh_malformed);
    }
    fresh_ = {};
    const Bytes proto = until(line.subspan(kMark.size()), "-");
    Bytes software = line.subspan(kMark.size() + proto.size());
    software = until(software.subspan(std::min<std::size_t>(software.size(), 1)), " \r\n");
    if (proto.empty() || proto.size() + kMark.size() == line.size()) {
        note(AppEvent::ssh_invalid_banner);
        return damaged(Reason::ssh_malformed);
    }
    const bool stored = store(kProto, proto) && (software.empty() || store(kSoftware, software));
    return stored ? Step::kShow : damaged(Reason::ssh_store_full);
}

Ssh::Step Ssh::rest_of_line() {
    const Bytes in = unread();
    const Bytes rest = until(in, "\n");
    if (rest.size() == in.size()) {
        take(rest.size());
        return Step::kNeedMore;
    }
    take(rest.size() + 1);
    half_->state = SshHalf::State::kPacket;
    return Step::kGoOn;
}

// The binary packet protocol (RFC 4253 section 6), not encrypted yet.
Ssh::Step Ssh::packet() {
    SshHalf& h = *half_;
    Cursor c(unread());
    if (c.remaining() < kPacketHeader) {
        return Step::kNeedMore;
    }
    const std::uint32_t length = c.be32().host();
    c.skip(1);
    const std::uint8_t message = c.u8();
    if (length < 2) {
        note(AppEvent::ssh_invalid_record);
        return damaged(Reason::ssh_malformed);
    }
    take(kPacketHeader);
    h.left = length - 2;
    h.state = SshHalf::State::kSkip;
    if (message == kNewKeysMessage) {
        h.new_keys = true;
        chunk_.flow->encrypted = flow_->half[0].new_keys && flow_->half[1].new_keys;
        h.state = SshHalf::State::kOff;
        return Step::kEnd;
    }
    if (message == kKexinitMessage && !h.fingerprinted) {
        if (h.left > config_.max_ssh_packet) {
            packet::count(*reasons_, Reason::ssh_malformed);
            return Step::kGoOn;
        }
        h.have = 0;
        h.state = SshHalf::State::kKexinit;
    }
    return Step::kGoOn;
}

Ssh::Step Ssh::skip() {
    const std::size_t n = std::min<std::size_t>(unread().size(), half_->left);
    take(n);
    half_->left -= static_cast<std::uint32_t>(n);
    if (half_->left != 0) {
        return Step::kNeedMore;
    }
    half_->state = SshHalf::State::kPacket;
    return Step::kGoOn;
}

Ssh::Step Ssh::kexinit() {
    SshHalf& h = *half_;
    const Bytes in = unread();
    const Bytes piece = in.first(std::min<std::size_t>(in.size(), h.left));
    Bytes payload = piece;
    if (h.have != 0 || piece.size() < h.left) {
        const std::size_t size = h.have + piece.size();
        if (!arena_.grow(h.packet, h.have, size)) {
            return damaged(Reason::ssh_store_full);
        }
        std::copy(piece.begin(), piece.end(), arena_.bytes(h.packet).data() + h.have);
        h.have = static_cast<std::uint32_t>(size);
        payload = Bytes(arena_.bytes(h.packet)).first(size);
    }
    take(piece.size());
    h.left -= static_cast<std::uint32_t>(piece.size());
    if (h.left != 0) {
        return Step::kNeedMore;
    }
    h.state = SshHalf::State::kPacket;
    h.fingerprinted = true;
    fresh_ = {};
    if (!fingerprint(payload)) {
        return damaged(Reason::ssh_store_full);
    }
    arena_.give(h.packet);
    return fresh_.empty() ? Step::kGoOn : Step::kShow;
}

// HASSH: MD5 of "key exchange;encryption;mac;compression", of the sender's direction. False: no
// memory.
bool Ssh::fingerprint(Bytes payload) {
    const bool client = chunk_.direction == Direction::kToServer;
    Cursor c(payload);
    c.skip(kCookie);
    std::array<Bytes, 8> lists;  // RFC 4253 section 7.1, in order
    for (Bytes& list : lists) {
        list = c.take(c.be32().host());
    }
    if (!c.ok()) {
        packet::count(*reasons_, Reason::ssh_malformed);
        return true;
    }
    const std::array<Bytes, 4> parts = {lists[0], lists[client ? 2 : 3], lists[client ? 4 : 5],
                                        lists[client ? 6 : 7]};
    SshHalf& h = *half_;
    std::size_t size = parts.size() - 1;
    for (const Bytes part : parts) {
        size += part.size();
    }
    if (!arena_.grow(h.store, h.store_size, h.store_size + size + 2 * Md5::kSize)) {
        return false;
    }
    std::uint8_t* const text = arena_.bytes(h.store).data() + h.store_size;
    std::uint8_t* out = text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i != 0) {
            *out++ = ';';
        }
        out = std::copy(parts[i].begin(), parts[i].end(), out);
    }
    const Md5::Value hash = Md5::of({text, size});
    h.at[kHasshString] = {h.store_size, static_cast<std::uint32_t>(size)};
    h.at[kHassh] = {static_cast<std::uint32_t>(h.store_size + size), 2 * Md5::kSize};
    for (const std::uint8_t b : hash) {
        *out++ = static_cast<std::uint8_t>("0123456789abcdef"[b >> 4]);
        *out++ = static_cast<std::uint8_t>("0123456789abcdef"[b & 15]);
    }
    h.store_size += static_cast<std::uint32_t>(size + 2 * Md5::kSize);
    for (const std::size_t i : {kHassh, kHasshString}) {
        h.present |= static_cast<std::uint8_t>(1U << i);
        fresh_ |= mask_of(kBuffers[index_of(chunk_.direction)][i]);
    }
    return true;
}

bool Ssh::store(std::size_t index, Bytes bytes) {
    SshHalf& h = *half_;
    const std::size_t size = h.store_size + bytes.size();
    if (!arena_.grow(h.store, h.store_size, size)) {
        return false;
    }
    std::copy(bytes.begin(), bytes.end(), arena_.bytes(h.store).data() + h.store_size);
    h.at[index] = {h.store_size, static_cast<std::uint32_t>(bytes.size())};
    h.store_size = static_cast<std::uint32_t>(size);
    h.present |= static_cast<std::uint8_t>(1U << index);
    fresh_ |= mask_of(kBuffers[index_of(chunk_.direction)][index]);
    return true;
}

Ssh::Step Ssh::damaged(Reason reason) {
    packet::count(*reasons_, reason);
    gave_up_ =
        reason == Reason::ssh_store_full || !(flow_->half[0].announced || flow_->half[1].announced);
    half_->state = SshHalf::State::kOff;
    return Step::kEnd;
}

void Ssh::fill(InspectionPoint& point, bool end) {
    SshHalf& h = *half_;
    const auto& buffers = kBuffers[index_of(chunk_.direction)];
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = chunk_.direction;
    point.tx_start = !h.announced;
    point.tx_end = end;
    point.buffers = &views_;
    h.announced = true;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        if ((h.present & (1U << i)) != 0) {
            views_[index_of(buffers[i])] = {
                Bytes(arena_.bytes(h.store)).subspan(h.at[i].offset, h.at[i].length), 0,
                h.at[i].length, true};
            point.present |= mask_of(buffers[i]);
        }
    }
    point.fresh = fresh_;
    point.resolved = end               ? BufferMask::all()
                     : h.fingerprinted ? point.present
                                       : mask_of(buffers[kProto]) | mask_of(buffers[kSoftware]);
    event_views_.show(flow_->events[index_of(chunk_.direction)], point,
                      views_[index_of(BufferId::kAppEvents)]);
}

// The last point of the direction, if there was one before. False: there was none.
bool Ssh::finish(InspectionPoint& point) {
    SshHalf& h = *half_;
    const bool tell = h.announced && !h.ended;
    h.ended = true;
    h.state = SshHalf::State::kOff;
    arena_.give(h.packet);
    if (!tell) {
        return false;
    }
    fresh_ = {};
    fill(point, true);
    return true;
}

void Ssh::release(SshFlow& state) {
    for (SshHalf& h : state.half) {
        arena_.give(h.packet);
        arena_.give(h.store);
    }
    if (flow_ == &state) {
        flow_ = nullptr;
        done_ = true;
    }
}

}  // namespace sluice::app
