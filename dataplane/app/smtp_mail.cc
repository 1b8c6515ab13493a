// SPDX-License-Identifier: Apache-2.0
// Mails, and points made of the files in them.
#include "dataplane/app/smtp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace sluice::app {
namespace {

using packet::Reason;

// Of a file: kept before the fresh bytes, and both together.
constexpr std::size_t kHistory = std::size_t{16} * 1024;
constexpr std::size_t kMaxWindow = std::size_t{32} * 1024;
// A line may grow by CR LF, and what base64 kept comes out with it.
constexpr std::size_t kGrowth = 6;
static_assert(kHistory + kMaxLine + kGrowth < kMaxWindow);

bool is_dot(const TextLine& line) {
    const Bytes text = line.text();
    return line.line_end != 0 && text.size() == 1 && text[0] == '.';
}

}  // namespace

MimeMessage& Smtp::mail() const {
    void* first = arena_.bytes(flow_->mail).data();
    return *std::launder(static_cast<MimeMessage*>(first));
}

// A mail that was not ended is dropped.
Smtp::Step Smtp::begin_mail(SmtpHalfState then) {
    static_assert(sizeof(MimeMessage) <= SlabArena::kMaxSlab);
    if (has_mail()) {
        return end_mail(half_->state);
    }
    flow_->mail = arena_.take(sizeof(MimeMessage));
    if (!has_mail()) {
        return no_memory();
    }
    new (arena_.bytes(flow_->mail).data()) MimeMessage;
    half_->in_line = false;
    half_->state = then;
    return Step::kGoOn;
}

Smtp::Step Smtp::no_memory() {
    count(Reason::smtp_store_full);
    gave_up_ = true;
    half_->state = SmtpHalfState::kOff;
    return Step::kEnd;
}

Smtp::Step Smtp::data() {
    const TextLine line = read_line(unread(), chunk_.end);
    if (!line.found) {
        return Step::kNeedMore;
    }
    if (flow_->back() == SmtpCommand::kData && !flow_->pipelined) {
        flow_->pipelined = true;
        note(AppEvent::smtp_invalid_pipelined_sequence);
    }
    if (!half_->in_line && is_dot(line)) {
        take(line.bytes.size());
        flow_->push(SmtpCommand::kMail);
        half_->state = SmtpHalfState::kEndMail;
        return Step::kGoOn;
    }
    Bytes bytes = line.bytes;
    if (line.line_end == 0 && bytes.size() == kMaxLine) {
        bytes = bytes.first(bytes.size() - mail().undecided(bytes));
    }
    // RFC 5321 section 4.5.2
    const std::size_t stuffed = !half_->in_line && bytes[0] == '.' ? 1 : 0;
    const Step s = feed(bytes.subspan(stuffed), line.line_end);
    if (s != Step::kShow && s != Step::kEnd) {
        take(bytes.size());
    }
    return s;
}

Smtp::Step Smtp::chunk() {
    SmtpFlow& f = *flow_;
    if (!has_mail()) {
        return begin_mail(SmtpHalfState::kChunk);
    }
    if (f.chunk_left == 0) {
        if (f.last_chunk && f.carry_size != 0) {
            return flush_carry();
        }
        half_->state = f.last_chunk ? SmtpHalfState::kEndMail : SmtpHalfState::kLine;
        return Step::kGoOn;
    }
    const Bytes all = unread();
    const bool whole = all.size() >= f.chunk_left;
    const Bytes in = whole ? all.first(static_cast<std::size_t>(f.chunk_left)) : all;
    const TextLine line = read_line(in, whole || chunk_.end);
    if (!line.found) {
        return Step::kNeedMore;
    }
    Bytes bytes = line.bytes;
    if (f.carry_size + bytes.size() > kMaxLine && f.carry_size != 0) {
        return flush_carry();
    }
    Step s = Step::kGoOn;
    if (f.carry_size != 0 || (line.line_end == 0 && bytes.size() < kMaxLine)) {
        s = carry(bytes);
    } else {
        if (line.line_end == 0) {
            bytes = bytes.first(bytes.size() - mail().undecided(bytes));
        }
        s = feed(bytes, line.line_end);
    }
    if (s != Step::kShow && s != Step::kEnd) {
        take(bytes.size());
        f.chunk_left -= bytes.size();
    }
    return s;
}

// Adds to the line that an earlier BDAT began.
Smtp::Step Smtp::carry(Bytes piece) {
    SmtpFlow& f = *flow_;
    const std::size_t size = f.carry_size + piece.size();
    if (!arena_.grow(f.carry, f.carry_size, size)) {
        return no_memory();
    }
    const MutableBytes line = arena_.bytes(f.carry);
    std::copy(piece.begin(), piece.end(), line.begin() + f.carry_size);
    if (piece.back() != '\n') {
        f.carry_size = static_cast<std::uint32_t>(size);
        return Step::kGoOn;
    }
    const Step s = feed(Bytes(line).first(size), size > 1 && line[size - 2] == '\r' ? 2 : 1);
    f.carry_size = s == Step::kShow ? f.carry_size : 0;
    return s;
}

// The line that a BDAT began gets too long, or there is no other one.
Smtp::Step Smtp::flush_carry() {
    SmtpFlow& f = *flow_;
    const Step s = feed(Bytes(arena_.bytes(f.carry)).first(f.carry_size), 0);
    f.carry_size = s == Step::kShow ? f.carry_size : 0;
    return s;
}

// Gives a line to the mail, unless the window must be shown first (kShow).
Smtp::Step Smtp::feed(Bytes bytes, std::size_t line_end) {
    if (mail().in_file() && !make_room(bytes.size() + kGrowth)) {
        return fresh_ != 0 ? Step::kShow : no_memory();
    }
    const bool rest = half_->in_line;
    half_->in_line = line_end == 0;
    const std::uint16_t before = mail().faults();
    const Step s = took(mail().line(bytes, line_end, rest, room()));
    note_faults(static_cast<std::uint16_t>(mail().faults() & ~before));
    return s;
}

// Those that a mail shows for the first time.
void Smtp::note_faults(std::uint16_t faults) {
    struct Row {
        MimeFault fault;
        AppEvent event;
    };

    constexpr std::array kRows{
        Row{kMimeInvalidQp, AppEvent::smtp_mime_invalid_qp},
        Row{kMimeLongLine, AppEvent::smtp_mime_long_line},
        Row{kMimeLongEncodedLine, AppEvent::smtp_mime_long_enc_line},
        Row{kMimeLongFieldName, AppEvent::smtp_mime_long_header_name},
        Row{kMimeLongFieldValue, AppEvent::smtp_mime_long_header_value},
        Row{kMimeLongBoundary, AppEvent::smtp_mime_boundary_too_long},
        Row{kMimeLongFileName, AppEvent::smtp_mime_long_filename},
    };
    if (faults == 0) {
        return;
    }
    for (const Row& row : kRows) {
        if ((faults & row.fault) != 0) {
            note(row.event);
        }
    }
    if ((faults & kMimeTooDeep) != 0) {
        count(Reason::smtp_mime_limit);
    }
}

Smtp::Step Smtp::end_mail(SmtpHalfState then) {
    if (has_mail() && mail().in_file()) {
        if (!make_room(kGrowth)) {
            return fresh_ != 0 ? Step::kShow : no_memory();
        }
        return took(mail().end(room()));
    }
    arena_.give(flow_->mail);
    flow_->carry_size = 0;
    flow_->has_sender = flow_->has_sender && then == SmtpHalfState::kMail;
    arena_.give(flow_->carry);
    half_->state = then;
    return then == SmtpHalfState::kOff ? Step::kEnd : Step::kGoOn;
}

// False: the window must be shown first, or there is no memory.
bool Smtp::make_room(std::size_t bytes) {
    SmtpFlow& f = *flow_;
    if (f.file_ended) {
        forget_file();
    }
    const std::size_t want = std::min(f.window_size + bytes, kMaxWindow);
    if (!arena_.grow(f.window, f.window_size, want) && f.window == kNoSlab) {
        return false;
    }
    const MutableBytes window = arena_.bytes(f.window);
    if (bytes <= std::min(window.size(), kMaxWindow) - f.window_size) {
        return true;
    }
    if (fresh_ != 0) {
        return false;
    }
    const std::size_t keep = std::min<std::size_t>({f.window_size, kHistory, window.size() / 2});
    std::memmove(window.data(), window.data() + f.window_size - keep, keep);
    f.window_size = static_cast<std::uint32_t>(keep);
    return bytes <= std::min(window.size(), kMaxWindow) - f.window_size;
}

// The next file is another transaction.
void Smtp::forget_file() {
    SmtpFlow& f = *flow_;
    f.window_size = 0;
    f.file_size = 0;
    f.file_ended = f.announced = false;
    ++f.files;
}

MutableBytes Smtp::room() const {
    return flow_->window == kNoSlab ? MutableBytes{}
                                    : arena_.bytes(flow_->window).subspan(flow_->window_size);
}

Smtp::Step Smtp::took(MimeMessage::Line made) {
    const auto n = static_cast<std::uint32_t>(made.made);
    flow_->window_size += n;
    flow_->file_size += n;
    fresh_ += n;
    return made.file_ends ? Step::kFileEnd : Step::kGoOn;
}

void Smtp::fill(InspectionPoint& point, bool end) {
    SmtpFlow& f = *flow_;
    const Bytes window =
        f.window == kNoSlab ? Bytes{} : Bytes(arena_.bytes(f.window)).first(f.window_size);
    const BufferMask file = mask_of(BufferId::kFileDataToServer);
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = chunk_.direction;
    point.tx_id = f.files;
    point.tx_start = !f.announced;
    point.tx_end = end;
    point.buffers = &views_;
    point.present = point.fresh = file;
    point.resolved = end ? BufferMask::all() : file;
    views_[index_of(BufferId::kFileDataToServer)] = {window, f.file_size - window.size(), fresh_,
                                                     end};
    if (const Bytes name = has_mail() ? mail().file_name() : Bytes{}; !name.empty()) {
        const BufferMask named = mask_of(BufferId::kFileNameToServer);
        point.present |= named;
        point.resolved |= named;
        point.fresh |= f.announced ? BufferMask{} : named;
        views_[index_of(BufferId::kFileNameToServer)] = {
            name, 0, static_cast<std::uint32_t>(name.size()), true};
    }
    if (end) {
        show_events(point);
    }
    f.announced = true;
    f.file_ended = end;
    fresh_ = 0;
}

void Smtp::show_events(InspectionPoint& point) {
    AppEventSet& events = flow_->events[index_of(point.direction)];
    event_views_.show(events, true, point, views_[index_of(BufferId::kAppEvents)]);
    events = {};
}

// What is odd beside files is a transaction of its own, in either direction; the last point of a
// file shows what was odd within it.
bool Smtp::fill_events(InspectionPoint& point) {
    return fill_events(point, Direction::kToServer) || fill_events(point, Direction::kToClient);
}

bool Smtp::fill_events(InspectionPoint& point, Direction d) {
    SmtpFlow& f = *flow_;
    const bool client = d == Direction::kToServer;
    if (f.events[index_of(d)].empty() || file_open()) {
        return false;
    }
    if (client && f.file_ended) {
        forget_file();
    }
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = d;
    point.tx_id = client ? f.files++ : f.oddities++;
    point.tx_start = point.tx_end = true;
    point.buffers = &views_;
    show_events(point);
    point.resolved = BufferMask::all();
    return true;
}

}  // namespace sluice::app
