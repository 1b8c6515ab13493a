// SPDX-License-Identifier: Apache-2.0
// ExtensionChain: the one walk along IPv6 extension headers (RFC 8200 section 4), for whoever needs
// to know what is behind them. Bounded: the chain by kMaxExtensionHeaders, each header by the bytes
// given. Borrows the bytes. Any thread.
//   ExtensionChain chain(next_header, bytes);
//   while (chain.step() == ChainStep::kHeader) { look(chain.kind(), chain.header()); }
#pragma once

#include "dataplane/base/cursor.h"

#include <cstddef>
#include <cstdint>

namespace sluice::packet {

inline constexpr std::uint8_t kExtHopByHop = 0;
inline constexpr std::uint8_t kExtRouting = 43;
inline constexpr std::uint8_t kExtFragment = 44;
inline constexpr std::uint8_t kExtAuthentication = 51;
inline constexpr std::uint8_t kExtDestinationOptions = 60;

// Longer chains than this have no honest use; each header is at least 8 bytes of work for one
// packet.
inline constexpr int kMaxExtensionHeaders = 8;

constexpr bool is_extension_header(std::uint8_t kind) {
    return kind == kExtHopByHop || kind == kExtRouting || kind == kExtFragment ||
           kind == kExtAuthentication || kind == kExtDestinationOptions;
}

enum class ChainStep : std::uint8_t {
    kHeader,     // kind() and header() are of one more extension header
    kEnd,        // protocol() is none, and begins at rest()
    kCut,        // the bytes end inside a header
    kMalformed,  // too many headers, or one that may only come first
};

class ExtensionChain {
  public:
    ExtensionChain(std::uint8_t first, Bytes bytes) : rest_(bytes), protocol_(first) {}

    ChainStep step() {
        constexpr std::size_t kShortest = 8;
        if (!is_extension_header(protocol_)) {
            return ChainStep::kEnd;
        }
        if (seen_ == kMaxExtensionHeaders || (protocol_ == kExtHopByHop && seen_ != 0)) {
            return ChainStep::kMalformed;
        }
        if (rest_.size() < kShortest) {
            return ChainStep::kCut;
        }
        const std::size_t length = length_of(protocol_, rest_[1]);
        if (length > rest_.size()) {
            return ChainStep::kCut;
        }
        ++seen_;
        kind_ = protocol_;
        header_ = rest_.first(length);
        protocol_ = header_[0];
        rest_ = rest_.subspan(length);
        return ChainStep::kHeader;
    }

    std::uint8_t kind() const { return kind_; }

    Bytes header() const { return header_; }

    // What follows the headers taken so far.
    std::uint8_t protocol() const { return protocol_; }

    Bytes rest() const { return rest_; }

  private:
    static constexpr std::size_t length_of(std::uint8_t kind, std::uint8_t field) {
        switch (kind) {
            case kExtFragment:
                return 8;
            case kExtAuthentication:  // RFC 4302 section 2.2: in 4-byte words, less two
                return (std::size_t{field} + 2) * 4;
            default:
                return (std::size_t{field} + 1) * 8;
        }
    }

    Bytes rest_;
    Bytes header_;
    int seen_ = 0;
    std::uint8_t protocol_;
    std::uint8_t kind_ = 0;
};

}  // namespace sluice::packet
