// SPDX-License-Identifier: Apache-2.0
// What TLS remembers of one connection between TCP segments, until the first encrypted record.
// Lives in AppStage's pool; the slabs belong to the parser's arena. Offsets are stream offsets of
// the direction. One worker thread.
#pragma once

#include "dataplane/app/event_views.h"
#include "dataplane/app/slab_arena.h"
#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"

#include <array>
#include <cstdint>

namespace sluice::app {

// What rules name by tls.* and ja3*, as far as it is kept. Certificates themselves are not: they
// are shown while their message is at hand.
inline constexpr std::array kTlsStored = {BufferId::kTlsSni,          BufferId::kTlsVersion,
                                          BufferId::kTlsState,        BufferId::kTlsRandom,
                                          BufferId::kTlsRandomTime,   BufferId::kTlsRandomBytes,
                                          BufferId::kTlsCertSubject,  BufferId::kTlsCertIssuer,
                                          BufferId::kTlsCertSerial,   BufferId::kTlsCertFingerprint,
                                          BufferId::kTlsCertChainLen, BufferId::kTlsCertNotBefore,
                                          BufferId::kTlsCertNotAfter, BufferId::kTlsCertValidity,
                                          BufferId::kJa3Hash,         BufferId::kJa3String,
                                          BufferId::kJa3sHash,        BufferId::kJa3sString,
                                          BufferId::kJa4Hash};

enum class TlsHalfState : std::uint8_t {
    kStart,       // nothing seen: SSL 2 or 3?
    kRecord,      // before a record
    kBody,        // in a record
    kSsl2Record,  // before a record of SSL 2
    kOff,         // nothing more to see: encrypted, damaged, a gap or the end
};

struct TlsHalf {
    struct Place {
        std::uint32_t offset = 0;  // in 'store'
        std::uint32_t length = 0;
    };

    std::uint64_t consumed = 0;     // next byte to parse
    std::uint32_t record_left = 0;  // bytes of the record's body
    std::uint32_t message_size = 0;
    std::uint32_t message_have = 0;  // bytes of the message passed
    Slab message = kNoSlab;          // the part of a message that arrived earlier
    Slab store = kNoSlab;
    std::uint32_t store_size = 0;
    std::uint32_t stored = 0;  // bit i: kTlsStored[i] is there
    std::array<Place, kTlsStored.size()> at{};
    std::array<std::uint8_t, 4> head{};  // of the message: type and length
    std::uint8_t head_have = 0;
    std::uint8_t record_type = 0;
    std::uint16_t record_version = 0;
    std::uint16_t version = 0;  // 0: not known
    TlsHalfState state = TlsHalfState::kStart;
    bool keep_message : 1 = false;    // it is of a kind that is read
    bool ciphered : 1 = false;        // ChangeCipherSpec: handshake records are encrypted from here
    bool leaves_ssl2 : 1 = false;     // a hello of SSL 2 that offers more
    bool hello : 1 = false;           // a hello was read
    bool hello_resolved : 1 = false;  // what a hello decides is decided
    bool cert_resolved : 1 = false;
    bool announced : 1 = false;  // a point was handed out
    bool ended : 1 = false;      // and the last one, too
};

struct TlsFlow {
    std::array<TlsHalf, 2> half;  // by direction of the sender
    bool retry = false;           // a HelloRetryRequest, not answered yet: hellos come again
    bool server_hello = false;
    bool server_without_cert = false;   // 1.3: the certificate is encrypted
    std::array<ShownEvents, 2> events;  // of both sides, as each was shown them
    bool told = false;                  // an event was made of it
    std::uint32_t next_free = flow::kNoIndex;
};

}  // namespace sluice::app
