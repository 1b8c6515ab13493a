// SPDX-License-Identifier: Apache-2.0
// Any rule text or guidance -> a model that the bundle writer accepts, and databases that Hyperscan
// loads. The first byte chooses between rules and guidance.
#include "signatures/bundle/writer.h"
#include "signatures/compile/compiler.h"

#include <hs/hs.h>

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice;
    // Hyperscan compiles what is left in; long texts only make that slow.
    if (size == 0 || size > 8192) {
        return 0;
    }
    compile::CompileInput input;
    input.threads = 1;
    input.manifest.version = 1;
    compile::SourceFile file;
    file.name = "fuzz";
    file.text.assign(data + 1, data + size);
    file.kind = data[0] == 'g' ? compile::SourceKind::kGuidance : compile::SourceKind::kRules;
    input.sources.push_back(std::move(file));
    const compile::CompileOutput output = compile::compile_sources(input);
    if (output.failed ||
        !bundle::write_bundle(output.model, bundle::SecretKey::from_seed({})).ok()) {
        std::abort();
    }
    for (const bundle::PrefilterDb& db : output.model.databases) {
        hs_database_t* loaded = nullptr;
        const void* bytes = db.serialized.data();
        if (!db.serialized.empty() &&
            hs_deserialize_database(static_cast<const char*>(bytes), db.serialized.size(),
                                    &loaded) != HS_SUCCESS) {
            std::abort();
        }
        hs_free_database(loaded);
    }
    return 0;
}
