// SPDX-License-Identifier: Apache-2.0
// Which bytes of a form are a file's; the same however the form is cut.
#include "tests/unit/app/form_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {
namespace {

using namespace sluice::test;

Reading read(std::string_view body, std::string_view boundary = "XX") {
    FormReader reader(boundary, body);
    Reading whole = reader.run(body.size() + 1);
    EXPECT_EQ(reader.broken(), "");
    for (std::size_t piece = 1; piece < std::min<std::size_t>(body.size(), 40); ++piece) {
        FormReader cut(boundary, body);
        EXPECT_EQ(cut.run(piece), whole) << "pieces of " << piece;
        EXPECT_EQ(cut.broken(), "") << "pieces of " << piece;
    }
    return whole;
}

using Files = std::vector<std::string>;

constexpr std::string_view kFile =
    "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.exe\"\r\n\r\n";

std::string file(std::string_view bytes) {
    return std::string(kFile) + std::string(bytes);
}

TEST(FormData, FilesAndFields) {
    EXPECT_EQ(read(file("one\r\n") +
                   "--XX\r\nContent-Disposition: form-data; name=t\r\n\r\nno file\r\n"
                   "--XX\r\ncontent-disposition:x;filename=b\r\n\r\nt\r\nwo\r\n--XX--\r\nmore")
                  .files,
              (Files{"a.exe=one", "b=t\r\nwo"}));
}

// When Suricata 7.0.10 raises http.multipart_invalid_header and http.multipart_no_filedata.
TEST(FormData, OddForms) {
    const auto header = [](std::string_view more) {
        return read("--XX\r\n" + std::string(more) + std::string(kFile.substr(6)) +
                    "x\r\n--XX--\r\n")
            .invalid_header;
    };
    EXPECT_FALSE(header("X-Y: z\r\n"));
    EXPECT_FALSE(header("X-Y: \r\n"));
    EXPECT_TRUE(header("X-Y:\r\n"));
    EXPECT_TRUE(header("nonsense\r\n"));
    EXPECT_TRUE(header("X-Y: z;\r\n folded\r\n"));
    EXPECT_FALSE(header("X-Y: z;\r\n a:folded\r\n"));
    EXPECT_TRUE(read(file("--XX--\r\n")).no_file_data);
    EXPECT_FALSE(read(file("\r\n--XX--\r\n")).no_file_data);
    EXPECT_FALSE(read(file("--XX\r\n\r\nx\r\n--XX--\r\n")).no_file_data);
    EXPECT_FALSE(read("--XX\r\nX: y\r\n\r\n--XX--\r\n").no_file_data);
}

TEST(FormData, Preamble) {
    EXPECT_EQ(read("what\r\n--X\r\n" + file("one\r\n--XX--")).files, Files{"a.exe=one"});
}

TEST(FormData, ALineEndBelongsToTheBoundary) {
    EXPECT_EQ(read(file("one\r\n\r\n\r\n--XX--")).files, Files{"a.exe=one\r\n\r\n"});
    EXPECT_EQ(read(file("one\n--XX--")).files, Files{"a.exe=one"});
    EXPECT_EQ(read(file("one\r\r\n--XX--")).files, Files{"a.exe=one\r"});
    EXPECT_EQ(read(file("\r\n--XX--")).files, Files{"a.exe="});
    EXPECT_EQ(read(file("--XX--")).files, Files{"a.exe="});
}

TEST(FormData, OnlyALineThatBeginsWithItIsABoundary) {
    EXPECT_EQ(read(file("a--XX\r\n--X\r\n -XX\r\n-\r\n--XX--")).files,
              Files{"a.exe=a--XX\r\n--X\r\n -XX\r\n-"});
    // ... as a prefix, as Suricata and servers do.
    EXPECT_EQ(read(file("a\r\n--XXY\r\nb")).files, Files{"a.exe=a"});
}

TEST(FormData, WithoutBoundaryAtTheEnd) {
    EXPECT_EQ(read(file("one")).files, Files{"a.exe=one..."});
    EXPECT_EQ(read(file("one\r\n--X")).files, Files{"a.exe=one\r\n--X..."});
    EXPECT_EQ(read(file("one\r")).files, Files{"a.exe=one\r..."});
    EXPECT_EQ(read(file("")).files, Files{"a.exe=..."});
    EXPECT_EQ(read(kFile.substr(0, kFile.size() - 2)).files, Files{});
}

TEST(FormData, FilesWithoutBytes) {
    EXPECT_EQ(read(file("\r\n") + file("\r\n") + file("x\r\n--XX--")).files,
              (Files{"a.exe=", "a.exe=", "a.exe=x"}));
}

TEST(FormData, WhatFollowsTheLastBoundaryMayBeAPart) {
    EXPECT_EQ(read(file("one\r\n--XX--\r\n") + file("two\r\n--XX--")).files,
              (Files{"a.exe=one", "a.exe=two"}));
}

struct HeaderCase {
    std::string_view fields;
    std::string_view name;  // "": no file
};

TEST(FormData, HeadersOfParts) {
    const HeaderCase cases[] = {
        {"Content-Disposition: form-data; filename=\"n\"\r\n", "n"},
        {"CONTENT-DISPOSITION:Form-Data;FileName=n\r\n", "n"},
        {"Content-Type: a/b; filename=m\r\nContent-Disposition: filename=n\r\n", "n"},
        {"Content-Disposition: form-data;\r\n\tfilename=\"n\"\r\n", "n"},
        {"Content-Disposition: form-data; filename=\"a;b\"\n", "a;b"},
        {"Content-Disposition: form-data; filename=\"a\\\"b\"\r\n", "a\\\"b"},
        {"Content-Disposition: form-data; filename=\"n\r\n", "n"},
        {"Content-Disposition: form-data; filename = n\r\n", "n"},
        {"Content-Disposition: form-data; filename=m; filename=n\r\n", "m"},
        {"Content-Disposition: filename=m\r\nContent-Disposition: filename=n\r\n", "n"},
        {"Content-Disposition: form-data; filename*=utf-8'en'n\r\n", "n"},
        {"Content-Disposition: form-data; filename*=m; filename=n\r\n", "n"},
        {"Content-Disposition: form-data; name=\"filename=n\"\r\n", ""},
        {"Content-Disposition: form-data; filename=\r\n", ""},
        {"Content-Disposition: form-data; xfilename=n\r\n", ""},
        {"Content-Disposition form-data; filename=n\r\n", ""},
        {"Content-Type: a/b; name=n\r\n", ""},
        {"", ""},
    };
    for (const HeaderCase& c : cases) {
        const Files files = read("--XX\r\n" + std::string(c.fields) + "\r\nx\r\n--XX--").files;
        EXPECT_EQ(files, c.name.empty() ? Files{} : Files{std::string(c.name) + "=x"}) << c.fields;
    }
    EXPECT_EQ(read("--XX\r\nContent-Disposition: filename=\"\"\r\n\r\nx").files, Files{"=x..."});
}

TEST(FormData, ABoundaryEndsAHeader) {
    EXPECT_EQ(read("--XX\r\nContent-Disposition: filename=lost\r\n" + file("one\r\n--XX--")).files,
              Files{"a.exe=one"});
    EXPECT_EQ(read("--XX\r\nContent-Disposition: filename=lost\r\n--XX--\r\n\r\nx").files, Files{});
}

TEST(FormData, Limits) {
    const std::string wide(FormData::kMaxField, 'w');
    EXPECT_TRUE(read("--XX\r\nContent-Disposition: " + wide + "; filename=n\r\n\r\nx").too_long);
    EXPECT_TRUE(read("--XX\r\nContent-Disposition: filename=" +
                     std::string(FormData::kMaxName + 1, 'n') + "\r\n\r\nx")
                    .too_long);
    const std::string most(FormData::kMaxName, 'n');
    EXPECT_EQ(read("--XX\r\nContent-Disposition: filename=" + most + "\r\n\r\nx").files,
              Files{most + "=x..."});
    // Of other fields nobody wants to know anything.
    EXPECT_EQ(
        read("--XX\r\nX-Any: " + wide + wide + "\r\n y\r\nContent-Disposition: filename=n\r\n\r\nx")
            .files,
        Files{"n=x..."});
}

TEST(FormData, UsableBoundaries) {
    EXPECT_FALSE(FormData::usable(form_bytes("")));
    EXPECT_FALSE(FormData::usable(form_bytes("a\nb")));
    EXPECT_TRUE(FormData::usable(form_bytes(std::string(FormData::kMaxBoundary, '-'))));
    EXPECT_FALSE(FormData::usable(form_bytes(std::string(FormData::kMaxBoundary + 1, '-'))));
    EXPECT_EQ(
        read("------\r\nContent-Disposition: filename=n\r\n\r\n-----\r\n--------", "----").files,
        Files{"n=-----"});
}

}  // namespace
}  // namespace sluice::app
