// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/tagger.h"

#include "dataplane/base/hash.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sluice::verdict {
namespace {

std::uint64_t owner_of(const packet::IpAddr& a) {
    Cursor c{Bytes(a.bytes)};
    const std::uint64_t h = mix64(c.le64());
    return mix64(h ^ c.le64());
}

std::uint64_t owner_of(const flow::Flow& f) {
    return mix64(f.rest().flow_id);
}

std::uint32_t identity_of(const bundle::Rule& rule) {
    return static_cast<std::uint32_t>(mix64(std::uint64_t{rule.gid} << 32 | rule.sid));
}

std::uint32_t second_of(Nanos wall) {
    return static_cast<std::uint32_t>(wall.count / seconds(1).count);
}

}  // namespace

std::shared_ptr<TagTable> make_host_tags(std::uint64_t seed) {
    return std::make_shared<TagTable>(kHostTagEntries, seed, kHostTagIdle);
}

Tagger::Tagger(std::size_t flow_entries, std::shared_ptr<TagTable> hosts)
    : flows_(flow_entries, 0, 0), hosts_(hosts != nullptr ? std::move(hosts) : make_host_tags(0)) {}

void Tagger::ask(const bundle::Rule& rule, const packet::IpAddr& src, const packet::IpAddr& dst,
                 const flow::Flow* flow) {
    for (const bundle::Tag& tag : rule.tags) {
        const bool session = tag.scope == bundle::TagScope::kSession;
        if (session && flow == nullptr) {
            continue;
        }
        const packet::IpAddr& host = tag.scope == bundle::TagScope::kSource ? src : dst;
        const TagKey key{session ? owner_of(*flow) : owner_of(host), identity_of(rule)};
        const auto end = asked_.begin() + static_cast<std::ptrdiff_t>(asked_count_);
        const bool again =  // on another transaction, or the hosts are one
            std::any_of(asked_.begin(), end, [&key](const Asked& a) { return a.key == key; });
        if (again) {
            continue;
        }
        if (asked_count_ == kMaxAsked) {
            ++lost_;
            continue;
        }
        asked_[asked_count_++] = {key, tag};
    }
}

// Tags that are there already begin anew, before the packet is counted for them.
void Tagger::renew_asked(std::uint32_t now) {
    std::size_t left = 0;
    for (std::size_t i = 0; i < asked_count_; ++i) {
        if (!table_of(asked_[i].tag).renew(asked_[i].key, now)) {
            asked_[left++] = asked_[i];
        }
    }
    asked_count_ = left;
}

void Tagger::add_asked(std::uint32_t bytes, std::uint32_t now) {
    for (std::size_t i = 0; i < asked_count_; ++i) {
        const auto& [key, tag] = asked_[i];
        if (!table_of(tag).add(key, tag, bytes, now)) {
            ++lost_;
        }
    }
    asked_count_ = 0;
}

bool Tagger::account(const packet::Packet& p) {
    if (asked_count_ == 0 && flows_.empty() && hosts_->empty()) [[likely]] {
        return false;
    }
    const std::uint32_t now = second_of(p.wall);
    renew_asked(now);
    bool tagged =
        p.flow != nullptr && !flows_.empty() && flows_.count(owner_of(*p.flow), p.len, now);
    if (!hosts_->empty()) {
        tagged = hosts_->count(owner_of(p.src), p.len, now) || tagged;
        tagged = hosts_->count(owner_of(p.dst), p.len, now) || tagged;
    }
    add_asked(p.len, now);
    return tagged;
}

void Tagger::settle(Nanos wall) {
    if (asked_count_ == 0) [[likely]] {
        return;
    }
    renew_asked(second_of(wall));
    add_asked(0, second_of(wall));
}

void Tagger::forget(const flow::Flow& flow) {
    if (!flows_.empty()) {
        flows_.forget(owner_of(flow));
    }
}

}  // namespace sluice::verdict
