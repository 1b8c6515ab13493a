// SPDX-License-Identifier: Apache-2.0
// The text of a content: bytes, with |hex digits| and escaped characters in between. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::compile {

// Appends its bytes to 'out'. Null: good, else what is wrong with it.
const char* read_content_text(std::string_view text, std::string& out);

}  // namespace sluice::compile
