// SPDX-License-Identifier: Apache-2.0
// EVE: one EventRecord as one JSON line in the shape of Suricata's eve.json, so that tools which
// read that read us. The record comes from a worker and holds facts and indices; rule text is
// looked up in the model of the snapshot that the record names. Borrows everything for the call,
// owns nothing. Exporter thread or replay; allocates.
#pragma once

#include "dataplane/abi/event.h"
#include "signatures/bundle/model.h"

#include <span>
#include <string>
#include <string_view>

namespace sluice::exporter {

// What the record cannot say by itself.
struct EveContext {
    const bundle::Model* model =
        nullptr;  // null: the snapshot is gone; the rule's text is left out
    std::span<const std::string> interfaces = {};  // by port id; a port beyond it has no in_iface
    std::string_view packet_source = "wire/pcap";  // pkt_src
};

// Appends one line with its newline; for a DNS message one per question.
void append_eve_json(const abi::EventRecord& event, const EveContext& context, std::string& out);

// One line without its newline. 'model' may be null.
std::string to_eve_json(const abi::EventRecord& event, const bundle::Model* model);

// "2026-11-22T04:46:44.123456+0000": UTC, microseconds.
std::string eve_timestamp(std::int64_t unix_ns);

// "tcp" as EVE names it in app_proto: "http", "tls", ..., "failed" for kNone, "unknown".
std::string_view eve_app_proto(AppProto proto);

}  // namespace sluice::exporter
