// SPDX-License-Identifier: Apache-2.0
// DnsMessage: one DNS message (RFC 1035 section 4, RFC 6895, RFC 6891) read into a header,
// questions and records. Names are decompressed into room of the object, in Suricata's form: labels
// joined by
// '.', bytes as they are, no dot at the end, cut after kMaxName bytes. Other bytes are borrowed
// from the message. Work and room are bounded whatever the bytes are; parse() voids what the last
// one gave. No allocation after construction. One thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sluice::app {

inline constexpr std::size_t kDnsHeaderSize = 12;

struct DnsHeader {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::array<std::uint16_t, 4> counts{};  // by DnsSection

    bool is_response() const { return (flags & 0x8000U) != 0; }

    std::uint8_t opcode() const { return static_cast<std::uint8_t>((flags >> 11U) & 0xfU); }

    std::uint8_t rcode() const { return static_cast<std::uint8_t>(flags & 0xfU); }
};

enum class DnsSection : std::uint8_t { kQuestion, kAnswer, kAuthority, kAdditional };

struct DnsRecord {
    Bytes name;
    Bytes data;  // rdata, empty for a question
    std::uint32_t ttl = 0;
    std::uint16_t type = 0;
    std::uint16_t rr_class = 0;
    DnsSection section = DnsSection::kQuestion;
    bool name_cut = false;  // longer than kMaxName, or in a loop
};

inline constexpr std::uint16_t kDnsTypeOpt = 41;  // RFC 6891 section 6.1.1

// How far a message could be read. In rising order of damage.
enum class DnsFault : std::uint8_t {
    kNone,
    kLimit,      // more records or names than there is room for: the rest was not read
    kRecords,    // damaged behind the questions: what came before is valid
    kQuestions,  // damaged before the end of the questions: nothing is valid but the header
    kHeader,     // too short, or announces more than can be there
};

class DnsMessage {
  public:
    static constexpr std::size_t kMaxName = 1025;  // as Suricata and dnsmasq
    static constexpr std::size_t kMaxSteps = 255;  // labels and pointers of one name
    // Pointers may make much of a small message. Honest ones double the bytes of their names at
    // most; beyond these bounds the rest of a message is not read (DnsFault::kLimit).
    static constexpr std::size_t kNameBytesPerByte = 8;
    static constexpr std::size_t kNameBytesAlways = 4096;
    static constexpr std::size_t kJumpsPerByte = 1;
    static constexpr std::size_t kJumpsAlways = kMaxSteps;

    // What one message may fill in any case.
    struct Room {
        std::size_t records = 6000;  // as many as 64 KiB can hold, questions included
        std::size_t names = std::size_t{128} * 1024;
    };

    explicit DnsMessage(const Room& room);

    // 'message' without the length of TCP; must outlive what is read from the object.
    DnsFault parse(Bytes message);

    const DnsHeader& header() const { return header_; }

    // Of all sections, in the order of the message.
    std::span<const DnsRecord> records() const { return {records_.get(), record_count_}; }

    std::span<const DnsRecord> section(DnsSection s) const;

    // Met in any name, since parse().
    bool name_looped() const { return looped_; }

    bool name_too_long() const { return too_long_; }

    // For rdata: the name that starts 'offset' bytes into the message. Empty when it is damaged;
    // 'end' is then not set.
    struct Name {
        Bytes text;
        std::size_t end = 0;  // offset behind the name where it stands
        bool ok = false;
        bool cut = false;
    };

    Name name_at(std::size_t offset);

    std::size_t offset_of(Bytes part) const {
        return static_cast<std::size_t>(part.data() - message_.data());
    }

    // The header, and that as many records as it announces could be in a message of this size.
    static bool read_header(Bytes message, DnsHeader& out);
    static bool plausible(const DnsHeader& header, std::size_t size);

  private:
    struct NameReader;

    bool read_record(std::size_t& at, DnsSection section);
    bool room_for_name() const;

    bool jumped_enough() const { return jumps_ > message_.size() * kJumpsPerByte + kJumpsAlways; }

    Room room_;
    Bytes message_;
    DnsHeader header_;
    std::unique_ptr<DnsRecord[]> records_;
    std::unique_ptr<std::uint8_t[]> names_;
    std::size_t record_count_ = 0;
    std::size_t names_used_ = 0;
    std::size_t names_limit_ = 0;
    std::size_t jumps_ = 0;
    std::array<std::size_t, 5> first_{};  // record index where each section starts
    bool looped_ = false;
    bool too_long_ = false;
};

}  // namespace sluice::app
