// SPDX-License-Identifier: Apache-2.0
// Cuts rule text into logical lines: comments and empty lines left out, lines joined that end in a
// backslash. Each remembers where its bytes stood. Joined text is owned by the reader and valid
// until the next call. One thread per object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::lang {

struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

class LineReader {
  public:
    explicit LineReader(std::string_view text) : rest_(text) {}

    // False at the end of the text.
    bool next();

    // Without blanks around it; never empty.
    std::string_view text() const { return text_; }

    // Place of text()[offset].
    Position position(std::size_t offset) const;

  private:
    struct Piece {
        std::size_t offset = 0;  // in the joined text
        Position at;
    };

    std::string_view take_physical();
    void join(std::string_view first);
    void strip();

    std::string_view rest_;
    std::uint32_t line_ = 0;  // of the physical line taken last
    std::string joined_;
    std::string_view text_;
    std::size_t skipped_ = 0;  // blanks stripped from the front of the first piece
    std::vector<Piece> pieces_;
};

}  // namespace sluice::lang
