// SPDX-License-Identifier: Apache-2.0
// Bytes -> tunnels in each other, each perhaps in fragments, around one datagram, through whole
// pipelines: tap, inline, and inline with a rule that drops. Undamaged and not too deep, the
// datagram is found, exactly once, and the frame that completes it is the one that is dropped.
// Damaged, or any bytes at all: every frame is accounted for, none is changed, nothing stays
// behind. Input: see main function. Pipelines are used again once they are empty.
#include "dataplane/pipeline/pipeline.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace sluice;
using test::Frame;
using test::PacketBuilder;

constexpr std::uint16_t kPort = 7777;  // of the datagram, and of no tunnel
constexpr std::string_view kMark = "what the rule looks for";
constexpr std::size_t kMaxFrames = 16;
constexpr std::size_t kMaxTunnels = 6;
constexpr std::size_t kInspectedTunnels = 4;  // DecodeConfig::max_tunnel_depth
constexpr std::size_t kEthernet = 14;

enum class Kind : std::uint8_t {
    kIp,
    kGre,
    kGreAll,
    kGreEthernet,
    kVxlan,
    kGeneve,
    kGtpu,
    kTeredo
};

constexpr std::size_t kKinds = 8;

bool is_v6(const Frame& f) {
    return f[kEthernet] >> 4 == 6;
}

Frame wrap(const Frame& inner, Kind kind, bool over_v6) {
    const bool v6 = is_v6(inner);
    const std::uint8_t high = v6 ? 0x86 : 0x08;
    const std::uint8_t low = v6 ? 0xdd : 0x00;
    const std::size_t ip_size = inner.size() - kEthernet;
    PacketBuilder b;
    over_v6 ? b.ipv6("2001:db8:f::1", "2001:db8:f::2") : b.ipv4("192.0.2.1", "192.0.2.2");
    Frame payload;
    std::size_t skip = kEthernet;
    switch (kind) {
        case Kind::kTeredo:
            if (v6) {
                b.udp(50003, 3544);
                break;
            }
            [[fallthrough]];  // it carries nothing else
        case Kind::kIp:
            b.ip_proto(v6 ? 41 : 4);
            break;
        case Kind::kGre:
            b.ip_proto(47);
            payload = {0, 0, high, low};
            break;
        case Kind::kGreAll:
            b.ip_proto(47);
            payload = {0xb0, 0, high, low, 1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9};
            break;
        case Kind::kGreEthernet:
            b.ip_proto(47);
            payload = {0x20, 0, 0x65, 0x58, 0, 0, 0, 7};
            skip = 0;
            break;
        case Kind::kVxlan:
            b.udp(50001, 4789);
            payload = {8, 0, 0, 0, 0, 0, 7, 0};
            skip = 0;
            break;
        case Kind::kGeneve:
            b.udp(50002, 6081);
            payload = {2, 0, high, low, 0, 0, 9, 0, 1, 2, 3, 1, 0, 0, 0, 0};
            break;
        case Kind::kGtpu:
            b.udp(2152, 2152);
            payload = {0x30,
                       255,
                       static_cast<std::uint8_t>(ip_size >> 8),
                       static_cast<std::uint8_t>(ip_size),
                       0,
                       0,
                       0,
                       1};
            break;
    }
    payload.insert(payload.end(), inner.begin() + static_cast<std::ptrdiff_t>(skip), inner.end());
    return b.payload(Bytes(payload)).build();
}

// Into two fragments where that is possible.
void cut(std::vector<Frame>& frames, std::uint8_t where, bool backward, std::uint32_t& id) {
    std::vector<Frame> out;
    for (const Frame& f : frames) {
        const std::size_t size = test::ip_payload_size(f);
        const std::size_t middle = std::size_t{8} * (1 + where % 64);
        const bool is_fragment =
            is_v6(f) ? f[kEthernet + 6] == 44 : ((f[kEthernet + 6] & 0x3f) | f[kEthernet + 7]) != 0;
        if (is_fragment || middle >= size) {
            out.push_back(f);
            continue;
        }
        out.push_back(test::fragment_of(f, 0, middle, ++id));
        out.push_back(test::fragment_of(f, middle, size, id));
        if (backward) {
            std::swap(out[out.size() - 1], out[out.size() - 2]);
        }
    }
    frames = out;
}

struct Input {
    std::vector<Frame> frames;
    std::size_t tunnels = 0;
    bool damaged = false;
};

Input nested(Cursor& in, bool v6) {
    Input input;
    PacketBuilder b;
    v6 ? b.ipv6("2001:db8::1", "2001:db8::2") : b.ipv4("10.0.0.1", "10.0.0.2");
    const std::size_t before = in.u8();
    const std::string text = std::string(before, '.') + std::string(kMark);
    input.frames = {b.udp(4000, kPort).payload(text).build()};
    std::uint32_t id = 0;
    for (std::size_t n = in.u8() % (kMaxTunnels + 1);;) {
        const std::uint8_t how = in.u8();
        const std::uint8_t where = in.u8();
        if ((how & 0x80) != 0 && input.frames.size() < kMaxFrames) {
            cut(input.frames, where, (how & 0x40) != 0, id);
        }
        if (n-- == 0) {
            break;
        }
        ++input.tunnels;
        for (Frame& f : input.frames) {
            f = wrap(f, static_cast<Kind>(how % kKinds), (how & 0x20) != 0);
        }
    }
    while (in.remaining() >= 4) {
        Frame& f = input.frames[in.u8() % input.frames.size()];
        const std::size_t at = in.be16().host() % f.size();
        f[at] ^= in.u8();
        input.damaged = true;
    }
    return input;
}

Input raw(Cursor& in) {
    Input input;
    input.damaged = true;
    while (in.remaining() != 0 && input.frames.size() < kMaxFrames) {
        const std::size_t wanted = in.le16();
        const Bytes bytes = in.take(std::min(wanted, in.remaining()));
        input.frames.emplace_back(bytes.begin(), bytes.end());
    }
    return input;
}

class Box {
  public:
    Box(const test::LoadedRules& rules, bool inline_mode)
        : inline_mode_(inline_mode), ring_(256), pipeline_(config(inline_mode), ring_) {
        pipeline_.install(*rules.ruleset, *rules.scratch);
    }

    struct Result {
        std::vector<bool> dropped;
        int alerts = 0;
        bool too_deep = false;
    };

    Result run(const std::vector<Frame>& frames) {
        Result result;
        const std::uint64_t deep = count(packet::Reason::tunnel_depth);
        for (const Frame& f : frames) {
            result.dropped.push_back(one(f));
        }
        pipeline_.end_all(now());
        SLUICE_CHECK(pipeline_.flows().stats().active == 0);
        clock_ = clock_ + seconds(1000);
        pipeline_.expire(now(), 1024);
        SLUICE_CHECK(pipeline_.fragments().stats().datagrams == 0);
        SLUICE_CHECK(pipeline_.fragments().stats().blocks == 0);
        SLUICE_CHECK(pipeline_.streams().stats().streams == 0);
        abi::EventRecord e;
        while (ring_.pop(e)) {
            result.alerts += e.type == abi::EventType::kAlert ? 1 : 0;
        }
        result.too_deep = count(packet::Reason::tunnel_depth) != deep;
        return result;
    }

  private:
    static pipeline::PipelineConfig config(bool inline_mode) {
        pipeline::PipelineConfig c =
            inline_mode ? pipeline::inline_config() : pipeline::tap_config();
        c.defrag.max_datagrams = 64;
        c.defrag.store_bytes = std::size_t{1} << 18;
        c.flow.max_flows = 256;
        c.stream.arena_bytes = std::size_t{1} << 20;
        c.stream.copy_store_bytes = std::size_t{1} << 18;
        c.stream.max_streams = 64;
        c.stream.max_held_segments = 256;
        c.app.http_flows = 64;
        c.app.inflate_states = 4;
        c.app.slabs = {64, 32, 8, 4, 2};
        c.verdict.threshold_entries = 64;
        return c;
    }

    Now now() const { return {clock_, clock_}; }

    std::uint64_t count(packet::Reason r) const {
        return pipeline_.reasons()[static_cast<std::size_t>(r)];
    }

    bool one(const Frame& original) {
        Frame frame = original;  // of exact size, so that ASan guards both ends
        batch_.clear();
        packet::Packet& p = batch_.add();
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        pipeline_.process(batch_, now());
        pipeline_.out().clear();
        SLUICE_CHECK(pipeline_.stats().packets ==
                     pipeline_.stats().forwarded + pipeline_.stats().dropped);
        SLUICE_CHECK(inline_mode_ || !p.dropped());
        // Only the header of TCP on the wire itself is ever rewritten.
        SLUICE_CHECK(frame == original || (inline_mode_ && p.ip_proto == packet::kProtoTcp));
        return p.dropped();
    }

    bool inline_mode_;
    abi::EventRing ring_;
    pipeline::Pipeline pipeline_;
    packet::Batch batch_;
    Nanos clock_ = seconds(1);
};

std::string rule(const char* action) {
    return std::string(action) + " udp any any -> any " + std::to_string(kPort) +
           " (msg:\"m\"; content:\"" + std::string(kMark) + "\"; sid:1;)\n";
}

struct Boxes {
    test::LoadedRules alerting = test::load_rules(rule("alert"));
    test::LoadedRules dropping = test::load_rules(rule("drop"));
    Box tap{alerting, false};
    Box inline_box{alerting, true};
    Box blocking{dropping, true};
};

void check(const Input& input, Boxes& boxes) {
    const Box::Result tap = boxes.tap.run(input.frames);
    const Box::Result passed = boxes.inline_box.run(input.frames);
    const Box::Result blocked = boxes.blocking.run(input.frames);
    if (input.damaged) {
        return;
    }
    const bool deep = input.tunnels > kInspectedTunnels;
    for (const Box::Result& r : {tap, passed, blocked}) {
        SLUICE_CHECK(r.too_deep == deep);
        SLUICE_CHECK(r.alerts == (deep ? 0 : 1));
    }
    for (std::size_t i = 0; i < input.frames.size(); ++i) {
        SLUICE_CHECK(!passed.dropped[i]);
        SLUICE_CHECK(blocked.dropped[i] == (!deep && i + 1 == input.frames.size()));
    }
}

}  // namespace

// First byte: 0, frames behind their lengths (two bytes, little-endian); else bit 0: the datagram
// is IPv6. Then bytes before the mark, number of tunnels; per layer, from within: how (bits 0-2
// kind, 5 over IPv6, 6 later fragment first, 7 cut what is inside), where to cut; then damage:
// frame, offset (two bytes), bits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto boxes = std::make_unique<Boxes>();
    Cursor in(Bytes(data, size));
    const std::uint8_t choice = in.u8();
    check(choice == 0 ? raw(in) : nested(in, (choice & 1) != 0), *boxes);
    return 0;
}
