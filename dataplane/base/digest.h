// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4) by Nettle, as fingerprints and rule transforms
// want them: names for bytes, no protection against anybody. update() as often as needed, then
// finish() once. No allocation, which OpenSSL's EVP cannot do; one thread per object.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

namespace sluice {

template <typename Context, std::size_t Size, void (*Init)(Context*),
          void (*Update)(Context*, std::size_t, const std::uint8_t*),
          void (*Finish)(Context*, std::size_t, std::uint8_t*)>
class Digest {
  public:
    static constexpr std::size_t kSize = Size;
    using Value = std::array<std::uint8_t, kSize>;

    Digest() { Init(&context_); }

    void update(Bytes in) { Update(&context_, in.size(), in.data()); }

    Value finish() {
        Value out;
        Finish(&context_, out.size(), out.data());
        return out;
    }

    static Value of(Bytes in) {
        Digest d;
        d.update(in);
        return d.finish();
    }

  private:
    Context context_;
};

using Md5 = Digest<md5_ctx, MD5_DIGEST_SIZE, nettle_md5_init, nettle_md5_update, nettle_md5_digest>;
using Sha1 =
    Digest<sha1_ctx, SHA1_DIGEST_SIZE, nettle_sha1_init, nettle_sha1_update, nettle_sha1_digest>;
using Sha256 = Digest<sha256_ctx, SHA256_DIGEST_SIZE, nettle_sha256_init, nettle_sha256_update,
                      nettle_sha256_digest>;

}  // namespace sluice
