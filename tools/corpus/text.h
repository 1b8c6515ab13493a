// SPDX-License-Identifier: Apache-2.0
// Deterministic filler that looks like what web servers send: HTML, JavaScript, CSS, JSON and
// compressed pictures. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::corpus {

// xoshiro-free small generator (splitmix64): the same numbers on every machine.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next();

    // 0 .. n-1; REQUIRES: n > 0
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(next() % n); }

  private:
    std::uint64_t state_;
};

enum class BodyKind : std::uint8_t { kHtml, kScript, kStyle, kJson, kPicture };

const char* content_type(BodyKind kind);

// About 'bytes' bytes of the kind.
std::string make_body(Random& random, BodyKind kind, std::size_t bytes);

// A path with extension and perhaps a query, as a browser would ask for.
std::string make_target(Random& random, BodyKind kind);

const char* pick_user_agent(Random& random);
std::string make_host(Random& random);

}  // namespace sluice::corpus
