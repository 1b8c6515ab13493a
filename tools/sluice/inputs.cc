// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/inputs.h"

#include "signatures/bundle/file_io.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

bool ends_with(const std::string& s, std::string_view tail) {
    return s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0;
}

Result<compile::SourceFile> read_standard_input() {
    compile::SourceFile source;
    source.name = "-";
    std::array<char, 65536> piece{};
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), stdin)) {
        if (source.text.size() + n > kMaxRuleFile) {
            return Error{ErrorCode::kExhausted,
                         "standard input is longer than 512 MB",
                         {},
                         "give it in parts"};
        }
        source.text.append(piece.data(), n);
    }
    if (std::ferror(stdin) != 0) {
        return Error{ErrorCode::kIo, "cannot read standard input", {}, ""};
    }
    return source;
}

Result<compile::SourceFile> read_one(const std::string& path) {
    if (path == "-") {
        return read_standard_input();
    }
    if (ends_with(path, ".zst") || ends_with(path, ".gz") || ends_with(path, ".sigb")) {
        return Error{ErrorCode::kInvalid,
                     "not a text file of rules",
                     {path, 0, 0},
                     ends_with(path, ".sigb")
                         ? "see 'sluice bundle show'"
                         : "unpack it first, or pipe it in: zstdcat FILE | sluice check -"};
    }
    Result<std::vector<std::uint8_t>> bytes = bundle::read_file(path, kMaxRuleFile);
    if (!bytes.ok()) {
        return bytes.error();
    }
    compile::SourceFile source;
    source.name = path;
    source.text.assign(bytes.value().begin(), bytes.value().end());
    source.kind =
        ends_with(path, ".toml") ? compile::SourceKind::kGuidance : compile::SourceKind::kRules;
    return source;
}

Result<std::vector<std::string>> files_below(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator it(folder, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        const std::string path = it->path().string();
        if ((ends_with(path, ".rules") || ends_with(path, ".toml")) && it->is_regular_file(error)) {
            files.push_back(path);
        }
    }
    if (error) {
        return Error{
            ErrorCode::kIo, "cannot list the folder: " + error.message(), {folder, 0, 0}, ""};
    }
    if (files.empty()) {
        return Error{ErrorCode::kNotFound,
                     "no .rules or .toml file in the folder",
                     {folder, 0, 0},
                     "name the files"};
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool is_name(const std::string& s) {
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    });
}

}  // namespace

Result<std::vector<compile::SourceFile>> read_sources(const std::vector<std::string>& paths) {
    std::vector<compile::SourceFile> sources;
    for (const std::string& path : paths) {
        std::vector<std::string> files = {path};
        std::error_code error;
        if (path != "-" && fs::is_directory(path, error)) {
            Result<std::vector<std::string>> below = files_below(path);
            if (!below.ok()) {
                return below.error();
            }
            files = std::move(below).value();
        }
        for (const std::string& file : files) {
            Result<compile::SourceFile> source = read_one(file);
            if (!source.ok()) {
                return source.error();
            }
            sources.push_back(std::move(source).value());
        }
    }
    return sources;
}

Status read_thresholds(const std::string& path, std::vector<compile::SourceFile>& sources) {
    if (path.empty()) {
        return ok_status();
    }
    const Result<std::vector<std::uint8_t>> bytes = bundle::read_file(path, kMaxRuleFile);
    if (!bytes.ok()) {
        return bytes.error();
    }
    compile::SourceFile source;
    source.name = path;
    source.text.assign(bytes.value().begin(), bytes.value().end());
    source.kind = compile::SourceKind::kThresholds;
    sources.push_back(std::move(source));
    return ok_status();
}

Status set_variable(const std::string& text, compile::CompileOptions& options) {
    const std::size_t equals = text.find('=');
    std::string name = text.substr(0, equals);
    if (name.starts_with('$')) {
        name.erase(0, 1);
    }
    if (equals == std::string::npos || equals + 1 == text.size() || !is_name(name)) {
        return Error{ErrorCode::kInvalid,
                     "not NAME=VALUE: " + text,
                     {},
                     "for example HTTP_PORTS=80,8080 or HOME_NET=[10.0.0.0/8]"};
    }
    const bool ports = name.find("PORT") != std::string::npos;
    (ports ? options.port_vars : options.address_vars)[name] = text.substr(equals + 1);
    return ok_status();
}

}  // namespace sluice::cli
