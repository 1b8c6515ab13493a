// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/app/http_transcript.h"

#include <algorithm>
#include <numeric>

namespace sluice::test {
namespace {

std::string text_of(Bytes b) {
    return {b.begin(), b.end()};
}

// Buffers that are there several times: a line each.
std::string text_of(const app::BufferView& v) {
    std::string out = text_of(v.bytes);
    for (const Bytes& other : v.more) {
        out += "\n" + text_of(other);
    }
    return out;
}

bool is_of_response(BufferId id) {
    return is_response_buffer(id) || id == BufferId::kHttpResponseHeaderEach ||
           id == BufferId::kFileNameToClient;
}

}  // namespace

Conversation::Conversation(app::AppStage& stage, std::size_t history)
    : stage_(stage), history_(history) {}

Conversation::~Conversation() {
    stage_.release(flow_);
}

void Conversation::send(Direction d, std::string_view bytes, bool end) {
    std::string& sent = sent_[index_of(d)];
    std::uint64_t& from = kept_from_[index_of(d)];
    if (sent.size() > history_) {
        from += sent.size() - history_;
        sent.erase(0, sent.size() - history_);
    }
    sent.append(bytes);
    // A copy of exact size, so that a sanitizer sees every step beyond it.
    const std::vector<std::uint8_t> window(sent.begin(), sent.end());
    stream::StreamChunk chunk;
    chunk.flow = &flow_;
    chunk.direction = d;
    chunk.window = window;
    chunk.fresh = static_cast<std::uint32_t>(bytes.size());
    chunk.offset = from;
    chunk.end = end;
    run(chunk);
}

void Conversation::send_cut(Direction d, std::string_view bytes, std::size_t piece, bool end) {
    for (std::size_t pos = 0; pos < bytes.size(); pos += piece) {
        send(d, bytes.substr(pos, piece), end && pos + piece >= bytes.size());
    }
    if (bytes.empty() && end) {
        send(d, bytes, true);
    }
}

void Conversation::send_after_gap(Direction d, std::size_t lost, std::string_view bytes) {
    kept_from_[index_of(d)] += sent_[index_of(d)].size() + lost;
    sent_[index_of(d)] = bytes;
    const std::vector<std::uint8_t> window(bytes.begin(), bytes.end());
    stream::StreamChunk chunk;
    chunk.flow = &flow_;
    chunk.direction = d;
    chunk.window = window;
    chunk.fresh = static_cast<std::uint32_t>(bytes.size());
    chunk.offset = kept_from_[index_of(d)];
    chunk.gap = true;
    run(chunk);
}

void Conversation::run(const stream::StreamChunk& chunk) {
    stage_.begin(chunk, counters_);
    app::InspectionPoint point;
    // Compressed bytes may become a thousand times as many.
    const std::size_t limit = 4 * chunk.window.size() + 4096;
    std::size_t n = 0;
    while (next(point)) {
        if (flow_.app != AppProto::kHttp1 && flow_.app != AppProto::kNone) {
            continue;  // the bytes were another protocol's, which promises other things
        }
        read(point);
        check(++n < limit, "too many points for one chunk");
        if (n >= limit) {
            break;
        }
    }
    transcript_.app = flow_.app;
}

bool Conversation::next(app::InspectionPoint& point) {
    const bool shown = stage_.next(point);
    if (stage_.take_anew()) {
        anew_ = {true, true};
    }
    return shown;
}

void Conversation::read(const app::InspectionPoint& p) {
    ++points_;
    check(p.flow == &flow_, "flow");
    check((p.fresh & ~p.present).empty(), "fresh within present");
    check((p.present & ~p.resolved).empty(), "what is present is resolved");
    check(!p.fresh.empty() || p.tx_end, "a point without news");
    std::vector<Message>& list = transcript_.messages[index_of(p.direction)];
    const bool open = !list.empty() && !list.back().ended;
    check(p.tx_start == !open, "tx_start opens a transaction");
    const bool stray =
        (p.present & ~app::body_buffers(p.direction) & ~mask_of(BufferId::kAppEvents)).empty();
    const bool anew = anew_[index_of(p.direction)];
    anew_[index_of(p.direction)] = false;
    if (p.tx_start && stray && !list.empty() && !anew && p.tx_id == list.back().tx_id) {
        reopen(p, list.back());
    } else if (p.tx_start) {
        // Stray bytes before a response take no number.
        check(anew || list.empty() || p.tx_id > list.back().tx_id ||
                  (p.tx_id == list.back().tx_id && list.back().stray),
              "transactions count up");
        list.emplace_back();
        list.back().direction = p.direction;
        list.back().tx_id = p.tx_id;
        list.back().stray = stray;
    }
    if (list.empty()) {
        return;
    }
    Message& m = list.back();
    check(p.tx_id == m.tx_id, "tx_id");
    check((m.resolved & ~p.resolved).empty(), "resolved only grows");
    for (std::size_t i = 0; i < kBufferCount; ++i) {
        const auto id = static_cast<BufferId>(i);
        if (p.has(id)) {
            check(id == BufferId::kAppEvents ||
                      is_of_response(id) == (p.direction == Direction::kToClient),
                  "buffer of the other direction");
            read_buffer(p, id, m);
        } else {
            check(!m.has(id) || m.reopened, "a buffer vanished");
        }
    }
    m.resolved = p.resolved;
    m.ended = p.tx_end;
}

// Stray bytes of a server belong to the body of its last message, whose headers are gone.
void Conversation::reopen(const app::InspectionPoint& p, Message& m) {
    check(p.direction == Direction::kToClient, "a request was opened again");
    m.reopened = true;
    m.ended = false;
    const std::string& body = m.buffers[BufferId::kHttpResponseBody];
    const app::BufferView& v = p.view(BufferId::kHttpResponseBody);
    // A body that was decoded is not in the stream: positions start again.
    const bool goes_on = v.offset + v.bytes.size() - v.fresh == body.size();
    m.base = goes_on ? 0 : body.size();
}

void Conversation::read_buffer(const app::InspectionPoint& p, BufferId id, Message& m) {
    const app::BufferView& v = p.view(id);
    const std::string bytes = text_of(v);
    const bool fresh = p.fresh.has(id);
    if (id == BufferId::kAppEvents) {
        const bool more = !m.has(id) || m.buffers[id] != bytes;
        check(fresh == more || (fresh && p.tx_start), "events are fresh when there are more");
        m.buffers[id] = bytes;
        return;
    }
    if (id == BufferId::kFileNameToServer) {
        read_file_name(v, fresh, m);
        return;
    }
    if (id == BufferId::kFileDataToServer) {
        read_file(p, m);
        return;
    }
    if (!is_streaming_buffer(id)) {
        check(v.complete && v.offset == 0, "header buffers are complete");
        check(m.has(id) != fresh, "header buffers are fresh once");
        check(!m.has(id) || m.buffers[id] == bytes, "header buffers do not change");
        check(!m.resolved.has(id) || m.has(id), "absent for good, but came");
        m.buffers[id] = bytes;
        return;
    }
    check(v.complete == p.tx_end, "bodies are complete at the end");
    std::string& body = m.buffers[id];
    if (fresh) {
        read_body(v, m.base, body);
    }
}

void Conversation::read_body(const app::BufferView& v, std::uint64_t base, std::string& body) {
    const std::string bytes = text_of(v);
    const std::uint64_t offset = base + v.offset;
    check(v.fresh <= v.bytes.size() && offset + v.bytes.size() - v.fresh == body.size(),
          "body offset");
    if (v.fresh > v.bytes.size() || offset > body.size()) {
        return;
    }
    check(body.compare(offset, std::string::npos, bytes, 0, bytes.size() - v.fresh) == 0,
          "body history");
    body.append(bytes, bytes.size() - v.fresh, v.fresh);
}

// The whole body, or one file of several.
void Conversation::read_file(const app::InspectionPoint& p, Message& m) {
    const app::BufferView& v = p.view(BufferId::kFileDataToServer);
    check(v.complete || !p.tx_end, "files are complete at the end");
    check(!v.complete || p.tx_end || v.again, "other files may follow a complete one");
    const bool first = !m.has(BufferId::kFileDataToServer);
    std::string& body = m.buffers[BufferId::kFileDataToServer];
    if (!p.fresh.has(BufferId::kFileDataToServer)) {
        check(!first, "a file is fresh at first");
        return;
    }
    if (m.file_closed) {
        check(p.fresh.has(BufferId::kFileNameToServer), "a file comes with its name");
        body += '|';
        m.file_base = body.size();
    }
    read_body(v, m.file_base, body);
    m.file_closed = v.complete;
}

void Conversation::read_file_name(const app::BufferView& v, bool fresh, Message& m) {
    const bool first = !m.has(BufferId::kFileNameToServer);
    check(v.complete && v.offset == 0, "names are complete");
    std::string& names = m.buffers[BufferId::kFileNameToServer];
    check(fresh || !first, "a name is fresh at first");
    check(fresh || names.ends_with(text_of(v)), "names do not change");
    if (fresh) {
        names += (first ? "" : "|") + text_of(v);
    }
}

void Conversation::check(bool ok, const char* what) {
    if (!ok && broken_.empty()) {
        broken_ = std::string(what) + " at point " + std::to_string(points_);
    }
}

std::uint64_t Conversation::counted() const {
    return std::accumulate(counters_.begin(), counters_.end(), std::uint64_t{0});
}

Transcript whole(app::AppStage& stage, std::string_view client, std::string_view server) {
    Conversation c(stage);
    c.send(Direction::kToServer, client);
    c.send(Direction::kToClient, server);
    c.send(Direction::kToServer, "", true);
    c.send(Direction::kToClient, "", true);
    return c.transcript();
}

app::AppConfig small_config() {
    app::AppConfig config;
    config.http_flows = 8;
    config.slabs = {16, 16, 16, 8, 4};
    return config;
}

std::string to_text(const Transcript& t) {
    std::string out = "app " + std::to_string(static_cast<int>(t.app)) + "\n";
    for (const auto& list : t.messages) {
        for (const Message& m : list) {
            out += (m.direction == Direction::kToServer ? "> tx " : "< tx ") +
                   std::to_string(m.tx_id) + (m.ended ? " ended\n" : " open\n");
            for (const auto& [id, bytes] : m.buffers) {
                out += "  " + std::to_string(index_of(id)) + " [" + std::to_string(bytes.size()) +
                       "] " + bytes.substr(0, 200) + "\n";
            }
        }
    }
    return out;
}

}  // namespace sluice::test
