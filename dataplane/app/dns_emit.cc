// SPDX-License-Identifier: Apache-2.0
// What a message shows: its buffers in one point.
#include "dataplane/app/dns.h"

namespace sluice::app {
namespace {

using packet::Reason;

constexpr BufferMask kDnsBuffers = mask_of(BufferId::kDnsQuery) | mask_of(BufferId::kDnsQueryName) |
                                   mask_of(BufferId::kDnsAnswerName) |
                                   mask_of(BufferId::kDnsOpcode) | mask_of(BufferId::kDnsRcode) |
                                   mask_of(BufferId::kDnsRrtype);

}  // namespace

// One that is damaged beyond use takes no transaction number and shows nothing but its events.
void Dns::read_message(InspectionPoint& point) {
    const DnsFault fault = message_.parse(message_bytes_);
    count_faults(fault);
    readable_ = fault != DnsFault::kHeader && fault != DnsFault::kQuestions;
    if (readable_ && state_ != nullptr) {
        ++state_->next_tx;
    }
    instance_count_ = 0;
    number_count_ = 0;
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = chunk_.direction;
    point.tx_id = tx_id_;
    point.tx_start = true;
    point.tx_end = true;
    point.buffers = &views_;
    point.resolved = kDnsBuffers;
    event_views_.show(oddities(fault), true, point, views_[index_of(BufferId::kAppEvents)]);
    if (!readable_) {
        return;
    }
    const DnsHeader& header = message_.header();
    show_names(DnsSection::kQuestion, BufferId::kDnsQueryName, point);
    if (!header.is_response() && point.present.has(BufferId::kDnsQueryName)) {
        views_[index_of(BufferId::kDnsQuery)] = point.view(BufferId::kDnsQueryName);
        point.present |= mask_of(BufferId::kDnsQuery);
    }
    show_names(DnsSection::kAnswer, BufferId::kDnsAnswerName, point);
    show_types(point);
    show_number(BufferId::kDnsOpcode, header.opcode(), point);
    show_number(BufferId::kDnsRcode, header.rcode(), point);
    point.fresh = point.present;
}

AppEventSet Dns::oddities(DnsFault fault) const {
    AppEventSet events;
    const auto note = [&](bool odd, AppEvent e) {
        if (odd) {
            events.add(e);
        }
    };
    const bool up = chunk_.direction == Direction::kToServer;
    note(fault != DnsFault::kNone && fault != DnsFault::kLimit, AppEvent::dns_malformed_data);
    note(message_.name_looped(), AppEvent::dns_infinite_loop);
    note(message_.name_looped(), AppEvent::dns_too_many_labels);
    note(message_.name_too_long(), AppEvent::dns_name_too_long);
    if (fault == DnsFault::kHeader) {
        return events;
    }
    constexpr std::uint16_t kZ = 0x0040;
    constexpr std::uint8_t kFirstUnknownOpcode = 7;
    const DnsHeader& header = message_.header();
    note((header.flags & kZ) != 0, AppEvent::dns_z_flag_set);
    note(header.opcode() >= kFirstUnknownOpcode, AppEvent::dns_invalid_opcode);
    note(up && header.is_response(), AppEvent::dns_not_request);
    note(!up && !header.is_response(), AppEvent::dns_not_response);
    return events;
}

void Dns::count_faults(DnsFault fault) {
    switch (fault) {
        case DnsFault::kNone:
            break;
        case DnsFault::kLimit:
            count(Reason::dns_limit);
            break;
        case DnsFault::kRecords:
        case DnsFault::kQuestions:
        case DnsFault::kHeader:
            count(Reason::dns_malformed);
            break;
    }
    if (message_.name_looped()) {
        count(Reason::dns_name_loop);
    }
    if (message_.name_too_long()) {
        count(Reason::dns_name_too_long);
    }
}

// The instances of a buffer are those since 'first_instance'. None: the buffer is absent.
void Dns::show(BufferId id, std::size_t first_instance, InspectionPoint& point) {
    const std::size_t count = instance_count_ - first_instance;
    if (count == 0) {
        return;
    }
    BufferView& view = views_[index_of(id)];
    view = {};
    view.bytes = instances_[first_instance];
    view.fresh = static_cast<std::uint32_t>(view.bytes.size());
    view.complete = true;
    view.more = {instances_.get() + first_instance + 1, count - 1};
    point.present |= mask_of(id);
}

// The name of the root is empty, and no buffer.
void Dns::show_names(DnsSection section, BufferId id, InspectionPoint& point) {
    const std::size_t first = instance_count_;
    for (const DnsRecord& r : message_.section(section)) {
        if (!r.name.empty()) {
            instances_[instance_count_++] = r.name;
        }
    }
    show(id, first, point);
}

void Dns::show_types(InspectionPoint& point) {
    const std::size_t first = instance_count_;
    for (const DnsSection s : {DnsSection::kQuestion, DnsSection::kAnswer}) {
        for (const DnsRecord& r : message_.section(s)) {
            instances_[instance_count_++] = stored(r.type);
        }
    }
    show(BufferId::kDnsRrtype, first, point);
}

void Dns::show_number(BufferId id, std::uint16_t value, InspectionPoint& point) {
    const std::size_t first = instance_count_;
    instances_[instance_count_++] = stored(value);
    show(id, first, point);
}

Bytes Dns::stored(std::uint16_t value) {
    Number& n = numbers_[number_count_++];
    n = {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value & 0xffU)};
    return n;
}

}  // namespace sluice::app
