// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/ftp_expect.h"

#include "dataplane/base/hash.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

// As Suricata's.
constexpr Nanos kValid = seconds(30);

}  // namespace

FtpExpectations::FtpExpectations() : entries_(kBuckets * kWays) {}

// Four to a bucket: an outsider who fills one makes the transfers of his own hosts unknown.
std::size_t FtpExpectations::bucket_of(const flow::FlowKey& key) const {
    std::array<std::uint64_t, 2> client{};
    std::array<std::uint64_t, 2> server{};
    static_assert(sizeof(key.client) == sizeof(client));
    std::memcpy(client.data(), &key.client, sizeof(client));
    std::memcpy(server.data(), &key.server, sizeof(server));
    return mix64(client[0] + 3 * client[1] + 5 * server[0] + 7 * server[1] + key.server_port) %
           kBuckets;
}

bool FtpExpectations::add(const flow::Flow& control, bool active, std::uint16_t port,
                          FtpTransfer transfer, Bytes name) {
    Entry entry;
    entry.key = control.key();
    if (active) {
        std::swap(entry.key.client, entry.key.server);
    }
    entry.key.client_port = 0;
    entry.key.server_port = port;
    entry.until = control.last_seen + kValid;
    entry.transfer = transfer;
    entry.name.set(name);
    Entry* const bucket = &entries_[bucket_of(entry.key) * kWays];
    Entry* oldest = bucket;
    for (Entry* e = bucket; e != bucket + kWays; ++e) {
        if (e->transfer == FtpTransfer::kNone || e->key == entry.key) {
            oldest = e;
            break;
        }
        oldest = e->until < oldest->until ? e : oldest;
    }
    const bool free = oldest->transfer == FtpTransfer::kNone;
    const bool kept = free || oldest->key == entry.key || oldest->until < control.last_seen;
    count_ += free ? 1 : 0;
    *oldest = entry;
    return kept;
}

void FtpExpectations::clear_next(Nanos now) {
    Entry* const bucket = &entries_[next_ * kWays];
    next_ = (next_ + 1) % kBuckets;
    for (Entry* e = bucket; e != bucket + kWays; ++e) {
        if (e->transfer != FtpTransfer::kNone && e->until < now) {
            *e = Entry{};
            --count_;
        }
    }
}

FtpTransfer FtpExpectations::take(const flow::Flow& data, FtpFileName& name) {
    clear_next(data.last_seen);
    flow::FlowKey key = data.key();
    key.client_port = 0;
    Entry* const bucket = &entries_[bucket_of(key) * kWays];
    for (Entry* e = bucket; e != bucket + kWays; ++e) {
        if (e->transfer != FtpTransfer::kNone && e->key == key) {
            const FtpTransfer transfer =
                e->until < data.last_seen ? FtpTransfer::kNone : e->transfer;
            name = e->name;
            *e = Entry{};
            --count_;
            return transfer;
        }
    }
    return FtpTransfer::kNone;
}

}  // namespace sluice::app
