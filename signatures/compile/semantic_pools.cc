// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic_pools.h"

namespace sluice::compile {
namespace {

// Keys end texts with a NUL, which no text of a rule contains.
void put(std::string& key, std::uint64_t v) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
        key += static_cast<char>(v >> shift & 0xffU);
    }
}

void put(std::string& key, const std::string& text) {
    key += text;
    key += '\0';
}

std::string key_of(const bundle::AddressExpr& e) {
    std::string key;
    for (const bundle::AddressNode& n : e) {
        put(key, static_cast<std::uint64_t>(n.kind) << 1U | (n.negated ? 1U : 0U));
        put(key, n.count);
        put(key, n.variable);
        key.append(n.lo.begin(), n.lo.end());
        key.append(n.hi.begin(), n.hi.end());
    }
    return key;
}

std::string key_of(const bundle::PortSet& set) {
    std::string key;
    for (const bundle::PortRange& r : set) {
        put(key, std::uint64_t{r.lo} << 16U | r.hi);
    }
    return key;
}

}  // namespace

std::uint32_t Pools::addresses(const bundle::AddressExpr& e) {
    const auto [at, fresh] =
        addresses_.try_emplace(key_of(e), static_cast<std::uint32_t>(model_.addresses.size()));
    if (fresh) {
        model_.addresses.push_back(e);
    }
    return at->second;
}

std::uint32_t Pools::ports(const bundle::PortSet& set) {
    const auto [at, fresh] =
        ports_.try_emplace(key_of(set), static_cast<std::uint32_t>(model_.ports.size()));
    if (fresh) {
        model_.ports.push_back(set);
    }
    return at->second;
}

std::uint32_t Pools::content(const std::string& bytes) {
    const auto [at, fresh] =
        contents_.try_emplace(bytes, static_cast<std::uint32_t>(model_.blob.size()));
    if (fresh) {
        model_.blob.insert(model_.blob.end(), bytes.begin(), bytes.end());
    }
    return at->second;
}

std::uint32_t Pools::pcre(const bundle::Pcre& pcre) {
    std::string key;
    put(key, pcre.flags);
    put(key, pcre.pattern);
    const auto [at, fresh] =
        pcres_.try_emplace(std::move(key), static_cast<std::uint32_t>(model_.pcres.size()));
    if (fresh) {
        model_.pcres.push_back(pcre);
    }
    return at->second;
}

std::uint32_t Pools::bit_names(const std::vector<std::string>& names) {
    std::string key;
    for (const std::string& name : names) {
        put(key, name);
    }
    const auto [at, fresh] =
        bit_names_.try_emplace(std::move(key), static_cast<std::uint32_t>(model_.bit_names.size()));
    if (fresh) {
        model_.bit_names.insert(model_.bit_names.end(), names.begin(), names.end());
    }
    return at->second;
}

}  // namespace sluice::compile
