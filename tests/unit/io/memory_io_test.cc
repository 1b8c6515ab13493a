// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/memory/memory_io.h"

#include "tests/support/packet_builder.h"

#include <gtest/gtest.h>

namespace sluice::io {
namespace {

using packet::Reason;
using test::bytes_of;

std::string text(const KeptFrame& f) {
    return {f.bytes.begin(), f.bytes.end()};
}

TEST(MemoryIo, ForwardsToTheOtherPortOfTheSegment) {
    MemoryIo io;
    io.queue(bytes_of("a"), PortId{2}, seconds(5));
    io.queue(bytes_of("b"), PortId{3});
    io.queue(bytes_of("c"), PortId{3});
    packet::Batch batch;
    io.receive(batch);
    ASSERT_EQ(batch.size(), 3u);
    EXPECT_TRUE(io.exhausted());
    EXPECT_EQ(io.lent(), 3u);
    EXPECT_EQ(batch[0].wall, seconds(5));
    EXPECT_EQ(batch[2].number, 3u);
    batch[1].drop(Reason::rule_drop);
    io.finalize(batch);
    EXPECT_EQ(io.lent(), 0u);
    ASSERT_EQ(io.forwarded().size(), 2u);
    EXPECT_EQ(text(io.forwarded()[0]), "a");
    EXPECT_EQ(io.forwarded()[0].port, PortId{3});
    EXPECT_EQ(io.forwarded()[1].port, PortId{2});
    ASSERT_EQ(io.dropped().size(), 1u);
    EXPECT_EQ(io.dropped()[0].number, 2u);
    EXPECT_EQ(io.dropped()[0].reason, Reason::rule_drop);
}

TEST(MemoryIo, ForwardsWhatAStageWroteIntoTheFrame) {
    MemoryIo io;
    io.queue(bytes_of("before"));
    packet::Batch batch;
    io.receive(batch);
    batch[0].data[0] = 'B';
    io.finalize(batch);
    EXPECT_EQ(text(io.forwarded()[0]), "Before");
}

TEST(MemoryIo, ARefusedForwardBecomesADrop) {
    MemoryIo io;
    io.queue(bytes_of("a"));
    io.queue(bytes_of("b"));
    io.refuse_forwards(1);
    packet::Batch batch;
    io.receive(batch);
    io.finalize(batch);
    EXPECT_EQ(batch[0].reason, Reason::tx_full);
    EXPECT_EQ(io.dropped().size(), 1u);
    EXPECT_EQ(io.forwarded().size(), 1u);
}

TEST(MemoryIo, BatchesOfTheSizeAsked) {
    MemoryIo io;
    for (int i = 0; i < 70; ++i) {
        io.queue(bytes_of("x"));
    }
    packet::Batch batch;
    io.receive(batch);
    EXPECT_EQ(batch.size(), packet::kBatchSize);
    EXPECT_FALSE(io.exhausted());
    io.finalize(batch);
    batch.clear();
    io.set_batch_size(2);
    io.receive(batch);
    EXPECT_EQ(batch.size(), 2u);
    io.finalize(batch);
}

TEST(MemoryIo, KeepsInjectedFrames) {
    MemoryIo io;
    EXPECT_TRUE(io.inject(PortId{1}, bytes_of("rst")));
    io.refuse_injects(true);
    EXPECT_FALSE(io.inject(PortId{0}, bytes_of("lost")));
    ASSERT_EQ(io.injected().size(), 1u);
    EXPECT_EQ(io.injected()[0].port, PortId{1});
    EXPECT_EQ(text(io.injected()[0]), "rst");
}

}  // namespace
}  // namespace sluice::io
