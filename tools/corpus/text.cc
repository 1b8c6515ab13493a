// SPDX-License-Identifier: Apache-2.0
#include "tools/corpus/text.h"

#include <array>
#include <cstddef>

namespace sluice::corpus {

namespace {

constexpr std::array kWords = {
    "about",    "account", "after",    "again",    "always",   "answer",   "article",  "author",
    "banner",   "because", "before",   "better",   "between",  "billing",  "branch",   "brand",
    "button",   "cache",   "callback", "campaign", "cart",     "catalog",  "center",   "change",
    "checkout", "city",    "class",    "click",    "client",   "close",    "color",    "column",
    "comment",  "company", "complete", "contact",  "content",  "cookie",   "country",  "course",
    "create",   "current", "customer", "data",     "date",     "default",  "delivery", "design",
    "detail",   "device",  "dialog",   "digital",  "discount", "display",  "document", "domain",
    "download", "driver",  "early",    "element",  "email",    "enter",    "entry",    "error",
    "event",    "every",   "example",  "export",   "family",   "feature",  "field",    "figure",
    "filter",   "first",   "follow",   "footer",   "format",   "forward",  "frame",    "friend",
    "function", "future",  "gallery",  "general",  "global",   "grid",     "group",    "guide",
    "handle",   "header",  "health",   "height",   "hidden",   "history",  "home",     "hover",
    "image",    "import",  "index",    "inform",   "inline",   "input",    "install",  "issue",
    "item",     "join",    "journal",  "kitchen",  "label",    "language", "large",    "layout",
    "learn",    "length",  "letter",   "library",  "light",    "limit",    "listen",   "load",
    "local",    "login",   "loop",     "machine",  "main",     "manager",  "margin",   "market",
    "master",   "media",   "member",   "menu",     "message",  "method",   "middle",   "mobile",
    "model",    "module",  "month",    "more",     "music",    "name",     "native",   "network",
    "news",     "next",    "node",     "normal",   "note",     "number",   "object",   "offer",
    "office",   "online",  "option",   "order",    "other",    "output",   "padding",  "page",
    "panel",    "parent",  "partner",  "password", "people",   "person",   "phone",    "picture",
    "place",    "player",  "point",    "policy",   "popular",  "position", "post",     "power",
    "press",    "price",   "print",    "privacy",  "product",  "profile",  "program",  "project",
    "public",   "quality", "query",    "question", "quick",    "rating",   "reader",   "record",
    "region",   "related", "release",  "remove",   "render",   "report",   "request",  "research",
    "result",   "return",  "review",   "river",    "route",    "school",   "screen",   "script",
    "scroll",   "search",  "season",   "section",  "select",   "server",   "service",  "session",
    "share",    "shop",    "short",    "sign",     "single",   "size",     "slide",    "small",
    "social",   "source",  "space",    "special",  "start",    "state",    "station",  "status",
    "store",    "story",   "street",   "string",   "student",  "style",    "submit",   "summer",
    "support",  "switch",  "system",   "table",    "target",   "team",     "template", "text",
    "theme",    "ticket",  "time",     "title",    "today",    "token",    "tool",     "total",
    "touch",    "track",   "travel",   "type",     "under",    "update",   "upload",   "user",
    "value",    "vendor",  "version",  "video",    "view",     "visit",    "volume",   "water",
    "weather",  "week",    "widget",   "width",    "window",   "winter",   "wrapper",  "write",
    "year",     "young",   "zone"};

constexpr std::array kAgents = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0"};

const char* word(Random& r) {
    return kWords[r.below(static_cast<std::uint32_t>(kWords.size()))];
}

std::string name(Random& r) {
    std::string out = word(r);
    out += r.below(2) != 0 ? "-" : "_";
    return out + word(r);
}

void add_sentence(Random& r, std::string& out) {
    const std::uint32_t n = 4 + r.below(14);
    for (std::uint32_t i = 0; i < n; ++i) {
        out += word(r);
        out += i + 1 == n ? ". " : " ";
    }
}

void add_html(Random& r, std::string& out) {
    switch (r.below(5)) {
        case 0:
            out += "<div class=\"" + name(r) + "\" id=\"" + word(r) +
                   std::to_string(r.below(1000)) + "\">\n  <p>";
            add_sentence(r, out);
            out += "</p>\n</div>\n";
            break;
        case 1:
            out += "<a href=\"/" + name(r) + "/" + word(r) + ".html\" title=\"" + word(r) + "\">" +
                   word(r) + "</a>\n";
            break;
        case 2:
            out += "<li class=\"item\"><img src=\"/images/" + name(r) + ".png\" alt=\"" + word(r) +
                   "\" width=\"" + std::to_string(r.below(800)) + "\"></li>\n";
            break;
        case 3:
            out += "<h2>" + name(r) + "</h2>\n<p>";
            add_sentence(r, out);
            add_sentence(r, out);
            out += "</p>\n";
            break;
        default:
            out += std::string("<input type=\"text\" name=\"") + word(r) + "\" value=\"" + word(r) +
                   "\" />\n";
            break;
    }
}

void add_script(Random& r, std::string& out) {
    switch (r.below(4)) {
        case 0:
            out += std::string("function ") + word(r) + std::to_string(r.below(100)) +
                   "(e, t) {\n  var n = this." + word(r) + ";\n  return n." + word(r) +
                   "(e) || t." + word(r) + ";\n}\n";
            break;
        case 1:
            out += std::string("if (typeof ") + word(r) + " !== \"undefined\" && " + word(r) +
                   ".length > " + std::to_string(r.below(50)) + ") { " + word(r) + ".push(\"" +
                   name(r) + "\"); }\n";
            break;
        case 2:
            out += std::string("$(\"#") + word(r) + "\").on(\"click\", function() { window." +
                   word(r) + " = " + std::to_string(r.below(9999)) + "; });\n";
            break;
        default:
            out += std::string("const ") + word(r) + " = document.querySelector(\"." + name(r) +
                   "\"); // ";
            add_sentence(r, out);
            out += "\n";
            break;
    }
}

void add_style(Random& r, std::string& out) {
    out += "." + name(r) + " { margin: " + std::to_string(r.below(40)) + "px; color: #" +
           std::to_string(100000 + r.below(899999)) +
           "; display: " + (r.below(2) != 0 ? "block" : "flex") + "; background: url(/img/" +
           word(r) + ".svg) }\n";
}

void add_json(Random& r, std::string& out) {
    out += "{\"" + std::string(word(r)) + "\": \"" + name(r) + "\", \"" + word(r) +
           "\": " + std::to_string(r.below(100000)) + ", \"" + word(r) + "\": [" +
           (r.below(2) != 0 ? "true" : "null") + "]},\n";
}

void add_noise(Random& r, std::string& out) {
    for (int i = 0; i < 32; ++i) {
        const std::uint64_t v = r.next();
        for (unsigned shift = 0; shift < 64; shift += 8) {
            out += static_cast<char>((v >> shift) & 0xff);
        }
    }
}

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

const char* content_type(BodyKind kind) {
    switch (kind) {
        case BodyKind::kHtml:
            return "text/html; charset=utf-8";
        case BodyKind::kScript:
            return "application/javascript";
        case BodyKind::kStyle:
            return "text/css";
        case BodyKind::kJson:
            return "application/json";
        case BodyKind::kPicture:
            break;
    }
    return "image/jpeg";
}

std::string make_body(Random& random, BodyKind kind, std::size_t bytes) {
    std::string out;
    out.reserve(bytes + 1024);
    while (out.size() < bytes) {
        switch (kind) {
            case BodyKind::kHtml:
                add_html(random, out);
                break;
            case BodyKind::kScript:
                add_script(random, out);
                break;
            case BodyKind::kStyle:
                add_style(random, out);
                break;
            case BodyKind::kJson:
                add_json(random, out);
                break;
            case BodyKind::kPicture:
                add_noise(random, out);
                break;
        }
    }
    out.resize(bytes);
    return out;
}

std::string make_target(Random& random, BodyKind kind) {
    static constexpr std::array kExtensions = {".html", ".js", ".css", ".json", ".jpg"};
    std::string out = "/" + name(random) + "/" + word(random) +
                      std::to_string(random.below(10000)) +
                      kExtensions[static_cast<std::size_t>(kind)];
    if (random.below(4) == 0) {
        out += std::string("?") + word(random) + "=" + std::to_string(random.below(100000)) + "&" +
               word(random) + "=" + word(random);
    }
    return out;
}

const char* pick_user_agent(Random& random) {
    return kAgents[random.below(static_cast<std::uint32_t>(kAgents.size()))];
}

std::string make_host(Random& random) {
    return std::string(random.below(2) != 0 ? "www." : "static.") + word(random) + word(random) +
           ".example";
}

}  // namespace sluice::corpus
