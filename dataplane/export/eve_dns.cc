// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_dns.h"

#include "dataplane/app/dns_message.h"
#include "dataplane/base/dns_names.h"

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::exporter {
namespace {

using app::DnsFault;
using app::DnsMessage;
using app::DnsRecord;
using app::DnsSection;

constexpr DnsMessage::Room kRoom{.records = 256, .names = std::size_t{32} * 1024};

// Types whose data is told.
enum Type : std::uint16_t {
    kA = 1,
    kNs = 2,
    kCname = 5,
    kSoa = 6,
    kNull = 10,
    kPtr = 12,
    kMx = 15,
    kTxt = 16,
    kAaaa = 28,
    kSrv = 33,
    kSshfp = 44,
};

std::string named(std::string_view name, std::uint16_t number) {
    return name.empty() ? std::to_string(number) : std::string(name);
}

std::string type_name(std::uint16_t type) {
    return named(dns_name_of(kDnsTypes, type), type);
}

std::string rcode_name(std::uint8_t rcode) {
    return named(dns_name_of(kDnsRcodes, rcode), rcode);
}

// As Suricata writes bytes that need not be text: when they are not UTF-8, those above ASCII as
// \xNN.
std::string text_of(Bytes bytes) {
    std::string out(bytes.begin(), bytes.end());
    if (is_utf8(out)) {
        return out;
    }
    out.clear();
    for (const std::uint8_t c : bytes) {
        if (c < 0x80) {
            out += static_cast<char>(c);
        } else {
            std::array<char, 5> hex{};
            std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned>(c));
            out += hex.data();
        }
    }
    return out;
}

std::string address_text(Bytes b) {
    std::string out;
    std::array<char, 8> part{};
    for (std::size_t i = 0; b.size() == 4 && i < b.size(); ++i) {
        out += (i == 0 ? "" : ".") + std::to_string(b[i]);
    }
    for (std::size_t i = 0; b.size() == 16 && i < b.size(); i += 2) {
        std::snprintf(part.data(), part.size(), "%s%02x%02x", i == 0 ? "" : ":",
                      static_cast<unsigned>(b[i]), static_cast<unsigned>(b[i + 1]));
        out += part.data();
    }
    return out;
}

// What a record says, in one of two shapes: a text, or an object.
struct Rdata {
    std::string_view key = "rdata";
    std::string text = {};
    bool cut = false;
    bool shown = false;
    std::function<void(JsonWriter&)> object = {};
};

class Writer {
  public:
    explicit Writer(DnsMessage& message) : m_(message) {}

    void query(const DnsRecord& q, std::uint64_t tx_id, JsonWriter& json) {
        json.begin_object();
        query_fields(q, tx_id, json);
        json.end_object();
    }

    void query_fields(const DnsRecord& q, std::uint64_t tx_id, JsonWriter& json) {
        json.field("type", "query").field("id", m_.header().id);
        name(q, json);
        json.field("rrtype", type_name(q.type)).field("tx_id", tx_id);
        flag("z", 0x0040, json);
        json.field("opcode", m_.header().opcode());
    }

    void answer_fields(JsonWriter& json) {
        const app::DnsHeader& h = m_.header();
        json.field("version", 2).field("type", "answer").field("id", h.id);
        std::array<char, 8> flags{};
        std::snprintf(flags.data(), flags.size(), "%x", static_cast<unsigned>(h.flags));
        json.field("flags", flags.data());
        flag("qr", 0x8000, json);
        flag("aa", 0x0400, json);
        flag("tc", 0x0200, json);
        flag("rd", 0x0100, json);
        flag("ra", 0x0080, json);
        flag("z", 0x0040, json);
        json.field("opcode", h.opcode());
        if (!m_.section(DnsSection::kQuestion).empty()) {
            const DnsRecord& q = m_.section(DnsSection::kQuestion).front();
            name(q, json);
            json.field("rrtype", type_name(q.type));
        }
        json.field("rcode", rcode_name(h.rcode()));
        records("answers", DnsSection::kAnswer, json);
        grouped(json);
        records("authorities", DnsSection::kAuthority, json);
    }

  private:
    void flag(std::string_view key, unsigned bit, JsonWriter& json) {
        if ((m_.header().flags & bit) != 0) {
            json.flag(key, true);
        }
    }

    static void name(const DnsRecord& r, JsonWriter& json) {
        json.field("rrname", text_of(r.name));
        if (r.name_cut) {
            json.flag("rrname_truncated", true);
        }
    }

    Rdata named(const DnsRecord& r, std::size_t skip) {
        const DnsMessage::Name n = m_.name_at(m_.offset_of(r.data) + skip);
        return {.text = text_of(n.text), .cut = n.cut, .shown = n.ok};
    }

    Rdata soa(const DnsRecord& r) {
        const DnsMessage::Name mname = m_.name_at(m_.offset_of(r.data));
        const DnsMessage::Name rname = mname.ok ? m_.name_at(mname.end) : DnsMessage::Name{};
        const std::size_t from = rname.end - m_.offset_of(r.data);
        if (!rname.ok || from > r.data.size()) {
            return {};
        }
        Cursor c(r.data.subspan(from));
        std::array<std::uint32_t, 5> numbers{};
        for (std::uint32_t& n : numbers) {
            n = c.be32().host();
        }
        const auto write = [m = text_of(mname.text), n = text_of(rname.text),
                            numbers](JsonWriter& json) {
            json.begin_object().field("mname", m).field("rname", n);
            json.field("serial", numbers[0]).field("refresh", numbers[1]);
            json.field("retry", numbers[2]).field("expire", numbers[3]);
            json.field("minimum", numbers[4]).end_object();
        };
        return {.key = "soa", .shown = c.ok(), .object = write};
    }

    Rdata srv(const DnsRecord& r) {
        constexpr std::size_t kFixed = 6;
        Cursor c(r.data);
        const std::uint16_t priority = c.be16().host();
        const std::uint16_t weight = c.be16().host();
        const std::uint16_t port = c.be16().host();
        Rdata target = c.ok() ? named(r, kFixed) : Rdata{};
        target.key = "srv";
        target.object = [=, text = target.text](JsonWriter& json) {
            json.begin_object().field("priority", priority).field("weight", weight);
            json.field("port", port).field("name", text).end_object();
        };
        return target;
    }

    static Rdata sshfp(const DnsRecord& r) {
        Cursor c(r.data);
        const std::uint8_t algo = c.u8();
        const std::uint8_t type = c.u8();
        std::string print;
        std::array<char, 4> hex{};
        for (const std::uint8_t b : c.ok() ? c.rest() : Bytes{}) {
            std::snprintf(hex.data(), hex.size(), "%s%02x", print.empty() ? "" : ":",
                          static_cast<unsigned>(b));
            print += hex.data();
        }
        const auto write = [=](JsonWriter& json) {
            json.begin_object().field("fingerprint", print).field("algo", algo);
            json.field("type", type).end_object();
        };
        return {.key = "sshfp", .shown = c.ok(), .object = write};
    }

    // Nothing but name, type and ttl is told of other types.
    Rdata rdata(const DnsRecord& r) {
        switch (r.type) {
            case kA:
            case kAaaa:
                return {.text = address_text(r.data), .shown = true};
            case kNs:
            case kCname:
            case kPtr:
                return named(r, 0);
            case kMx:
                return r.data.size() < 2 ? Rdata{} : named(r, 2);
            case kNull:
                return {.text = text_of(r.data), .shown = true};
            case kSoa:
                return soa(r);
            case kSrv:
                return srv(r);
            case kSshfp:
                return sshfp(r);
            default:
                return {};
        }
    }

    // A TXT record counts as one for each of its strings.
    std::vector<Rdata> all_rdata(const DnsRecord& r) {
        if (r.type != kTxt) {
            return {rdata(r)};
        }
        std::vector<Rdata> out;
        Cursor c(r.data);
        while (c.remaining() != 0) {
            const Bytes part = c.take(c.u8());
            if (!c.ok()) {
                break;
            }
            out.push_back({.text = text_of(part), .shown = true});
        }
        return out;
    }

    static void value(const Rdata& d, JsonWriter& json) {
        if (d.object) {
            d.object(json);
        } else {
            json.text(d.text);
        }
    }

    void record(const DnsRecord& r, const Rdata& d, JsonWriter& json) {
        json.begin_object();
        name(r, json);
        json.field("rrtype", type_name(r.type)).field("ttl", r.ttl);
        if (d.shown) {
            json.key(d.key);
            value(d, json);
            if (d.cut) {
                json.flag("rdata_truncated", true);
            }
        }
        json.end_object();
    }

    void records(std::string_view key, DnsSection section, JsonWriter& json) {
        if (m_.section(section).empty()) {
            return;
        }
        json.key(key).begin_array();
        for (const DnsRecord& r : m_.section(section)) {
            for (const Rdata& d : all_rdata(r)) {
                record(r, d, json);
            }
        }
        json.end_array();
    }

    void grouped(JsonWriter& json) {
        std::map<std::string, std::vector<Rdata>> by_type;
        for (const DnsRecord& r : m_.section(DnsSection::kAnswer)) {
            for (Rdata& d : all_rdata(r)) {
                if (d.shown) {
                    by_type[type_name(r.type)].push_back(std::move(d));
                }
            }
        }
        if (by_type.empty()) {
            return;
        }
        json.key("grouped").begin_object();
        for (const auto& [type, values] : by_type) {
            json.key(type).begin_array();
            for (const Rdata& d : values) {
                value(d, json);
            }
            json.end_array();
        }
        json.end_object();
    }

    DnsMessage& m_;
};

// The message may be cut: what of it is there is told.
bool read(const abi::EventRecord& e, DnsMessage& message) {
    if (e.data_len == 0) {
        return false;
    }
    const DnsFault fault = message.parse(Bytes(e.data).first(e.data_len));
    return fault != DnsFault::kHeader && fault != DnsFault::kQuestions;
}

}  // namespace

void write_alert_dns(const abi::EventRecord& e, JsonWriter& json) {
    DnsMessage message(kRoom);
    if (!read(e, message)) {
        return;
    }
    Writer writer(message);
    json.key("dns").begin_object();
    json.field("version", 2);
    if (message.header().is_response()) {
        json.key("answer").begin_object();
        writer.answer_fields(json);
        json.end_object();
    } else {
        json.key("query").begin_array();
        for (const DnsRecord& q : message.section(DnsSection::kQuestion)) {
            writer.query(q, e.tx_id, json);
        }
        json.end_array();
    }
    json.end_object();
}

void for_each_dns_event(const abi::EventRecord& e,
                        const std::function<void(const DnsMember&)>& line) {
    DnsMessage message(kRoom);
    if (!read(e, message)) {
        return;
    }
    Writer writer(message);
    if (message.header().is_response()) {
        line([&](JsonWriter& json) {
            json.key("dns").begin_object();
            writer.answer_fields(json);
            json.end_object();
        });
        return;
    }
    for (const DnsRecord& q : message.section(DnsSection::kQuestion)) {
        line([&](JsonWriter& json) {
            json.key("dns").begin_object();
            json.field("version", 2);
            writer.query_fields(q, e.tx_id, json);
            json.end_object();
        });
    }
}

}  // namespace sluice::exporter
