// SPDX-License-Identifier: Apache-2.0
// Tagger: the keyword tag for one worker. Rules that match ask for the packets after theirs
// (ask()); when a packet was judged, account() counts it for the tags of its flow and of both its
// hosts and says whether it is to be told. Flows are the worker's own, hosts are those of all
// workers, since their flows are spread over them. No allocation after construction. One worker
// thread.
#pragma once

#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/verdict/tag_table.h"
#include "signatures/bundle/model.h"

#include <array>
#include <cstdint>
#include <memory>

namespace sluice::verdict {

// Suricata's TAG_MAX_LAST_TIME_SEEN: a host that is silent for longer is no longer followed.
inline constexpr std::uint32_t kHostTagIdle = 600;

inline constexpr std::size_t kHostTagEntries = 65536;

// One for all workers. 'seed' keeps outsiders from aiming at one group.
std::shared_ptr<TagTable> make_host_tags(std::uint64_t seed);

class Tagger {
  public:
    static constexpr std::size_t kMaxAsked = 64;  // tags that one packet's matches ask for

    // 'hosts' null: a table of its own. REQUIRES: flow_entries as TagTable's entries
    Tagger(std::size_t flow_entries, std::shared_ptr<TagTable> hosts);

    // A rule with tags matched, between these ends; 'flow' may be null.
    void ask(const bundle::Rule& rule, const packet::IpAddr& src, const packet::IpAddr& dst,
             const flow::Flow* flow);

    // The packet was judged. True: it is to be told.
    bool account(const packet::Packet& packet);

    // What was asked for where there is no packet to count.
    void settle(Nanos wall);

    void forget(const flow::Flow& flow);

    // Tags that had no room, or gave way.
    std::uint64_t lost() const { return lost_; }

  private:
    struct Asked {
        TagKey key;
        bundle::Tag tag;
    };

    TagTable& table_of(const bundle::Tag& tag) {
        return tag.scope == bundle::TagScope::kSession ? flows_ : *hosts_;
    }

    void renew_asked(std::uint32_t now);
    void add_asked(std::uint32_t bytes, std::uint32_t now);

    TagTable flows_;
    std::shared_ptr<TagTable> hosts_;
    std::array<Asked, kMaxAsked> asked_;
    std::size_t asked_count_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace sluice::verdict
