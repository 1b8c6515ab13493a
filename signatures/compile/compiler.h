// SPDX-License-Identifier: Apache-2.0
// Rule text and guidance in, compiled model out: parse, give meaning, order, choose prefilters,
// group, emit databases. What cannot be compiled is listed with its place and reason and left out;
// a required CVE without a rule is a problem too. The same input gives the same model on every
// machine, as long as no pcre is near the time budget. Reads no file and no clock. Any thread;
// starts helpers of its own.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/emit.h"
#include "signatures/compile/report.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/ast.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::compile {

// kThresholds: threshold.config lines about the rules of all sources.
enum class SourceKind : std::uint8_t { kRules, kGuidance, kThresholds };

struct SourceFile {
    std::string name;  // for messages
    std::string text;
    SourceKind kind = SourceKind::kRules;
};

// Called now and then from the compiling thread: what is being done, and how far it got. total is 0
// when not known.
using Progress = std::function<void(std::string_view step, std::size_t done, std::size_t total)>;

struct CompileInput {
    std::vector<SourceFile> sources;
    CompileOptions options = default_compile_options();
    bundle::Manifest manifest;  // hs_version is filled in
    unsigned threads = 0;       // 0: as many as the machine has, at most 8
    Progress progress;          // may be empty
    // CPU that Hyperscan may take for one pcre, see PcreCheck; 0: any. Public rules stay far below.
    std::uint32_t pattern_budget_ms = 1000;
    DatabaseCache* cache = nullptr;  // may be null
};

struct CompileOutput {
    bundle::Model model;
    std::vector<lang::Problem> problems;  // by file in the order given, then line and column
    std::vector<std::string>
        uncovered_required;  // required CVEs without a rule; each has a problem as well
    CompileReport report;
    bool failed = false;    // the databases could not be built; the model is of no use
    std::size_t rules = 0;  // found: compiled + unsupported + invalid
    std::size_t compiled = 0;
    std::size_t unsupported = 0;
    std::size_t invalid = 0;
};

CompileOutput compile_sources(const CompileInput& input);

// First sid of the rules made from the guidance for a CVE: the same in every bundle, apart from
// every other CVE's, above all ranges in public use. 0 when 'cve' has not the form CVE-2021-31166.
std::uint32_t guidance_sid_base(std::string_view cve);

}  // namespace sluice::compile
