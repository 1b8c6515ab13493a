// SPDX-License-Identifier: Apache-2.0
// Commands and replies.
#include "dataplane/app/smtp.h"

#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::size_t kCodeSize = 3;
constexpr std::size_t kBdatSize = 5;  // with its blank

bool starts_with_nocase(Bytes text, std::string_view lower) {
    return text.size() >= lower.size() && equals_nocase(text.first(lower.size()), lower);
}

bool is_digit(std::uint8_t c) {
    return c >= '0' && c <= '9';
}

bool is_letter(std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_code(Bytes code, std::string_view digits) {
    return equals_nocase(code, digits);
}

// As Suricata knows them.
bool known_code(Bytes code) {
    constexpr std::array<std::string_view, 26> kCodes = {
        "211", "214", "220", "221", "235", "250", "251", "252", "334", "354", "421", "450", "451",
        "452", "455", "500", "501", "502", "503", "504", "550", "551", "552", "553", "554", "555"};
    return std::any_of(kCodes.begin(), kCodes.end(),
                       [&](std::string_view known) { return is_code(code, known); });
}

}  // namespace

Smtp::Smtp(const AppConfig& config) : arena_(config.smtp_slabs) {}

void Smtp::begin(SmtpFlow& state, const stream::StreamChunk& chunk,
                 packet::ReasonCounters& reasons) {
    flow_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    if (state.file_ended || state.mail == kNoSlab) {
        arena_.give(state.window);
        state.window_size = 0;
    }
    fresh_ = 0;
    gave_up_ = false;
    done_ = half_->state == SmtpHalfState::kOff;
    if (!done_ && lost_bytes(chunk, half_->consumed)) {
        half_->state = SmtpHalfState::kFinish;
    }
}

bool Smtp::next(InspectionPoint& point) {
    while (!done_) {
        if (fill_events(point)) {
            return true;
        }
        switch (step()) {
            case Step::kGoOn:
                break;
            case Step::kShow:
                fill(point, false);
                return true;
            case Step::kFileEnd:
                fill(point, true);
                return true;
            case Step::kNeedMore:
                if (chunk_.end) {
                    half_->state = SmtpHalfState::kFinish;
                    break;
                }
                done_ = true;
                if (fresh_ != 0) {
                    fill(point, false);
                    return true;
                }
                break;
            case Step::kEnd:
                done_ = true;
                break;
        }
    }
    return flow_ != nullptr && !gave_up_ && fill_events(point);
}

Smtp::Step Smtp::step() {
    switch (half_->state) {
        case SmtpHalfState::kLine:
            return line();
        case SmtpHalfState::kRestOfLine:
            return rest_of_line();
        case SmtpHalfState::kMail:
            return begin_mail(SmtpHalfState::kData);
        case SmtpHalfState::kData:
            return data();
        case SmtpHalfState::kChunk:
            return chunk();
        case SmtpHalfState::kEndMail:
            return end_mail(SmtpHalfState::kLine);
        case SmtpHalfState::kTlsWait:
            return before_tls();
        case SmtpHalfState::kFinish:
            return chunk_.direction == Direction::kToServer ? end_mail(SmtpHalfState::kOff) : off();
        case SmtpHalfState::kOff:
            return Step::kEnd;
    }
    return Step::kEnd;
}

Smtp::Step Smtp::off() {
    half_->state = SmtpHalfState::kOff;
    return Step::kEnd;
}

Handover Smtp::handover(const SmtpFlow& state) {
    const SmtpHalfState client = state.half[index_of(Direction::kToServer)].state;
    const SmtpHalfState server = state.half[index_of(Direction::kToClient)].state;
    const bool between = client == SmtpHalfState::kLine || client == SmtpHalfState::kTlsWait;
    return {state.tls_granted && between && server == SmtpHalfState::kLine, AppProto::kTls};
}

Smtp::Step Smtp::line() {
    if (flow_->tls_granted) {
        return Step::kEnd;
    }
    const TextLine line = read_line(unread(), false);
    if (!line.found) {
        return Step::kNeedMore;
    }
    take(line.bytes.size());
    if (line.line_end == 0) {
        count(Reason::smtp_malformed);
        note(AppEvent::smtp_truncated_line);
        half_->state = SmtpHalfState::kRestOfLine;
    }
    if (chunk_.direction == Direction::kToServer) {
        command(line.text());
        if (half_->state == SmtpHalfState::kLine && flow_->waits_for(SmtpCommand::kStartTls)) {
            half_->state = SmtpHalfState::kTlsWait;
        }
    } else {
        reply(line.text());
    }
    return Step::kGoOn;
}

// Behind a STARTTLS that was not answered yet. A command is one whatever the answer will be: a
// server that keeps it for later takes it for one (RFC 3207 section 4.2 forbids that). TLS begins
// with no letter, and other bytes wait.
Smtp::Step Smtp::before_tls() {
    const Bytes in = unread();
    if (flow_->tls_granted) {
        return Step::kEnd;
    }
    if (in.empty() || !is_letter(in.front())) {
        return Step::kNeedMore;
    }
    half_->state = SmtpHalfState::kLine;
    return Step::kGoOn;
}

Smtp::Step Smtp::rest_of_line() {
    const Bytes in = unread();
    const auto lf = std::find(in.begin(), in.end(), std::uint8_t{'\n'});
    if (lf == in.end()) {
        take(in.size());
        return Step::kNeedMore;
    }
    take(static_cast<std::uint64_t>(lf - in.begin()) + 1);
    half_->state = SmtpHalfState::kLine;
    return Step::kGoOn;
}

// Servers may take a mail without having asked for it, so what follows DATA is read as one at once;
// the reply may take that back.
void Smtp::command(Bytes text) {
    SmtpFlow& f = *flow_;
    if (!f.greeted && !f.early) {
        f.early = true;
        note(AppEvent::smtp_no_server_welcome_message);
    }
    if (f.back() == SmtpCommand::kStartTls) {
        note(AppEvent::smtp_invalid_pipelined_sequence);
    }
    if (starts_with_nocase(text, "helo") || starts_with_nocase(text, "ehlo")) {
        if (f.said_hello) {
            note(AppEvent::smtp_duplicate_fields);
        }
        f.said_hello = true;
    } else if (starts_with_nocase(text, "mail from")) {
        if (f.has_sender) {
            note(AppEvent::smtp_duplicate_fields);
        }
        f.has_sender = true;
    }
    if (starts_with_nocase(text, "starttls")) {
        flow_->push(SmtpCommand::kStartTls);
        half_->state = SmtpHalfState::kTlsWait;
    } else if (starts_with_nocase(text, "data")) {
        flow_->push(SmtpCommand::kData);
        flow_->pipelined = false;
        half_->state = SmtpHalfState::kMail;
    } else if (starts_with_nocase(text, "bdat ")) {
        flow_->push(SmtpCommand::kOther);
        begin_chunk(text.subspan(kBdatSize));
    } else {
        flow_->push(SmtpCommand::kOther);
        if (starts_with_nocase(text, "rset")) {
            f.has_sender = false;
            half_->state = SmtpHalfState::kEndMail;
        }
    }
}

// "BDAT 1000 LAST"
void Smtp::begin_chunk(Bytes text) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 48U;
    std::size_t i = 0;
    while (i < text.size() && text[i] == ' ') {
        ++i;
    }
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; i < text.size() && is_digit(text[i]) && size < kMost; ++i, ++digits) {
        size = size * 10 + (text[i] - '0');
    }
    if (digits == 0 || size >= kMost) {
        count(Reason::smtp_malformed);
        return;
    }
    flow_->last_chunk = contains_nocase(text.subspan(i), "last");
    flow_->chunk_left = size;
    half_->state = SmtpHalfState::kChunk;
}

void Smtp::reply(Bytes text) {
    if (text.empty()) {
        return;
    }
    const Bytes code = text.first(std::min(text.size(), kCodeSize));
    if (code.size() < kCodeSize || !std::all_of(code.begin(), code.end(), is_digit)) {
        count(Reason::smtp_malformed);
        note(AppEvent::smtp_invalid_reply);
        half_->state = SmtpHalfState::kFinish;
        return;
    }
    SmtpFlow& f = *flow_;
    if (!known_code(code) || (!f.greeted && !f.waits() && !is_code(code, "220"))) {
        note(AppEvent::smtp_invalid_reply);
    }
    f.in_reply = text.size() > kCodeSize && text[kCodeSize] == '-';
    if (f.in_reply) {
        return;
    }
    if (!f.greeted) {
        f.greeted = true;
        if (is_code(code, "220") || is_code(code, "554") || !f.waits()) {
            return;
        }
    }
    if (f.waits()) {
        const SmtpCommand what = f.front();
        f.pop();
        answered(what, code);
    }
}

void Smtp::answered(SmtpCommand what, Bytes code) {
    SmtpHalf& client = flow_->half[index_of(Direction::kToServer)];
    if (what == SmtpCommand::kStartTls) {
        if (is_code(code, "220")) {
            grant_tls(client);
            return;
        }
        note(AppEvent::smtp_tls_rejected);
        if (client.state == SmtpHalfState::kTlsWait) {
            client.state = SmtpHalfState::kLine;
        }
    } else if (what == SmtpCommand::kData && code.front() != '3') {
        note(AppEvent::smtp_data_command_rejected);
        if (client.state == SmtpHalfState::kData) {
            client.state = SmtpHalfState::kEndMail;
        }
    }
}

// From where the client stands, but for a mail that it has begun already.
void Smtp::grant_tls(SmtpHalf& client) {
    SmtpFlow& f = *flow_;
    if (client.state == SmtpHalfState::kFinish || client.state == SmtpHalfState::kOff) {
        return;
    }
    if (f.waits_for(SmtpCommand::kStartTls)) {
        note(AppEvent::smtp_failed_protocol_change);
    }
    f.tls_granted = true;
    if (client.state != SmtpHalfState::kLine && client.state != SmtpHalfState::kTlsWait) {
        client.state = SmtpHalfState::kEndMail;
    }
}

void Smtp::release(SmtpFlow& state) {
    arena_.give(state.mail);
    arena_.give(state.window);
    arena_.give(state.carry);
    if (flow_ == &state) {
        flow_ = nullptr;
        done_ = true;
    }
}

}  // namespace sluice::app
