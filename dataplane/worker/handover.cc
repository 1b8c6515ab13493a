// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/handover.h"

#include "dataplane/base/check.h"
#include "dataplane/worker/steer.h"

#include <algorithm>
#include <utility>

namespace sluice::worker {
namespace {

HandedFrame handed(const packet::Packet& p) {
    return {p.data, p.len, p.handle, p.number, p.wall, p.in_port, p.verdict, p.reason};
}

void fill(packet::Packet& p, const HandedFrame& frame) {
    p.data = frame.data;
    p.len = frame.len;
    p.handle = frame.handle;
    p.number = frame.number;
    p.wall = frame.wall;
    p.in_port = frame.in_port;
    p.verdict = frame.verdict;
    p.reason = frame.reason;
}

}  // namespace

HandoverMesh::HandoverMesh(std::uint16_t workers) : workers_(workers) {
    for (std::size_t i = 0; i < std::size_t{workers} * workers; ++i) {
        const bool needed = i / workers != i % workers;  // nobody hands over to itself
        work_.push_back(std::make_unique<SpscRing<HandedFrame>>(needed ? kRing : 1));
        back_.push_back(std::make_unique<SpscRing<HandedFrame>>(needed ? kRing : 1));
        inject_.push_back(std::make_unique<SpscRing<InjectedFrame>>(needed ? kInjectRing : 1));
    }
}

HandoverIo::HandoverIo(io::PacketIo& inner, HandoverMesh& mesh, std::uint16_t self,
                       std::vector<std::uint16_t> owner)
    : inner_(inner),
      mesh_(mesh),
      self_(self),
      owner_(std::move(owner)),
      in_flight_(mesh.workers(), 0) {}

void HandoverIo::receive(packet::Batch& batch) {
    settle_returned();
    send_injected();
    // Turns, so that neither the wire nor the other workers starve.
    own_first_ = !own_first_;
    if (own_first_ && !stopped_) {
        take_own(batch);
    }
    if (batch.size() == 0) {
        take_handed(batch);
    }
    if (batch.size() == 0 && !own_first_ && !stopped_) {
        take_own(batch);
    }
}

void HandoverIo::take_handed(packet::Batch& batch) {
    HandedFrame frame;
    for (std::size_t from = 0; from < mesh_.workers(); ++from) {
        while (from != self_ && !batch.full() && mesh_.work(from, self_).pop(frame)) {
            fill(batch.add(), frame);
        }
    }
}

void HandoverIo::take_own(packet::Batch& batch) {
    own_.clear();
    inner_.receive(own_);
    returned_.clear();
    for (packet::Packet& p : own_) {
        const std::size_t worker = steer_hash(p.frame()) % mesh_.workers();
        if (worker == self_) {
            batch.add() = p;
            continue;
        }
        // The way back must have room for all that is out, so that a verdict can always return.
        if (in_flight_[worker] < HandoverMesh::kRing && mesh_.work(self_, worker).push(handed(p))) {
            ++in_flight_[worker];
            ++in_flight_total_;
            ++handed_over_;
            continue;
        }
        p.drop(packet::Reason::handover_ring_full);
        packet::count(reasons_, packet::Reason::handover_ring_full);
        returned_.add() = p;
    }
    if (returned_.size() != 0) {
        inner_.finalize(returned_);
    }
}

void HandoverIo::settle_returned() {
    returned_.clear();
    HandedFrame frame;
    for (std::size_t at = 0; at < mesh_.workers(); ++at) {
        while (at != self_ && mesh_.back(at, self_).pop(frame)) {
            --in_flight_[at];
            --in_flight_total_;
            fill(returned_.add(), frame);
            if (returned_.full()) {
                finalize_inner(returned_);
                returned_.clear();
            }
        }
    }
    if (returned_.size() != 0) {
        finalize_inner(returned_);
    }
}

void HandoverIo::finalize_inner(packet::Batch& batch) {
    std::size_t forwards = 0;
    for (const packet::Packet& p : batch) {
        forwards += p.dropped() ? 0U : 1U;
    }
    inner_.finalize(batch);
    for (const packet::Packet& p : batch) {
        forwards -= p.dropped() ? 0U : 1U;
    }
    // Refused by the device just now.
    reasons_[static_cast<std::size_t>(packet::Reason::tx_full)] += forwards;
    tx_lost_ += forwards;
}

void HandoverIo::send_injected() {
    InjectedFrame frame;
    for (std::size_t from = 0; from < mesh_.workers(); ++from) {
        while (from != self_ && mesh_.inject(from, self_).pop(frame)) {
            if (!inner_.inject(frame.port, {frame.bytes.data(), frame.len})) {
                packet::count(reasons_, packet::Reason::tx_full);
            }
        }
    }
}

void HandoverIo::finalize(packet::Batch& batch) {
    local_.clear();
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const packet::Packet& p = batch[i];
        const std::size_t owner = owner_[p.in_port.value];
        if (owner == self_) {
            local_index_[local_.size()] = i;
            local_.add() = p;
        } else {
            // Cannot be full: the owner never has more frames out than this ring holds.
            SLUICE_CHECK(mesh_.back(self_, owner).push(handed(p)));
        }
    }
    if (local_.size() == 0) {
        return;
    }
    inner_.finalize(local_);
    for (std::size_t i = 0; i < local_.size(); ++i) {  // the caller sees who was refused
        batch[local_index_[i]].verdict = local_[i].verdict;
        batch[local_index_[i]].reason = local_[i].reason;
    }
}

bool HandoverIo::inject(PortId out_port, Bytes frame) {
    if (out_port.value >= owner_.size()) {
        return false;
    }
    const std::size_t owner = owner_[out_port.value];
    if (owner == self_) {
        return inner_.inject(out_port, frame);
    }
    if (frame.size() > InjectedFrame::kCapacity) {
        return false;
    }
    InjectedFrame copy;
    std::copy(frame.begin(), frame.end(), copy.bytes.begin());
    copy.len = static_cast<std::uint16_t>(frame.size());
    copy.port = out_port;
    return mesh_.inject(self_, owner).push(copy);
}

void HandoverIo::stop_receiving() {
    if (!stopped_) {
        stopped_ = true;
        mesh_.quiet.fetch_add(1, std::memory_order_acq_rel);
    }
}

bool HandoverIo::drained() const {
    if (in_flight_total_ != 0 || mesh_.quiet.load(std::memory_order_acquire) != mesh_.workers()) {
        return false;
    }
    for (std::size_t from = 0; from < mesh_.workers(); ++from) {
        if (from != self_ &&
            (mesh_.work(from, self_).size() != 0 || mesh_.inject(from, self_).size() != 0)) {
            return false;
        }
    }
    return true;
}

}  // namespace sluice::worker
