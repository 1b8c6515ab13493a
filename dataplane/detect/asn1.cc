// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/asn1.h"

#include "dataplane/base/cursor.h"

#include <algorithm>
#include <array>
#include <limits>

namespace sluice::detect {
namespace {

constexpr std::size_t kMaxDepth = 64;     // of objects in each other
constexpr std::size_t kMaxObjects = 256;  // side by side at the top (Suricata's asn1-max-frames)

constexpr std::uint8_t kClassBits = 0xc0;  // 0: universal
constexpr std::uint8_t kConstructed = 0x20;
constexpr std::uint8_t kTagBits = 0x1f;
constexpr std::uint32_t kBitString = 3;
constexpr std::uint32_t kReal = 9;
constexpr std::size_t kDoubleRoom = 256;  // of the decoder that double_overflow is about

struct Header {
    std::uint8_t identifier = 0;
    std::uint32_t tag = 0;
    std::uint64_t length = 0;
    bool indefinite = false;

    bool constructed() const { return (identifier & kConstructed) != 0; }

    // Only objects of the universal class are known to contain objects.
    bool descends() const {
        return constructed() && (indefinite || (identifier & kClassBits) == 0);
    }

    bool primitive(std::uint32_t universal) const {
        return (identifier & (kClassBits | kConstructed)) == 0 && tag == universal;
    }
};

// X.690 sections 8.1.2 and 8.1.3. False: cut short or not BER; c.ok() tells which.
bool read_header(Cursor& c, Header& h) {
    h.identifier = c.u8();
    h.tag = h.identifier & kTagBits;
    if (h.tag == kTagBits) {
        h.tag = 0;
        std::uint8_t b = 0x80;
        for (int i = 0; (b & 0x80U) != 0; ++i) {
            b = c.u8();
            if (i == 4 || !c.ok()) {
                return false;
            }
            h.tag = (h.tag << 7) | (b & 0x7fU);
        }
    }
    const std::uint8_t first = c.u8();
    if (first < 0x80) {
        h.length = first;
        return c.ok();
    }
    h.indefinite = first == 0x80;
    const std::size_t bytes = first & 0x7fU;
    if (bytes > sizeof(h.length)) {
        return false;
    }
    for (std::size_t i = 0; i < bytes; ++i) {
        h.length = (h.length << 8) | c.u8();
    }
    return c.ok() && (!h.indefinite || h.constructed());
}

bool fits_check(const bundle::Item& item, const Header& h, Bytes content) {
    if ((item.mask & bundle::kAsn1Oversize) != 0 &&
        h.length > static_cast<std::uint64_t>(item.lo)) {
        return true;
    }
    if ((item.mask & bundle::kAsn1Bitstring) != 0 && h.primitive(kBitString) && !content.empty() &&
        content[0] > h.length * 8) {
        return true;
    }
    // Bits 8 and 7 of the first byte zero: decimal digits (X.690 section 8.5.8).
    return (item.mask & bundle::kAsn1Double) != 0 && h.primitive(kReal) && !content.empty() &&
           (content[0] & kClassBits) == 0 && h.length > kDoubleRoom;
}

enum class Walk : std::uint8_t { kWhole, kShort, kBad };

class Walker {
  public:
    Walker(const bundle::Item& item, Bytes bytes) : item_(item), cursor_(bytes) {}

    bool done() const { return cursor_.remaining() == 0; }

    bool hit() const { return hit_; }

    // One object with all that is in it. Only a whole one counts.
    Walk object() {
        do {
            close_ended();
            const Walk step = one();
            if (step != Walk::kWhole) {
                return step;
            }
            close_ended();
        } while (depth_ != 0);
        return Walk::kWhole;
    }

  private:
    // Where an object that contains others ends; 0: at the next end-of-contents.
    using End = std::size_t;

    Walk one() {
        Header h;
        if (!read_header(cursor_, h)) {
            return cursor_.ok() ? Walk::kBad : Walk::kShort;
        }
        const bool end_of_contents = h.identifier == 0 && h.length == 0;
        if (end_of_contents && depth_ != 0 && ends_[depth_ - 1] == kOpen) {
            --depth_;
            return Walk::kWhole;
        }
        if (!h.indefinite && h.length > room()) {
            return Walk::kBad;  // longer than what it lies in
        }
        if (!h.indefinite && h.length > cursor_.remaining()) {
            return Walk::kShort;
        }
        if (h.descends()) {
            hit_ = hit_ || fits_check(item_, h, {});
            return open(h.indefinite ? kOpen : cursor_.offset() + h.length);
        }
        const Bytes content = cursor_.take(static_cast<std::size_t>(h.length));
        hit_ = hit_ || fits_check(item_, h, content);
        return Walk::kWhole;
    }

    std::size_t innermost() const { return ends_[depth_ - 1]; }

    // Up to the end of the innermost object around that has one.
    std::size_t room() const {
        for (std::size_t d = depth_; d != 0; --d) {
            if (ends_[d - 1] != kOpen) {
                return ends_[d - 1] - std::min(ends_[d - 1], cursor_.offset());
            }
        }
        return std::numeric_limits<std::size_t>::max();
    }

    Walk open(End end) {
        if (depth_ == ends_.size()) {
            return Walk::kBad;
        }
        ends_[depth_++] = end;
        return Walk::kWhole;
    }

    void close_ended() {
        while (depth_ != 0 && innermost() != kOpen && cursor_.offset() >= innermost()) {
            --depth_;
        }
    }

    static constexpr End kOpen = 0;

    const bundle::Item& item_;
    Cursor cursor_;
    std::array<End, kMaxDepth> ends_{};
    std::size_t depth_ = 0;
    bool hit_ = false;
};

}  // namespace

StepOutcome check_asn1(const bundle::Item& item, const EvalView& view, std::int64_t pos) {
    const std::int64_t from =
        (item.flags & bundle::kRelative) != 0 ? pos + item.offset : std::int64_t{item.offset};
    if (from < view.base) {
        return StepOutcome::kFail;
    }
    if (from >= view.end()) {
        return view.complete ? StepOutcome::kFail : StepOutcome::kShort;
    }
    Walker walker(item, view.bytes.subspan(static_cast<std::size_t>(from - view.base)));
    for (std::size_t i = 0; i < kMaxObjects && !walker.done(); ++i) {
        const Walk w = walker.object();
        if (w == Walk::kShort) {
            return view.complete ? StepOutcome::kFail : StepOutcome::kShort;
        }
        if (w == Walk::kBad) {
            return StepOutcome::kFail;
        }
        if (walker.hit()) {
            return StepOutcome::kOk;
        }
    }
    return walker.done() && !view.complete ? StepOutcome::kShort : StepOutcome::kFail;
}

}  // namespace sluice::detect
