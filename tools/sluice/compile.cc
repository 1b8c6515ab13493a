// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/compile.h"

#include "signatures/bundle/file_io.h"
#include "signatures/bundle/keys.h"
#include "signatures/bundle/writer.h"
#include "tools/sluice/compile_cache.h"
#include "tools/sluice/explain.h"
#include "tools/sluice/inputs.h"
#include "tools/sluice/summary.h"
#include "tools/sluice/terminal.h"
#include "tools/sluice/when.h"

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cli {
namespace {

constexpr std::size_t kPlacesShown = 3;

struct Options {
    std::vector<std::string> paths;
    std::vector<std::string> vars;
    std::string thresholds;
    std::string output;
    std::string key;
    std::string expires;
    std::string name;
    std::uint64_t version = 0;
    std::uint64_t previous = 0;
    std::string cache;
    std::uint64_t cache_mb = 256;
    std::uint32_t pattern_ms = 1000;
    bool no_cache = false;
    bool explain = false;
    bool strict = false;
    bool json = false;
};

Result<bundle::Manifest> manifest_of(const Options& o, std::int64_t now) {
    bundle::Manifest m;
    m.version = o.version != 0 ? o.version : static_cast<std::uint64_t>(now);
    m.previous_version = o.previous;
    m.created_at = now;
    m.name = o.name;
    if (o.previous >= m.version) {
        return Error{ErrorCode::kInvalid,
                     "version " + std::to_string(m.version) + " does not come after " +
                         std::to_string(o.previous),
                     {},
                     "versions only go up"};
    }
    if (!o.expires.empty()) {
        const Result<std::int64_t> at = parse_expiry(o.expires, now);
        if (!at.ok()) {
            return at.error();
        }
        m.expires_at = at.value();
    }
    return m;
}

Status write(const Options& o, const bundle::Model& model, const bundle::SecretKey& key,
             std::size_t& size) {
    const Result<std::vector<std::uint8_t>> bytes = bundle::write_bundle(model, key);
    if (!bytes.ok()) {
        return bytes.error();
    }
    size = bytes.value().size();
    return bundle::write_file_atomic(o.output, bytes.value());
}

// None: switched off, or nowhere to put it. The default folder is a convenience, so what is wrong
// with it is said and the run goes on; a folder that was named must do.
Result<std::unique_ptr<CompileCache>> open_cache(const Options& o, const bundle::SecretKey& key) {
    const std::string folder = o.cache.empty() ? default_cache_folder() : o.cache;
    if (o.no_cache || folder.empty()) {
        return std::unique_ptr<CompileCache>();
    }
    auto sealed = bundle::SealedCache::open(folder, key, o.cache_mb << 20U);
    if (!sealed.ok()) {
        if (!o.cache.empty()) {
            return sealed.error();
        }
        std::fprintf(stderr, "sluice compile: without a cache: %s\n",
                     sealed.error().to_string().c_str());
        return std::unique_ptr<CompileCache>();
    }
    return std::make_unique<CompileCache>(std::move(sealed).value());
}

int refuse(const Options& o, const compile::CompileOutput& output) {
    const bool uncovered = !output.uncovered_required.empty();
    const char* what = output.failed ? "the databases could not be built"
                       : uncovered   ? "a required CVE has no rule"
                                     : "invalid rules, and --strict was given";
    report("compile", {ErrorCode::kInvalid,
                       std::string(what) + "; no bundle was written",
                       {o.output, 0, 0},
                       output.failed ? "see the problems"
                       : uncovered   ? "add a rule, or change its guidance"
                                     : "correct them, or leave --strict out"});
    return kExitFindings;
}

void tell_cache(bundle::SealedCache& cache) {
    cache.trim();
    if (cache.damaged() != 0) {
        std::fprintf(stderr,
                     "sluice compile: %llu entries of the cache did not open and were made anew\n",
                     static_cast<unsigned long long>(cache.damaged()));
    }
}

void tell_budget(const compile::CompileOutput& output) {
    if (output.report.over_budget != 0) {
        std::printf(
            "%zu pcre took Hyperscan longer than --pattern-ms: PCRE2 alone looks for them "
            "(--explain lists them)\n",
            output.report.over_budget);
    }
}

int run_compile(const Options& o) {
    const std::int64_t now = std::time(nullptr);
    // The key first: minutes of work should not end at a typing error.
    Result<bundle::SecretKey> key = bundle::load_secret_key(o.key);
    if (!key.ok()) {
        return report("compile", key.error());
    }
    Result<bundle::Manifest> manifest = manifest_of(o, now);
    if (!manifest.ok()) {
        return report("compile", manifest.error());
    }
    compile::CompileInput input;
    input.manifest = std::move(manifest).value();
    for (const std::string& var : o.vars) {
        if (const Status s = set_variable(var, input.options); !s.ok()) {
            return report("compile", s.error());
        }
    }
    Result<std::vector<compile::SourceFile>> sources = read_sources(o.paths);
    if (!sources.ok()) {
        return report("compile", sources.error());
    }
    input.sources = std::move(sources).value();
    if (const Status s = read_thresholds(o.thresholds, input.sources); !s.ok()) {
        return report("compile", s.error());
    }
    Result<std::unique_ptr<CompileCache>> cache = open_cache(o, key.value());
    if (!cache.ok()) {
        return report("compile", cache.error());
    }
    input.cache = cache.value().get();
    input.pattern_budget_ms = o.pattern_ms;
    ProgressLine progress("compile");
    input.progress = [&](std::string_view step, std::size_t done, std::size_t total) {
        progress.update(step, done, total);
    };
    const compile::CompileOutput output = compile::compile_sources(input);
    progress.clear();
    if (cache.value() != nullptr) {
        tell_cache(cache.value()->sealed());
    }
    if (o.json) {
        std::printf("%s\n", problems_json(output, o.explain).c_str());
    } else {
        print_problems(output, kPlacesShown);
        tell_budget(output);
    }
    if (output.failed || !output.uncovered_required.empty() || (o.strict && has_findings(output))) {
        return refuse(o, output);
    }
    std::size_t size = 0;
    if (const Status s = write(o, output.model, key.value(), size); !s.ok()) {
        return report("compile", s.error());
    }
    if (!o.json) {
        print_databases(output.model);
        if (o.explain) {
            print_explanation(output);
        }
        std::printf("%s: version %llu, %.1f MB, key id %s\n", printable(o.output).c_str(),
                    static_cast<unsigned long long>(output.model.manifest.version),
                    static_cast<double>(size) / 1e6,
                    bundle::to_hex(bundle::key_id(key.value().public_key())).c_str());
    }
    return kExitOk;
}

}  // namespace

void add_compile(CLI::App& app, int& exit_code) {
    auto o = std::make_shared<Options>();
    CLI::App* cmd = app.add_subcommand("compile", "compile rules and guidance to a signed bundle");
    cmd->footer(
        "Examples:\n"
        "  sluice compile my.rules -o my.sigb --key lab.key\n"
        "  sluice compile rules/ guidance/ -o monthly.sigb --key lab.key --name monthly --expires "
        "45 --strict\n"
        "  sluice compile my.rules -o my.sigb --key lab.key --var HTTP_PORTS=80,8080\n"
        "  sluice compile rules/ --thresholds threshold.config -o my.sigb --key lab.key\n"
        "Invalid and unsupported rules are listed and left out; --strict makes an invalid one an "
        "error. A required CVE without a\n"
        "rule always is. The file is replaced only by a complete bundle. Exit code: 0 written, 1 "
        "refused, 2 wrong arguments or files.");
    cmd->add_option("INPUT", o->paths,
                    "rule files, guidance (.toml), folders, or - for standard input")
        ->required();
    cmd->add_option("-o,--output", o->output, "bundle to write (.sigb)")->required();
    cmd->add_option("--key", o->key, "secret key that signs it ('sluice keygen' makes one)")
        ->required();
    cmd->add_option("--version", o->version,
                    "number that only goes up (default: seconds since 1970)")
        ->check(CLI::PositiveNumber);
    cmd->add_option("--previous", o->previous, "version that this one replaces");
    cmd->add_option("--expires", o->expires, "days from now, or YYYY-MM-DD (UTC); default: never");
    cmd->add_option("--name", o->name, "name shown to people");
    cmd->add_option("--thresholds", o->thresholds,
                    "threshold.config: suppress, threshold, event_filter, rate_filter");
    cmd->add_option("--var", o->vars,
                    "NAME=VALUE: a port group (PORT in the name) or address group")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    cmd->add_flag("--explain", o->explain,
                  "tell which rules, expressions and databases cost most, and what takes the room");
    cmd->add_option("--pattern-ms", o->pattern_ms,
                    "CPU that one pcre may take in Hyperscan before PCRE2 alone looks for it; 0: "
                    "any (default: 1000)");
    auto* folder = cmd->add_option("--cache", o->cache,
                                   "folder of compiled databases, sealed with the key (default: "
                                   "$XDG_CACHE_HOME/sluice)");
    cmd->add_option("--cache-mb", o->cache_mb, "size of it (default: 256)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20U));
    cmd->add_flag("--no-cache", o->no_cache, "compile everything anew, and keep nothing")
        ->excludes(folder);
    cmd->add_flag("--strict", o->strict, "an invalid rule is an error");
    cmd->add_flag("--json", o->json, "print counts and problems as one JSON object");
    cmd->callback([o, &exit_code] { exit_code = run_compile(*o); });
}

}  // namespace sluice::cli
