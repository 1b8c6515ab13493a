// SPDX-License-Identifier: Apache-2.0
#include "tests/support/alloc_guard.h"

#include <cerrno>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_COUNT_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_COUNT_ALLOCATIONS 0
#endif
#endif
#ifndef SLUICE_COUNT_ALLOCATIONS
#define SLUICE_COUNT_ALLOCATIONS 1
#endif

namespace {

// initial-exec: reading them must not itself allocate.
__attribute__((tls_model("initial-exec"))) thread_local std::uint64_t t_allocations = 0;
__attribute__((tls_model("initial-exec"))) thread_local std::uint64_t t_frees = 0;

}  // namespace

#if SLUICE_COUNT_ALLOCATIONS
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t n, std::size_t size);
void* __libc_realloc(void* p, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* p);

void* malloc(std::size_t size) noexcept {
    ++t_allocations;
    return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size) noexcept {
    ++t_allocations;
    return __libc_calloc(n, size);
}

void* realloc(void* p, std::size_t size) noexcept {
    ++t_allocations;
    return __libc_realloc(p, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    ++t_allocations;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++t_allocations;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    ++t_allocations;
    void* p = __libc_memalign(alignment, size);
    if (p == nullptr) {
        return ENOMEM;
    }
    *out = p;
    return 0;
}

void free(void* p) noexcept {
    t_frees += p != nullptr ? 1U : 0U;
    __libc_free(p);
}

}  // extern "C"
#endif

namespace sluice::test {

AllocGuard::AllocGuard() : allocations_before_(t_allocations), frees_before_(t_frees) {}

std::uint64_t AllocGuard::allocations() const {
    return t_allocations - allocations_before_;
}

std::uint64_t AllocGuard::frees() const {
    return t_frees - frees_before_;
}

bool AllocGuard::supported() {
    return SLUICE_COUNT_ALLOCATIONS != 0;
}

}  // namespace sluice::test
