// SPDX-License-Identifier: Apache-2.0
// Bodies as files: which part of a body is one, and what it is called, as Suricata 7 says.
#include "dataplane/app/disposition.h"
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::app {
namespace {

using packet::Reason;

bool is(Bytes method, std::string_view name) {
    return method.size() == name.size() &&
           std::memcmp(method.data(), name.data(), name.size()) == 0;
}

}  // namespace

FormData& Http1::form() const {
    void* first = arena_.bytes(half_->form).data();
    return *std::launder(static_cast<FormData*>(first));
}

// A request with a body begins. False: no memory.
bool Http1::start_file() {
    static_assert(sizeof(FormData) <= SlabArena::kSizes[1]);
    HttpHalf& h = *half_;
    const Bytes method = stored_text(h, BufferId::kHttpMethod);
    if (!is(method, "POST")) {
        h.file = is(method, "PUT") ? FileKind::kBody : FileKind::kNone;
        return true;
    }
    const Bytes boundary = boundary_of(stored_text(h, BufferId::kHttpRequestContentType));
    if (!FormData::usable(boundary)) {
        h.file = FileKind::kBody;
        return true;
    }
    h.file = FileKind::kForm;
    h.form = arena_.take(sizeof(FormData));
    if (h.form == kNoSlab) {
        return false;
    }
    new (arena_.bytes(h.form).data()) FormData(boundary);
    return true;
}

// Reads the new bytes of the body. Returns whether the message ends with the point to be made now:
// 'end', unless another file begins.
bool Http1::read_form(bool end) {
    const FormData::Stop stop = form().read(unread_form());
    note_form();
    form_owes_ = stop == FormData::Stop::kNextFile;
    owed_end_ = end;
    if (stop == FormData::Stop::kTooLong) {
        if (half_->state != HalfState::kOff) {
            (void)damaged(Reason::http_header_limit);
        }
        done_ = true;
        return true;
    }
    if (end && !form_owes_) {
        form().end();
    }
    return end && !form_owes_;
}

void Http1::note_form() {
    if (form().invalid_header()) [[unlikely]] {
        half_->events.add(AppEvent::http_multipart_invalid_header);
    }
    if (form().no_file_data()) [[unlikely]] {
        half_->events.add(AppEvent::http_multipart_no_filedata);
    }
}

// What the windows have of the body at hand.
BufferView Http1::body_window() const {
    const HttpHalf& h = *half_;
    if (h.copied_body) {
        const Bytes window =
            h.body == kNoSlab ? Bytes{} : Bytes(arena_.bytes(h.body)).first(h.body_size);
        return {window, h.body_total - window.size()};
    }
    const std::uint64_t stop = h.body_start + h.body_total;
    const std::uint64_t from = std::min(std::max(h.body_start, chunk_.offset), stop);
    if (from < chunk_.offset) {
        return {{}, h.body_total};
    }
    const Bytes window = chunk_.window.subspan(static_cast<std::size_t>(from - chunk_.offset),
                                               static_cast<std::size_t>(stop - from));
    return {window, from - h.body_start};
}

Bytes Http1::unread_form() const {
    const BufferView body = body_window();
    const std::uint64_t skip = form().position() - std::min(form().position(), body.offset);
    return body.bytes.subspan(
        static_cast<std::size_t>(std::min<std::uint64_t>(skip, body.bytes.size())));
}

// REQUIRES: there is a body
void Http1::show_body(InspectionPoint& point, bool end) {
    const HttpHalf& h = *half_;
    const bool up = chunk_.direction == Direction::kToServer;
    const BufferId body = up ? BufferId::kHttpRequestBody : BufferId::kHttpResponseBody;
    const BufferId file = up ? BufferId::kFileDataToServer : BufferId::kFileDataToClient;
    const BufferId name_id = up ? BufferId::kFileNameToServer : BufferId::kFileNameToClient;
    BufferMask shown = mask_of(body);
    views_[index_of(body)] = body_view(end);
    if (h.file == FileKind::kBody) {
        shown |= mask_of(file);
        views_[index_of(file)] = views_[index_of(body)];
    }
    point.fresh |= new_body_ != 0 || end ? shown : BufferMask{};
    if (h.file == FileKind::kForm) {
        show_form(point, end);
    } else {
        point.resolved |= mask_of(file) | mask_of(name_id);
    }
    const Bytes name = h.file == FileKind::kBody ? file_name(h) : Bytes{};
    if (name.data() != nullptr) {
        views_[index_of(name_id)] = {name, 0, static_cast<std::uint32_t>(name.size()), true};
        shown |= mask_of(name_id);
        point.fresh |= h.file_named ? BufferMask{} : mask_of(name_id);
        half_->file_named = true;
    }
    point.present |= shown;
    point.resolved |= shown;
}

// The file at hand, or the last one.
void Http1::show_form(InspectionPoint& point, bool end) {
    FormData& f = form();
    const FormData::File& file = f.file();
    if (!file.any) {
        return;
    }
    const BufferView body = body_window();
    const std::uint64_t from = std::clamp(body.offset, file.begin, file.end);
    const bool here = from >= body.offset;
    const Bytes bytes = here ? body.bytes.subspan(static_cast<std::size_t>(from - body.offset),
                                                  static_cast<std::size_t>(file.end - from))
                             : Bytes{};
    const std::uint64_t fresh = std::min<std::uint64_t>(file.end - file.seen, bytes.size());
    const BufferMask data = mask_of(BufferId::kFileDataToServer);
    const BufferMask name = mask_of(BufferId::kFileNameToServer);
    views_[index_of(BufferId::kFileDataToServer)] = {bytes,
                                                     file.end - file.begin - bytes.size(),
                                                     static_cast<std::uint32_t>(fresh),
                                                     file.ended,
                                                     {},
                                                     !end};
    views_[index_of(BufferId::kFileNameToServer)] = {
        f.file_name(), 0, static_cast<std::uint32_t>(f.file_name().size()), true, {}, !end};
    point.present |= data | name;
    point.resolved |= data | name;
    point.fresh |= file.named ? BufferMask{} : data | name;
    point.fresh |= fresh != 0 || file.closed != file.ended ? data : BufferMask{};
    f.shown();
}

// Null: not known.
Bytes Http1::file_name(const HttpHalf& half) const {
    if (half.store == kNoSlab) {
        return {};
    }
    const MutableBytes slab = arena_.bytes(half.store);
    const StoredMessage& m = stored(slab);
    return m.has_file_name ? slab.subspan(m.file_name.offset, m.file_name.length) : Bytes{};
}

// The path in the request that the response at hand answers; null unless that is the latest one.
Bytes Http1::asked_for() const {
    const HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    return half_ == &request || half_->tx_id != request.tx_id ? Bytes{} : file_name(request);
}

}  // namespace sluice::app
