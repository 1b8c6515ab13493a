// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/dns_probe.h"

#include "dataplane/app/dns_message.h"

#include <algorithm>

namespace sluice::app {
namespace {

constexpr std::size_t kMaxWireName = 255;  // RFC 1035 section 2.3.4
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kNetbiosName = 32;  // RFC 1001 section 14.1: half a byte a letter

bool is_printable(std::uint8_t c) {
    return c > 0x20 && c < 0x7f;
}

bool is_class(std::uint16_t c) {  // RFC 6895 section 3.2
    return c == 1 || c == 3 || c == 4 || c == 254 || c == 255;
}

bool netbios_letters(Bytes label) {
    return label.size() == kNetbiosName &&
           std::all_of(label.begin(), label.end(),
                       [](std::uint8_t c) { return c >= 'A' && c <= 'P'; });
}

// What follows the header: one question, its name uncompressed and readable.
AppProto usual_question(Bytes in) {
    Cursor c(in);
    bool netbios = false;
    std::size_t labels = 0;
    for (std::size_t length = c.u8(); length != 0; length = c.u8()) {
        if (length > kMaxLabel || c.offset() + length >= kMaxWireName) {
            return AppProto::kNone;
        }
        const Bytes label = c.take(std::min(length, c.remaining()));
        if (!std::all_of(label.begin(), label.end(), is_printable)) {
            return AppProto::kNone;
        }
        netbios = netbios || (labels == 0 && netbios_letters(label));
        ++labels;
        if (label.size() < length) {
            return AppProto::kUnknown;
        }
    }
    const std::uint16_t type = c.be16().host();
    const std::uint16_t rr_class = c.be16().host();
    if (!c.ok()) {
        return AppProto::kUnknown;
    }
    return type != 0 && is_class(rr_class) && !netbios ? AppProto::kDns : AppProto::kNone;
}

bool usual_flags(const DnsHeader& h) {
    constexpr std::uint16_t kZ = 0x0040;
    constexpr std::uint8_t kMaxOpcode = 6;
    return h.opcode() <= kMaxOpcode && h.opcode() != 3 && (h.flags & kZ) == 0 &&
           (h.is_response() || h.rcode() == 0);
}

bool usual_header(const DnsHeader& h) {
    if (!usual_flags(h) || h.counts[0] != 1) {
        return false;
    }
    constexpr std::uint8_t kUpdate = 5;
    constexpr std::uint16_t kMaxAdditional = 4;
    return h.is_response() || h.opcode() == kUpdate ||
           (h.counts[1] <= 1 && h.counts[2] <= 1 && h.counts[3] <= kMaxAdditional);
}

// Suricata's test on port 53: the announced records fit, and the questions can be read.
bool readable_question(Bytes message) {
    Cursor c(message.subspan(kDnsHeaderSize));
    for (std::size_t steps = 0; steps <= DnsMessage::kMaxSteps; ++steps) {
        const std::uint8_t length = c.u8();
        if (length == 0 || !c.ok()) {
            return true;
        }
        if (length > kMaxLabel) {
            const std::size_t here = kDnsHeaderSize + c.offset() - 1;
            const bool pointer = length >= 0xc0;
            const std::size_t to = (length & 0x3fU) * 256U + c.u8();
            return pointer && to <= message.size() && to != here;
        }
        c.skip(length);
    }
    return false;
}

}  // namespace

AppProto dns_in_datagram(Bytes payload, bool dns_port) {
    DnsHeader header;
    if (!DnsMessage::read_header(payload, header) ||
        !DnsMessage::plausible(header, payload.size())) {
        return AppProto::kNone;
    }
    if (dns_port) {
        return readable_question(payload) ? AppProto::kDns : AppProto::kNone;
    }
    return usual_header(header) && usual_question(payload.subspan(kDnsHeaderSize)) == AppProto::kDns
               ? AppProto::kDns
               : AppProto::kNone;
}

AppProto dns_in_stream(Direction sender, Bytes first, bool dns_port) {
    // One byte at a time for the header, so that what cannot be DNS is let go at once.
    constexpr std::size_t kFlagsEnd = 5;
    Cursor c(first);
    const std::size_t length = c.be16().host();
    if (first.size() < 2) {
        return AppProto::kUnknown;
    }
    if (length < kDnsHeaderSize) {
        return AppProto::kNone;
    }
    if (first.size() >= kFlagsEnd &&
        ((first[kFlagsEnd - 1] & 0x80U) != 0) != (sender == Direction::kToClient)) {
        return AppProto::kNone;
    }
    DnsHeader header;
    if (!DnsMessage::read_header(c.rest(), header)) {
        const bool odd = first.size() > kFlagsEnd && !usual_flags(header);
        return odd && !dns_port ? AppProto::kNone : AppProto::kUnknown;
    }
    if (!DnsMessage::plausible(header, length)) {
        return AppProto::kNone;
    }
    if (dns_port) {
        return AppProto::kDns;
    }
    const Bytes message = first.subspan(2, std::min(length, first.size() - 2));
    if (!usual_header(header)) {
        return AppProto::kNone;
    }
    const AppProto p = usual_question(message.subspan(kDnsHeaderSize));
    return p == AppProto::kUnknown && message.size() == length ? AppProto::kNone : p;
}

}  // namespace sluice::app
