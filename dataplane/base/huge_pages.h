// SPDX-License-Identifier: Apache-2.0
// Advice to back a large block, not yet touched, by huge pages: the thousands of page faults of a
// bundle being loaded cost as much as all the rest. Refusal costs speed only. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/mman.h>

namespace sluice {

inline void ask_for_huge_pages(void* begin, std::size_t bytes) {
    constexpr std::size_t kHuge = std::size_t{2} << 20;
    const std::size_t skipped = (kHuge - reinterpret_cast<std::uintptr_t>(begin) % kHuge) % kHuge;
    if (bytes >= skipped + kHuge) {
        (void)::madvise(static_cast<std::uint8_t*>(begin) + skipped, bytes - skipped,
                        MADV_HUGEPAGE);
    }
}

// A vector's room, before anything is in it.
template <typename Vector>
void reserve_huge(Vector& v, std::size_t count) {
    v.reserve(count);
    ask_for_huge_pages(v.data(), v.capacity() * sizeof(typename Vector::value_type));
}

}  // namespace sluice
