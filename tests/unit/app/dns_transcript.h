// SPDX-License-Identifier: Apache-2.0
// A stand-in for the stream stage and for UDP that feeds AppStage, checks what holds for every
// point of DNS, and collects what each message showed. The same bytes must give the same list
// however they were cut. Single thread.
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

struct DnsShown {
    Direction direction = Direction::kToServer;
    std::uint64_t tx_id = 0;
    std::map<BufferId, std::vector<std::string>> buffers;  // all instances of each

    std::vector<std::string> get(BufferId b) const {
        const auto at = buffers.find(b);
        return at == buffers.end() ? std::vector<std::string>() : at->second;
    }

    friend bool operator==(const DnsShown&, const DnsShown&) = default;
};

class DnsTalk {
  public:
    explicit DnsTalk(app::AppStage& stage, std::uint16_t server_port = 53);
    ~DnsTalk();
    DnsTalk(const DnsTalk&) = delete;
    DnsTalk& operator=(const DnsTalk&) = delete;

    // TCP: one chunk of fresh bytes; 'lost' bytes before them were never seen.
    void send(Direction d, std::string_view bytes, bool end = false, std::size_t lost = 0);
    // The same in pieces.
    void send_cut(Direction d, std::string_view bytes, std::size_t piece);

    // UDP: one datagram.
    void datagram(Direction d, std::string_view payload);

    const std::vector<DnsShown>& shown() const { return shown_; }

    // Of one direction.
    std::vector<DnsShown> shown(Direction d) const;

    const flow::Flow& flow() const { return flow_; }

    std::uint64_t counted(packet::Reason r) const { return counters_[static_cast<std::size_t>(r)]; }

    // What broke an invariant; empty if nothing did.
    const std::string& broken() const { return broken_; }

  private:
    void read_points();
    void read(const app::InspectionPoint& point);
    void check(bool ok, const char* what);

    static constexpr std::size_t kHistory = 1024;

    app::AppStage& stage_;
    LoneFlow flow_memory_;
    flow::Flow& flow_ = *flow_memory_;
    packet::ReasonCounters counters_{};
    std::array<std::string, 2> sent_;
    std::array<std::uint64_t, 2> kept_from_{};
    std::vector<DnsShown> shown_;
    std::string broken_;
};

std::string to_text(const std::vector<DnsShown>& shown);

}  // namespace sluice::test
