// SPDX-License-Identifier: Apache-2.0
// DPDK's environment starts once per process, so the tests share it; each opens and closes devices
// of its own.
#include "dataplane/io/dpdk/device.h"

#include "dataplane/io/dpdk/eal.h"
#include "dataplane/io/dpdk/telemetry.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::io {
namespace {

namespace fs = std::filesystem;

class DeviceTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        std::string pattern = (fs::temp_directory_path() / "sluice-dpdk-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = new fs::path(pattern);
        EalConfig config;
        config.hugepages = HugepageUse::kOff;
        config.memory_mb = 128;
        config.file_prefix = "sluice-test-" + std::to_string(::getpid());
        config.runtime_dir = pattern;
        Result<std::unique_ptr<Eal>> started = Eal::start(config);
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        eal_ = started.value().release();
    }

    static void TearDownTestSuite() {
        delete eal_;
        fs::remove_all(*dir_);
        delete dir_;
    }

    static std::string path(const std::string& name) { return (*dir_ / name).string(); }

    static DeviceConfig config_of(const PortSpec& a, const PortSpec& b, std::uint16_t workers = 1) {
        DeviceConfig config;
        config.ports = {a, b};
        config.workers = workers;
        config.packet_buffers = 8191;
        return config;
    }

    static std::unique_ptr<Device> open(const DeviceConfig& config) {
        Result<std::unique_ptr<Device>> device = Device::open(config);
        EXPECT_TRUE(device.ok()) << (device.ok() ? "" : device.error().to_string());
        return device.ok() ? std::move(device.value()) : nullptr;
    }

    // A classic pcap file of Ethernet frames whose first byte is their number.
    static std::string write_capture(const std::string& name, std::size_t frames,
                                     std::size_t bytes = 60) {
        std::ofstream out(path(name), std::ios::binary);
        const auto put = [&out](std::uint32_t v, int n) {
            out.write(reinterpret_cast<const char*>(&v), n);
        };
        put(0xa1b2c3d4, 4);
        put(2, 2);
        put(4, 2);
        put(0, 4);
        put(0, 4);
        put(65535, 4);
        put(1, 4);
        for (std::size_t i = 0; i < frames; ++i) {
            put(static_cast<std::uint32_t>(i), 4);
            put(0, 4);
            put(static_cast<std::uint32_t>(bytes), 4);
            put(static_cast<std::uint32_t>(bytes), 4);
            std::string frame(bytes, 'x');
            frame[0] = static_cast<char>(i);
            out << frame;
        }
        return path(name);
    }

    // First bytes of the frames in a capture file.
    static std::vector<std::uint8_t> read_capture(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        std::vector<std::uint8_t> first;
        for (std::size_t at = 24; at + 16 < all.size();) {
            std::uint32_t length = 0;
            std::memcpy(&length, all.data() + at + 8, sizeof(length));
            first.push_back(static_cast<std::uint8_t>(all[at + 16]));
            at += 16 + length;
        }
        return first;
    }

    static inline fs::path* dir_ = nullptr;
    static inline Eal* eal_ = nullptr;
};

TEST_F(DeviceTest, CaptureInCaptureOutWithDrops) {
    const std::string in = write_capture("in.pcap", 200);
    const std::string quiet = write_capture("quiet.pcap", 0);
    std::uint64_t received = 0;
    {
        const auto device = open(config_of({PortDriver::kPcap, in, path("a-out.pcap"), "a"},
                                           {PortDriver::kPcap, quiet, path("b-out.pcap"), "b"}));
        ASSERT_NE(device, nullptr);
        EXPECT_TRUE(device->steers_flows());
        const auto io = device->io_for(0);
        packet::Batch batch;
        while (!io->exhausted()) {
            batch.clear();
            io->receive(batch);
            for (packet::Packet& p : batch) {
                EXPECT_EQ(p.len, 60U);
                EXPECT_EQ(p.in_port, PortId{0});
                EXPECT_EQ(p.number, ++received);
                EXPECT_GT(p.wall.count, 0);
                if (p.data[0] % 2 == 1) {
                    p.drop(packet::Reason::rule_drop);
                } else {
                    p.data[1] = 'y';
                }
            }
            io->finalize(batch);
        }
        const std::array<std::uint8_t, 60> reset = {0xee};
        EXPECT_TRUE(io->inject(PortId{0}, reset));
        EXPECT_FALSE(io->inject(PortId{7}, reset));
        EXPECT_EQ(device->counters()[0].rx_packets, 200U);
        EXPECT_EQ(device->counters()[1].tx_packets, 100U);
    }
    EXPECT_EQ(received, 200U);
    const std::vector<std::uint8_t> out = read_capture(path("b-out.pcap"));
    ASSERT_EQ(out.size(), 100U);
    for (std::size_t i = 0; i < out.size(); ++i) {
        EXPECT_EQ(out[i], 2 * i) << "order or choice";
    }
    EXPECT_EQ(read_capture(path("a-out.pcap")), std::vector<std::uint8_t>{0xee});
}

TEST_F(DeviceTest, RefusedForwardsAreDropsWithAReason) {
    const auto device =
        open(config_of({PortDriver::kNull, "", "", "a"}, {PortDriver::kRing, "", "", "b"}));
    ASSERT_NE(device, nullptr);
    const auto io = device->io_for(0);
    packet::Batch batch;
    std::uint64_t refused = 0;
    std::uint64_t sent = 0;
    // The ring loops back to us; frames that come from it go to null. Do not read it, so that it
    // fills.
    for (int i = 0; i < 4000 && refused == 0; ++i) {
        batch.clear();
        io->receive(batch);
        for (packet::Packet& p : batch) {
            if (p.in_port == PortId{1}) {
                p.in_port = PortId{0};  // send it round again
            }
        }
        io->finalize(batch);
        for (const packet::Packet& p : batch) {
            refused += p.reason == packet::Reason::tx_full ? 1U : 0U;
            sent += p.dropped() ? 0U : 1U;
        }
    }
    EXPECT_GT(refused, 0U);
    EXPECT_GT(sent, 0U);
}

TEST_F(DeviceTest, NoBufferIsEverLost) {
    // More packets than buffers: a leak of one in a hundred would run dry.
    const auto device =
        open(config_of({PortDriver::kNull, "", "", "a"}, {PortDriver::kNull, "", "", "b"}));
    ASSERT_NE(device, nullptr);
    const auto io = device->io_for(0);
    packet::Batch batch;
    std::uint64_t received = 0;
    for (int i = 0; i < 20000; ++i) {
        batch.clear();
        io->receive(batch);
        received += batch.size();
        for (std::size_t k = 0; k < batch.size(); k += 3) {
            batch[k].drop(packet::Reason::rule_drop);
        }
        io->finalize(batch);
        const std::array<std::uint8_t, 54> frame{};
        EXPECT_TRUE(io->inject(PortId{1}, frame));
    }
    EXPECT_EQ(received, 20000U * packet::kBatchSize);
}

TEST_F(DeviceTest, TwoWorkersGetQueuesOfTheirOwnWhereTheDeviceSpreadsFlows) {
    const auto device =
        open(config_of({PortDriver::kNull, "", "", "a"}, {PortDriver::kNull, "", "", "b"}, 2));
    ASSERT_NE(device, nullptr);
    EXPECT_TRUE(device->steers_flows()) << "net_null takes the key and says so";
    for (const std::uint16_t w : {std::uint16_t{0}, std::uint16_t{1}}) {
        const auto io = device->io_for(w);
        packet::Batch batch;
        io->receive(batch);
        EXPECT_EQ(batch.size(), packet::kBatchSize);
        io->finalize(batch);
    }
}

TEST_F(DeviceTest, TwoWorkersShareOutSegmentsWhereItDoesNot) {
    const std::string in = write_capture("in2.pcap", 10);
    const auto device =
        open(config_of({PortDriver::kPcap, in, "", "a"}, {PortDriver::kRing, "", "", "b"}, 2));
    ASSERT_NE(device, nullptr);
    EXPECT_FALSE(device->steers_flows());
    EXPECT_EQ(device->owner_of(PortId{1}), 0);
    packet::Batch batch;
    const auto other = device->io_for(1);
    other->receive(batch);
    EXPECT_EQ(batch.size(), 0U) << "worker 1 owns no port";
    const std::array<std::uint8_t, 54> frame{};
    EXPECT_FALSE(other->inject(PortId{0}, frame));
    const auto owner = device->io_for(0);
    owner->receive(batch);
    EXPECT_EQ(batch.size(), 10U);
    owner->finalize(batch);
}

TEST_F(DeviceTest, ErrorsNameThePortAndTheNextStep) {
    Result<std::unique_ptr<Device>> missing =
        Device::open(config_of({PortDriver::kAfPacket, "no-such-if", "", "af_packet:no-such-if"},
                               {PortDriver::kNull, "", "", "b"}));
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("no-such-if"), std::string::npos);
    EXPECT_NE(missing.error().hint.find("ip link"), std::string::npos);
    Result<std::unique_ptr<Device>> file =
        Device::open(config_of({PortDriver::kPcap, path("missing.pcap"), "", "pcap:missing"},
                               {PortDriver::kNull, "", "", "b"}));
    ASSERT_FALSE(file.ok());
    DeviceConfig hungry =
        config_of({PortDriver::kNull, "", "", "a"}, {PortDriver::kNull, "", "", "b"});
    hungry.packet_buffers = 1U << 22;
    Result<std::unique_ptr<Device>> memory = Device::open(hungry);
    ASSERT_FALSE(memory.ok());
    EXPECT_NE(memory.error().hint.find("memory_mb"), std::string::npos);
}

// Asks DPDK's telemetry socket as dpdk-telemetry.py does.
std::string ask_telemetry(const std::string& socket_path, const std::string& command) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path.c_str(), sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
    std::string answer;
    if (fd >= 0 &&
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
        std::array<char, 16384> buffer{};
        (void)::recv(fd, buffer.data(), buffer.size(), 0);  // greeting
        (void)::send(fd, command.data(), command.size(), 0);
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
        answer.assign(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    ::close(fd);
    return answer;
}

TEST_F(DeviceTest, TelemetryAnswersOurCommands) {
    std::string socket_path;
    for (const auto& entry : fs::recursive_directory_iterator(*dir_)) {
        if (entry.path().filename().string().starts_with("dpdk_telemetry")) {
            socket_path = entry.path().string();
        }
    }
    ASSERT_FALSE(socket_path.empty()) << "no telemetry socket below the runtime directory";
    {
        Telemetry telemetry({[] {
                                 return std::vector<TelemetryItem>{{"mode", 0, "inline"}};
                             },
                             [] {
                                 return std::vector<TelemetryItem>{{"packets", 7, ""}};
                             },
                             nullptr});
        EXPECT_NE(ask_telemetry(socket_path, "/sluice/stats").find("\"packets\":7"),
                  std::string::npos)
            << ask_telemetry(socket_path, "/sluice/stats");
        EXPECT_NE(ask_telemetry(socket_path, "/sluice/status").find("\"mode\":\"inline\""),
                  std::string::npos);
    }
    EXPECT_EQ(ask_telemetry(socket_path, "/sluice/stats").find("packets"), std::string::npos);
}

}  // namespace
}  // namespace sluice::io
