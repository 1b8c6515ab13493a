// SPDX-License-Identifier: Apache-2.0
// Served: a parser of streams with the states of the flows that it serves, and ParserTable: all of
// them, called by number. The table is a tuple, so that a call is a comparison or two and then a
// direct one. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/handover.h"
#include "dataplane/app/state_pool.h"
#include "dataplane/base/proto.h"
#include "dataplane/packet/reason.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace sluice::app {

// The low bits of Flow::app_state name a state in its pool.
inline constexpr std::uint32_t kStateIndexBits = 28;
inline constexpr std::uint32_t kMaxStates = (std::uint32_t{1} << kStateIndexBits) - 1;

// P has begin(state, chunk, reasons), next(point), gave_up(), release(state), arena() and static
// finished(state); it may be a HandsOver. kCapacity: the member of AppConfig that says how many
// states there are; kFull: counted when there is none left.
template <typename P, typename S, AppProto kProtocol, auto kCapacity, packet::Reason kFullReason>
struct Served {
    using Parser = P;
    using State = S;
    static constexpr AppProto kProto = kProtocol;
    static constexpr packet::Reason kFull = kFullReason;

    explicit Served(const AppConfig& config)
        : states(std::min(config.*kCapacity, kMaxStates)), parser(config) {}

    StatePool<State> states;
    P parser;
};

// The connection may become another protocol's. handover() is asked when next() was false; the
// state says in 'half' where each direction stands, and in 'depth' how often that happened before;
// at_hand() is the chunk of the last begin().
template <typename Row>
concept HandsOver = requires(const typename Row::Parser& parser, const typename Row::State& state) {
    { Row::Parser::handover(state) } -> std::same_as<Handover>;
    parser.at_hand();
    state.half[0].consumed;
    state.depth;
};

template <typename... Rows>
class ParserTable {
  public:
    static constexpr std::uint32_t kSize = sizeof...(Rows);

    explicit ParserTable(const AppConfig& config)
        : rows_((static_cast<void>(sizeof(Rows)), config)...) {}

    template <typename Row>
    Row& get() {
        return std::get<Row>(rows_);
    }

    template <typename Row>
    const Row& get() const {
        return std::get<Row>(rows_);
    }

    // What flows have in Flow::app_state. Pools of one row never move to another number while the
    // program runs.
    template <typename Row>
    static constexpr std::uint32_t number_of() {
        std::uint32_t number = 0;
        const bool found = ((std::is_same_v<Row, Rows> || (++number, false)) || ...);
        return found ? number : kSize;
    }

    // The row of a protocol; kSize: it has none.
    static constexpr std::uint32_t number_for(AppProto proto) {
        std::uint32_t number = 0;
        const bool found = ((proto == Rows::kProto || (++number, false)) || ...);
        return found ? number : kSize;
    }

    // Calls f(row) for the row of that number. False: there is none.
    template <typename F>
    bool with(std::uint32_t number, F&& f) {
        std::uint32_t i = 0;
        return ((number == i++ && (f(std::get<Rows>(rows_)), true)) || ...);
    }

    template <typename F>
    void each(F&& f) const {
        (f(std::get<Rows>(rows_)), ...);
    }

  private:
    std::tuple<Rows...> rows_;
};

}  // namespace sluice::app
