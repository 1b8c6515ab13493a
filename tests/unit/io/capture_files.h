// SPDX-License-Identifier: Apache-2.0
// Capture files made by hand, byte by byte, in a folder of the test's own that goes with it. For
// the tests of io/pcap only.
#pragma once

#include "dataplane/io/pcap/pcap_io.h"
#include "tests/support/packet_builder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::io {

using test::Frame;

struct CaptureForm {
    bool big_endian = false;
    bool nanoseconds = false;
    std::uint32_t link = 1;
    std::uint32_t snap_length = 262144;
};

// Numbers in the byte order of the form.
class CaptureBytes {
  public:
    explicit CaptureBytes(const CaptureForm& form = {}) : form_(form) {
        put32(form.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
        put16(2);
        put16(4);
        put32(0);
        put32(0);
        put32(form.snap_length);
        put32(form.link);
    }

    CaptureBytes& record(std::uint32_t sec, std::uint32_t fraction, Bytes frame,
                         std::uint32_t more_on_wire = 0) {
        put32(sec);
        put32(fraction);
        put32(static_cast<std::uint32_t>(frame.size()));
        put32(static_cast<std::uint32_t>(frame.size()) + more_on_wire);
        return raw(frame);
    }

    CaptureBytes& raw(Bytes b) {
        bytes_.insert(bytes_.end(), b.begin(), b.end());
        return *this;
    }

    CaptureBytes& put32(std::uint32_t v) {
        put16(static_cast<std::uint16_t>(form_.big_endian ? v >> 16 : v));
        return put16(static_cast<std::uint16_t>(form_.big_endian ? v : v >> 16));
    }

    CaptureBytes& put16(std::uint16_t v) {
        const auto high = static_cast<std::uint8_t>(v >> 8);
        const auto low = static_cast<std::uint8_t>(v);
        bytes_.push_back(form_.big_endian ? high : low);
        bytes_.push_back(form_.big_endian ? low : high);
        return *this;
    }

    const Frame& bytes() const { return bytes_; }

  private:
    CaptureForm form_;
    Frame bytes_;
};

class CaptureTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "sluice_pcap_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ / name; }

    std::string save(const Frame& bytes, const std::string& name = "in.pcap") const {
        std::ofstream out(path(name), std::ios::binary);
        for (const std::uint8_t b : bytes) {
            out.put(static_cast<char>(b));
        }
        return path(name);
    }

    static Frame load(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        const std::string all((std::istreambuf_iterator<char>(in)),
                              std::istreambuf_iterator<char>());
        return {all.begin(), all.end()};
    }

    struct Seen {
        Frame frame;
        std::uint64_t number;
        Nanos wall;
    };

    // Reads to the end, forwards everything, in batches.
    static std::vector<Seen> drain(PcapIo& io) {
        std::vector<Seen> all;
        packet::Batch batch;
        while (!io.exhausted()) {
            batch.clear();
            io.receive(batch);
            for (const packet::Packet& p : batch) {
                EXPECT_EQ(p.in_port, PortId{0});
                all.push_back({{p.data, p.data + p.len}, p.number, p.wall});
            }
            io.finalize(batch);
        }
        return all;
    }

    std::filesystem::path folder_;
};

}  // namespace sluice::io
