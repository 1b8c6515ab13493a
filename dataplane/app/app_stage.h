// SPDX-License-Identifier: Apache-2.0
// AppStage: from in-order stream bytes, or single datagrams, to named buffers. begin() takes one
// piece, next() is called until it is false; each true is one InspectionPoint whose views are valid
// until the next call into this object (but for summary()). Knows which parser serves which
// protocol: a row of Parsers, below. All memory is taken at construction; when it runs out, the
// flow goes on as a raw stream and a reason is counted. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/dns.h"
#include "dataplane/app/ftp.h"
#include "dataplane/app/ftp_state.h"
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_state.h"
#include "dataplane/app/served.h"
#include "dataplane/app/smtp.h"
#include "dataplane/app/smtp_state.h"
#include "dataplane/app/ssh.h"
#include "dataplane/app/tls.h"
#include "dataplane/app/tls_state.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::app {

class AppStage {
  public:
    explicit AppStage(const AppConfig& config);

    // Decides flow.app while it is kUnknown. 'reasons' must outlive the calls of next() for this
    // chunk.
    void begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // The payload of one datagram of a UDP flow. REQUIRES: datagram.flow
    // Of DNS: who asks is the client, whoever was seen first, so flow and datagram may change
    // direction.
    void begin(packet::Packet& datagram, packet::ReasonCounters& reasons);

    // Whether begin() would do anything with the flow's next datagram.
    static bool wants_datagrams(const flow::Flow& flow) {
        return flow.app == AppProto::kUnknown || flow.app_state() != flow::kNoIndex;
    }

    bool next(InspectionPoint& point);

    // If the fresh bytes of the chunk that was begun, before next(), are all body of a message as
    // sent: how far into the stream that body began.
    std::optional<std::uint64_t> plain_body() const {
        return active_ != nullptr && active_->app == AppProto::kHttp1
                   ? parsers_.get<HttpRow>().parser.plain_body()
                   : std::nullopt;
    }

    // Whether another protocol began inside the one before with the last next(): what transactions
    // were is over, their numbers start again.
    bool take_anew() {
        const bool was = anew_;
        anew_ = false;
        return was;
    }

    // The flow ends: gives back what it holds. To be called before the entry is used for another
    // flow.
    void release(flow::Flow& flow);

    // Another connection begins in the same flow: it may speak another protocol.
    void restart(flow::Flow& flow);

    // Facts about the transaction at hand in this direction; empty for flows that are not HTTP.
    HttpSummary summary(const flow::Flow& flow, Direction direction) const;

    // Whether the response to HTTP transaction 'tx_id' is over, so that nothing more will be told
    // of it.
    bool http_answered(const flow::Flow& flow, std::uint64_t tx_id) const;

    // Facts about the handshake; empty for flows that are not TLS.
    TlsSummary tls_summary(const flow::Flow& flow) const;

    // Once for each handshake: when all that an event tells of it is there.
    bool take_tls_event(const flow::Flow& flow);

    // The DNS message of the last point, or nothing; valid like its views.
    Bytes dns_message() const;

    // For tests and statistics.
    std::uint32_t flows_in_use() const {
        std::uint32_t n = 0;
        parsers_.each([&](const auto& row) { n += row.states.in_use(); });
        return n;
    }

    std::uint32_t decoders_in_use() const {
        return parsers_.get<HttpRow>().parser.decoders().in_use();
    }

    std::size_t slabs_in_use() const {
        std::size_t n = 0;
        parsers_.each([&](const auto& row) { n += row.parser.arena().in_use(); });
        return n;
    }

  private:
    using HttpRow = Served<Http1, HttpFlow, AppProto::kHttp1, &AppConfig::http_flows,
                           packet::Reason::http_store_full>;
    using TlsRow =
        Served<Tls, TlsFlow, AppProto::kTls, &AppConfig::tls_flows, packet::Reason::tls_store_full>;
    using SshRow =
        Served<Ssh, SshFlow, AppProto::kSsh, &AppConfig::ssh_flows, packet::Reason::ssh_store_full>;
    using DnsRow =
        Served<Dns, DnsFlow, AppProto::kDns, &AppConfig::dns_flows, packet::Reason::dns_store_full>;
    using SmtpRow = Served<Smtp, SmtpFlow, AppProto::kSmtp, &AppConfig::smtp_flows,
                           packet::Reason::smtp_store_full>;
    using FtpRow =
        Served<Ftp, FtpFlow, AppProto::kFtp, &AppConfig::ftp_flows, packet::Reason::ftp_store_full>;
    using FtpDataRow = Served<FtpData, FtpDataFlow, AppProto::kFtpData, &AppConfig::ftp_data_flows,
                              packet::Reason::ftp_store_full>;
    // The busiest first.
    using Parsers = ParserTable<HttpRow, TlsRow, DnsRow, SmtpRow, SshRow, FtpRow, FtpDataRow>;

    // Which parser has a flow's state; in the upper bits of Flow::app_state, as Flow::app says
    // kNone when a parser gave up.
    struct Slot {
        std::uint32_t parser = kNoParser;  // a row of Parsers
        std::uint32_t index = 0;
    };

    // As flow::kNoIndex reads.
    static constexpr std::uint32_t kNoParser = flow::kNoIndex >> kStateIndexBits;
    // No state but the number of messages, instead of an index.
    static constexpr std::uint32_t kDnsDatagrams = kNoParser - 1;
    static_assert(Parsers::kSize < kDnsDatagrams);

    static Slot slot_of(const flow::Flow& flow);
    // HTTP in a tunnel through HTTP behind STARTTLS, and so on: what is inside so many is not
    // recognised.
    static constexpr std::uint8_t kMaxDepth = 8;

    // Where one protocol ended and another is to be recognised.
    struct Seam {
        Handover handover;
        std::array<std::uint64_t, 2> from{};  // offsets of the first bytes behind it
        std::uint8_t depth = 0;
        stream::StreamChunk chunk;  // the parser's last
    };

    void hand_on(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);
    void decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);
    template <typename Row>
    bool next_of(Row& row, InspectionPoint& point);
    bool next_dns_datagram(InspectionPoint& point);

    // app_anew.cc: another protocol begins behind the one before
    static bool between(const flow::Flow& flow);
    bool hands_over(const flow::Flow& flow);
    Seam seam_of(const flow::Flow& flow);
    bool enter_next();
    void decide_anew(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);
    void settle(flow::Flow& flow, AppProto next, const Seam& seam, packet::ReasonCounters& reasons);
    void begin_behind(flow::Flow& flow, AppProto next, const Seam& seam,
                      packet::ReasonCounters& reasons);

    bool expected(flow::Flow& flow, packet::ReasonCounters& reasons);
    void open(flow::Flow& flow, packet::ReasonCounters& reasons);
    static void put(flow::Flow& flow, Slot slot);
    static void orient(packet::Packet& datagram, bool first);
    void retire();
    void free_state(flow::Flow& flow);

    Parsers parsers_;
    flow::Flow* active_ = nullptr;  // of the piece at hand, if a parser has it
    packet::ReasonCounters* reasons_ = nullptr;
    bool anew_ = false;
    flow::Flow* retiring_ = nullptr;  // needs no parser any more, but views may still be looked at
};

}  // namespace sluice::app
