// SPDX-License-Identifier: Apache-2.0
// Reads a form in pieces with FormData and takes note of the files as Http1 shows them. Borrows the
// body. Single thread.
#pragma once

#include "dataplane/app/form_data.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

inline Bytes form_bytes(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

struct Reading {
    std::vector<std::string> files;  // "name=bytes", with "..." where no boundary ended it
    bool too_long = false;
    bool invalid_header = false;
    bool no_file_data = false;

    friend bool operator==(const Reading&, const Reading&) = default;
};

// Takes note of the file at hand as Http1 does, at each stop.
class FormReader {
  public:
    FormReader(std::string_view boundary, std::string_view body)
        : form_(form_bytes(boundary)), body_(body) {}

    Reading run(std::size_t piece) {
        for (std::size_t to = 0; to < body_.size() && !out_.too_long;) {
            to = std::min(to + piece, body_.size());
            read_to(to);
        }
        const bool open = form_.file().any && !form_.file().ended;
        form_.end();
        note();
        if (open && !out_.files.empty()) {
            out_.files.back() += "...";
        }
        out_.invalid_header = form_.invalid_header();
        out_.no_file_data = form_.no_file_data();
        return out_;
    }

    // What was promised and is not so; empty: nothing.
    const std::string& broken() const { return broken_; }

  private:
    void read_to(std::size_t to) {
        app::FormData::Stop stop = app::FormData::Stop::kNextFile;
        while (stop == app::FormData::Stop::kNextFile) {
            const auto from = static_cast<std::size_t>(form_.position());
            stop = form_.read(form_bytes(body_.substr(from, to - from)));
            out_.too_long = stop == app::FormData::Stop::kTooLong;
            note();
        }
        check(out_.too_long || form_.position() == to, "not everything was read");
    }

    void note() {
        const app::FormData::File& f = form_.file();
        if (!f.any) {
            return;
        }
        check(f.begin <= f.end && f.seen <= f.end && f.end <= form_.position(), "extent");
        if (!f.named) {
            out_.files.push_back(std::string(form_.file_name().begin(), form_.file_name().end()) +
                                 "=");
        }
        out_.files.back() += body_.substr(static_cast<std::size_t>(f.seen),
                                          static_cast<std::size_t>(f.end - f.seen));
        form_.shown();
    }

    void check(bool ok, const char* what) { broken_ = ok || !broken_.empty() ? broken_ : what; }

    app::FormData form_;
    std::string_view body_;
    Reading out_;
    std::string broken_;
};

}  // namespace sluice::test
