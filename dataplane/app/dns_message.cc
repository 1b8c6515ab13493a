// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/dns_message.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

constexpr std::uint8_t kPointer = 0xc0;  // RFC 1035 section 4.1.4: the two upper bits
constexpr std::size_t kMinRecord = 2;    // as Suricata: what a record takes at the very least

}  // namespace

// Reads one name. A name that comes to no end is cut where Suricata cuts it, provided its end in
// the message is known (behind the first pointer); else it is damaged.
struct DnsMessage::NameReader {
    DnsMessage& m;
    std::size_t at;
    std::size_t after_pointer = 0;
    bool jumped = false;
    bool cut = false;
    std::size_t size = 0;

    std::uint8_t* text() const { return m.names_.get() + m.names_used_; }

    enum class Step : std::uint8_t { kGoOn, kEnd, kBad };

    Step label(std::size_t length) {
        if (length > m.message_.size() - at - 1) {
            return Step::kBad;
        }
        if (!cut) {
            // At most kMaxName bytes are there, one label and a dot more fit (room_for_name).
            if (size != 0) {
                text()[size++] = '.';
            }
            std::memcpy(text() + size, m.message_.data() + at + 1, length);
            size += length;
        }
        at += 1 + length;
        return Step::kGoOn;
    }

    Step pointer() {
        if (m.message_.size() - at < 2) {
            return Step::kBad;
        }
        const std::size_t to = (std::size_t{m.message_[at]} << 8U | m.message_[at + 1]) & 0x3fffU;
        if (to > m.message_.size()) {
            return Step::kBad;
        }
        if (to == at) {
            m.looped_ = true;
            return jumped ? Step::kEnd : Step::kBad;
        }
        ++m.jumps_;
        if (m.jumped_enough()) {
            return Step::kBad;
        }
        if (!jumped) {
            jumped = true;
            after_pointer = at + 2;
        }
        at = to;
        return Step::kGoOn;
    }

    Step step() {
        if (at == m.message_.size()) {
            return Step::kEnd;
        }
        const std::uint8_t first = m.message_[at];
        if (first == 0) {
            ++at;
            return Step::kEnd;
        }
        switch (first & kPointer) {
            case 0:
                return label(first);
            case kPointer:
                return pointer();
            default:
                return Step::kBad;
        }
    }

    Name read() {
        for (std::size_t steps = 1;; ++steps) {
            const Step s = step();
            if (s == Step::kBad) {
                return {};
            }
            if (s == Step::kEnd) {
                break;
            }
            if (steps > kMaxSteps) {
                m.looped_ = true;
                if (!jumped) {
                    return {};
                }
                cut = true;
                break;
            }
            if (size > kMaxName) {
                size = kMaxName;
                cut = m.too_long_ = true;
                if (jumped) {
                    break;
                }
            }
        }
        const Bytes text_bytes{text(), size};
        m.names_used_ += size;
        return {text_bytes, jumped ? after_pointer : at, true, cut};
    }
};

DnsMessage::DnsMessage(const Room& room)
    : room_(room), records_(new DnsRecord[room.records]), names_(new std::uint8_t[room.names]) {}

bool DnsMessage::read_header(Bytes message, DnsHeader& out) {
    Cursor c(message);
    out.id = c.be16().host();
    out.flags = c.be16().host();
    for (std::uint16_t& count : out.counts) {
        count = c.be16().host();
    }
    return c.ok();
}

bool DnsMessage::plausible(const DnsHeader& header, std::size_t size) {
    std::size_t records = 0;
    for (const std::uint16_t count : header.counts) {
        records += count;
    }
    return kDnsHeaderSize + kMinRecord * records <= size;
}

bool DnsMessage::room_for_name() const {
    constexpr std::size_t kMost = kMaxName + 1 + 63;  // what NameReader writes
    return names_used_ + kMost <= names_limit_;
}

DnsMessage::Name DnsMessage::name_at(std::size_t offset) {
    if (offset > message_.size() || !room_for_name()) {
        return {};
    }
    return NameReader{*this, offset}.read();
}

bool DnsMessage::read_record(std::size_t& at, DnsSection section) {
    const Name name = name_at(at);
    if (!name.ok) {
        return false;
    }
    Cursor c(message_.subspan(name.end));
    DnsRecord& r = records_[record_count_];
    r = {};
    r.name = name.text;
    r.name_cut = name.cut;
    r.section = section;
    r.type = c.be16().host();
    r.rr_class = c.be16().host();
    if (section != DnsSection::kQuestion) {
        r.ttl = c.be32().host();
        r.data = c.take(c.be16().host());
    }
    if (!c.ok()) {
        return false;
    }
    at = name.end + c.offset();
    ++record_count_;
    return true;
}

DnsFault DnsMessage::parse(Bytes message) {
    message_ = message;
    header_ = {};
    record_count_ = names_used_ = jumps_ = 0;
    first_ = {};
    looped_ = too_long_ = false;
    names_limit_ = std::min(room_.names, message.size() * kNameBytesPerByte + kNameBytesAlways);
    if (!read_header(message, header_) || !plausible(header_, message.size())) {
        return DnsFault::kHeader;
    }
    std::size_t at = kDnsHeaderSize;
    DnsFault fault = DnsFault::kNone;
    for (std::size_t s = 0; s < header_.counts.size(); ++s) {
        first_[s] = record_count_;
        for (std::uint32_t i = 0; i < header_.counts[s] && fault == DnsFault::kNone; ++i) {
            if (record_count_ == room_.records || !room_for_name()) {
                fault = DnsFault::kLimit;
            } else if (!read_record(at, static_cast<DnsSection>(s))) {
                fault = jumped_enough() ? DnsFault::kLimit
                        : s == 0        ? DnsFault::kQuestions
                                        : DnsFault::kRecords;
            }
        }
    }
    first_.back() = record_count_;
    if (fault == DnsFault::kQuestions) {
        record_count_ = 0;
        first_ = {};
    }
    return fault;
}

std::span<const DnsRecord> DnsMessage::section(DnsSection s) const {
    const auto i = static_cast<std::size_t>(s);
    return records().subspan(first_[i], first_[i + 1] - first_[i]);
}

}  // namespace sluice::app
