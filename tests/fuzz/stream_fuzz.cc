// SPDX-License-Identifier: Apache-2.0
// Bytes -> TCP segments of one connection, in any order and with any flags, over little memory.
// TcpConversation aborts when a chunk contradicts the stream so far; here: memory is given back and
// every byte is accounted for.
#include "tests/support/tcp_conversation.h"

namespace {

using namespace sluice;

stream::StreamConfig fuzz_config(std::uint8_t choice) {
    stream::StreamConfig c;
    c.inline_mode = (choice & 1) != 0;
    c.midstream = (choice & 2) != 0;
    const packet::ExceptionPolicy policy =
        (choice & 4) != 0 ? packet::ExceptionPolicy::kDrop : packet::ExceptionPolicy::kPass;
    c.exceptions.set(packet::ExceptionCause::copy_store, policy);
    c.exceptions.set(packet::ExceptionCause::window_full,
                     (choice & 20) != 0 ? policy : packet::ExceptionPolicy::kBypass);
    c.window = (choice & 8) != 0 ? 256 : 16 * 1024;
    c.arena_bytes = (choice & 16) != 0 ? 1 : std::size_t{1} << 20;
    c.copy_store_bytes = (choice & 32) != 0 ? 4096 : std::size_t{1} << 20;
    c.max_held_per_stream = (choice & 64) != 0 ? 3 : 64;
    c.max_streams = (choice & 128) != 0 ? 1 : 8;
    c.max_held_segments = 128;
    return c;
}

// Two input bytes choose a payload out of this text, so that equal offsets may carry equal or other
// bytes.
std::string_view payload_of(std::uint32_t offset, std::uint8_t size_code) {
    static const std::string text = [] {
        std::string s;
        for (std::uint32_t i = 0; i < 200'000; ++i) {
            s += static_cast<char>((i * 2654435761U) >> 24);
        }
        return s;
    }();
    const std::size_t size = size_code < 0x80 ? size_code : (std::size_t{size_code} - 0x7f) * 500;
    return std::string_view(text).substr(offset % 100'000, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Cursor in(Bytes(data, size));
    const stream::StreamConfig config = fuzz_config(in.u8());
    stream::StreamStage stage(config);
    test::TcpConversation tcp(stage, config);
    tcp.expect_full_history = false;
    std::array<std::uint32_t, 2> isn = {1000, 5000};
    if ((in.u8() & 1) != 0) {
        isn = {0xfffffff0, 0xffff8000};
    }
    for (int n = 0; n < 400 && in.remaining() >= 8; ++n) {
        const std::uint8_t control = in.u8();
        const auto d = (control & 1) != 0 ? Direction::kToClient : Direction::kToServer;
        const std::uint32_t offset = in.be16().host() * ((control & 2) != 0 ? 16U : 1U);
        const std::uint32_t ack = in.be16().host();
        const std::uint8_t flags = in.u8();
        const std::uint8_t size_code = in.u8();
        const std::uint8_t other = in.u8();
        tcp.now = tcp.now + seconds((control >> 4) & 1) + seconds((control >> 2) & 8);
        tcp.send({.direction = d,
                  .seq = isn[index_of(d)] + offset,
                  .ack = isn[index_of(opposite(d))] + ack,
                  .flags = flags,
                  .payload = payload_of((control & 8) != 0 ? offset + other : offset, size_code),
                  .window = static_cast<std::uint16_t>(0xffff >> (other & 7)),
                  .wscale = static_cast<std::int8_t>((other >> 3) - 1),
                  .ts = (other & 0x40) != 0 ? std::optional<std::uint32_t>(offset ^ other)
                                            : std::nullopt});
        SLUICE_CHECK(stage.stats().held_bytes <= config.copy_store_bytes);
        SLUICE_CHECK(stage.stats().streams <= config.max_streams);
    }
    tcp.end(Direction::kToServer);
    tcp.end(Direction::kToClient);
    stage.release(tcp.flow);
    SLUICE_CHECK(stage.stats().streams == 0);
    SLUICE_CHECK(stage.stats().held_bytes == 0);
    SLUICE_CHECK(stage.stats().syn_data_flows == 0);
    return 0;
}
