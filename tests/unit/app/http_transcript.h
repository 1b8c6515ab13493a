// SPDX-License-Identifier: Apache-2.0
// A stand-in for the stream stage, and a reader of inspection points: feeds byte vectors to
// AppStage cut as told, checks at every point what holds for all (window contents, offsets, masks),
// and collects what each transaction's buffers held in the end. Two transcripts of the same bytes
// must be equal however they were cut. Single thread.
#pragma once

#include "dataplane/app/app_stage.h"
#include "tests/support/lone_flow.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct Message {
    Direction direction = Direction::kToServer;
    std::uint64_t tx_id = 0;
    bool ended = false;
    std::map<BufferId, std::string> buffers;  // bodies too; absent: not present
    BufferMask resolved;
    bool stray = false;  // a body without headers
    bool reopened = false;
    std::uint64_t base = 0;  // where in the body its positions start again
    // Files of a form stand in 'buffers' one after the other with a '|' in between, like their
    // names.
    std::uint64_t file_base = 0;
    bool file_closed = false;

    bool has(BufferId b) const { return buffers.count(b) != 0; }

    std::string get(BufferId b) const { return has(b) ? buffers.at(b) : std::string("<absent>"); }

    friend bool operator==(const Message&, const Message&) = default;
};

struct Transcript {
    std::array<std::vector<Message>, 2> messages;  // by direction
    AppProto app = AppProto::kUnknown;

    const std::vector<Message>& requests() const { return messages[0]; }

    const std::vector<Message>& responses() const { return messages[1]; }

    friend bool operator==(const Transcript&, const Transcript&) = default;
};

class Conversation {
  public:
    explicit Conversation(app::AppStage& stage, std::size_t history = 16 * 1024);
    ~Conversation();
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    // One chunk of fresh bytes.
    void send(Direction d, std::string_view bytes, bool end = false);
    // The same, cut into pieces of 'piece' bytes.
    void send_cut(Direction d, std::string_view bytes, std::size_t piece, bool end = false);
    // Bytes that are never seen come before these.
    void send_after_gap(Direction d, std::size_t lost, std::string_view bytes);

    const Transcript& transcript() const { return transcript_; }

    flow::Flow& flow() { return flow_; }

    // Sum over all reasons, and one of them.
    std::uint64_t counted() const;

    std::uint64_t counted(packet::Reason r) const { return counters_[static_cast<std::size_t>(r)]; }

    std::uint64_t points() const { return points_; }

    // What broke an invariant of points; empty if nothing did.
    const std::string& broken() const { return broken_; }

  private:
    void run(const stream::StreamChunk& chunk);
    bool next(app::InspectionPoint& point);
    void read(const app::InspectionPoint& point);
    void reopen(const app::InspectionPoint& p, Message& m);
    void read_buffer(const app::InspectionPoint& point, BufferId id, Message& m);
    void read_file_name(const app::BufferView& v, bool fresh, Message& m);
    void read_body(const app::BufferView& v, std::uint64_t base, std::string& body);
    void read_file(const app::InspectionPoint& point, Message& m);
    void check(bool ok, const char* what);

    app::AppStage& stage_;
    LoneFlow flow_memory_;
    flow::Flow& flow_ = *flow_memory_;
    packet::ReasonCounters counters_{};
    std::size_t history_;
    std::array<std::string, 2> sent_;  // kept from kept_from_ on
    std::array<std::uint64_t, 2> kept_from_{};
    Transcript transcript_;
    std::array<bool, 2> anew_{};  // by direction: transactions are counted from 0 again
    std::uint64_t points_ = 0;
    std::string broken_;
};

// Everything of both sides in one piece each, in the order given by 'client_first', then the end of
// both.
Transcript whole(app::AppStage& stage, std::string_view client, std::string_view server);

// Sizes for tests: little memory, all limits reachable.
app::AppConfig small_config();

std::string to_text(const Transcript& t);

}  // namespace sluice::test
