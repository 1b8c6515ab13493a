// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/keyword_notes.h"

#include "signatures/compile/event_table.h"
#include "signatures/lang/keywords.h"

#include <algorithm>
#include <array>
#include <map>

namespace sluice::compile {
namespace {

constexpr auto kNotes = std::to_array<KeywordNote>({
#define SLUICE_NOTE(keyword, meaning, deviation) {keyword, meaning, deviation},
#include "signatures/compile/keyword_notes.def"
#undef SLUICE_NOTE
});

constexpr bool sorted() {
    for (std::size_t i = 1; i < kNotes.size(); ++i) {
        if (!(kNotes[i - 1].keyword < kNotes[i].keyword)) {
            return false;
        }
    }
    return true;
}

static_assert(sorted());

struct Section {
    lang::KeywordClass kind;
    std::string_view title;
};

constexpr std::array kSections{
    Section{lang::KeywordClass::kMetadata, "About the rule"},
    Section{lang::KeywordClass::kPayload, "Bytes"},
    Section{lang::KeywordClass::kContentModifier, "Modifiers of the content before them"},
    Section{lang::KeywordClass::kBufferModifier, "Older modifiers that name a buffer"},
    Section{lang::KeywordClass::kStickyBuffer, "Buffers: what follows looks at them"},
    Section{lang::KeywordClass::kTransform, "Transforms of the buffer before them"},
    Section{lang::KeywordClass::kHeader, "Headers of one packet"},
    Section{lang::KeywordClass::kFlow, "The flow, and state"},
    Section{lang::KeywordClass::kApp, "Fields of application protocols"},
    Section{lang::KeywordClass::kFile, "Files"},
    Section{lang::KeywordClass::kAction, "What a match does"},
    Section{lang::KeywordClass::kEvent, "Events"},
};

// A table cell cannot hold a bar.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

std::string aliases_of(std::string_view canonical) {
    std::string out;
    for (const lang::Keyword& k : lang::all_keywords()) {
        if (k.canonical == canonical && k.name != canonical) {
            out += ", `" + std::string(k.name) + "`";
        }
    }
    return out;
}

void add_section(const Section& section, std::string& out) {
    std::map<std::string_view, const KeywordNote*> compiled;
    for (const lang::Keyword& k : lang::all_keywords()) {
        const KeywordNote* note = find_note(k.canonical);
        if (k.kind == section.kind && note != nullptr && !note->meaning.empty()) {
            compiled[k.canonical] = note;
        }
    }
    if (compiled.empty()) {
        return;
    }
    out += "\n## " + std::string(section.title) +
           "\n\n| keyword | meaning | differs from Suricata |\n| --- | --- | --- |\n";
    for (const auto& [name, note] : compiled) {
        out += "| `" + std::string(name) + "`" + aliases_of(name) + " | " + cell(note->meaning) +
               " | " + cell(note->deviation) + " |\n";
    }
}

void add_missing(std::string& out) {
    out +=
        "\n## Known, not compiled\n\nRules with these are listed as unsupported.\n\n| keyword | "
        "why |\n| --- | --- |\n";
    std::map<std::string_view, std::string> missing;
    for (const lang::Keyword& k : lang::all_keywords()) {
        const KeywordNote* note = find_note(k.canonical);
        if (note == nullptr) {
            missing[k.canonical] =
                k.protocol.empty() ? "not in this version" : "protocol " + std::string(k.protocol);
        } else if (note->meaning.empty()) {
            missing[k.canonical] = note->deviation;
        }
    }
    for (const auto& [name, why] : missing) {
        out += "| `" + std::string(name) + "`" + aliases_of(name) + " | " + cell(why) + " |\n";
    }
}

void add_events(std::string& out) {
    out +=
        "\n## Events by name\n\n`decoder.` and `stream.` are left out in `decode-event` and "
        "`stream-event`; `applayer_` is for `app-layer-event`. Where Suricata tells more kinds "
        "apart than Sluice,\none reason stands for "
        "several events. Rules on events without a reason are unsupported.\n\n| event | reason | "
        "note |\n| --- | --- | --- |\n";
    for (const Event& e : all_events()) {
        std::string reasons(e.reasons);
        out += "| " + std::string(e.name) + " | " + reasons + " | " + cell(e.note) + " |\n";
    }
    out +=
        "\n## Events of application parsers\n\nRules on events that are not reported are "
        "unsupported.\n\n| event | reported | note |\n| --- | --- | --- |\n";
    for (const AppEventRow& e : all_app_events()) {
        out += "| " + std::string(e.name) + " | " + (e.reported ? "yes" : "no") + " | " +
               cell(e.note) + " |\n";
    }
}

}  // namespace

std::span<const KeywordNote> keyword_notes() {
    return kNotes;
}

const KeywordNote* find_note(std::string_view canonical) {
    const auto* at = std::lower_bound(
        kNotes.begin(), kNotes.end(), canonical,
        [](const KeywordNote& n, std::string_view name) { return n.keyword < name; });
    return at != kNotes.end() && at->keyword == canonical ? at : nullptr;
}

std::string keyword_page() {
    std::string out =
        "# Keywords\n\nMade by `sluice keywords`; a test compares. Every keyword of Suricata "
        "7.0.10, from the tables that the compiler uses.\n";
    for (const Section& section : kSections) {
        add_section(section, out);
    }
    add_missing(out);
    add_events(out);
    return out;
}

}  // namespace sluice::compile
