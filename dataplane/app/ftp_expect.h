// SPDX-License-Identifier: Apache-2.0
// FtpExpectations: data connections that control connections announced (PORT, PASV and their like)
// and that have not come yet, by the two hosts and the port that is connected to. A table of fixed
// size, taken at construction. What is not fetched in time makes room, and goes: each look clears
// one more bucket, so that soon after the last announcement no flow is looked for any more. The
// control connection and its data connections have the same pair of addresses, so the same worker
// has both. One worker thread.
#pragma once

#include "dataplane/app/ftp_state.h"
#include "dataplane/base/time.h"
#include "dataplane/flow/flow.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::app {

class FtpExpectations {
  public:
    FtpExpectations();

    // A connection between the ends of 'control', to 'port' of its client ('active') or its server.
    // False: an older one, still valid, had to go.
    bool add(const flow::Flow& control, bool active, std::uint16_t port, FtpTransfer transfer,
             Bytes name);

    // What was announced for this new connection, which takes it out; kNone: nothing was. 'name' is
    // set to that of the file.
    FtpTransfer take(const flow::Flow& data, FtpFileName& name);

    // False: nothing can be found.
    bool any() const { return count_ != 0; }

    std::size_t size() const { return count_; }

  private:
    struct Entry {
        flow::FlowKey key;  // ends of the data connection; the client's port is 0
        Nanos until;
        FtpTransfer transfer = FtpTransfer::kNone;
        FtpFileName name;
    };

    static constexpr std::size_t kWays = 4;
    static constexpr std::size_t kBuckets = 512;

    std::size_t bucket_of(const flow::FlowKey& key) const;
    void clear_next(Nanos now);

    std::vector<Entry> entries_;
    std::size_t count_ = 0;
    std::size_t next_ = 0;  // bucket to clear of what is too old
};

}  // namespace sluice::app
