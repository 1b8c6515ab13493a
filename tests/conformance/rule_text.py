# SPDX-License-Identifier: Apache-2.0
"""Rules as text, read far enough to make traffic for them: header, options, and per buffer what its bytes must hold.

read_rules(path) gives Rule objects; Rule.buffers maps a buffer's name to the list of Want in the order of the rule.
"""
import dataclasses
import re

# Modifiers of the old style name the buffer of the content before them.
LEGACY = {
    "http_uri": "http.uri", "http_raw_uri": "http.uri.raw", "http_method": "http.method", "http_header": "http.header",
    "http_raw_header": "http.header.raw", "http_cookie": "http.cookie", "http_user_agent": "http.user_agent",
    "http_host": "http.host", "http_raw_host": "http.host.raw", "http_client_body": "http.request_body",
    "http_stat_code": "http.stat_code", "http_stat_msg": "http.stat_msg", "http_server_body": "http.response_body",
    "http_referer": "http.referer", "http_content_type": "http.content_type",
}
STICKY = {
    "http.uri": "http.uri", "http.uri.raw": "http.uri.raw", "http.method": "http.method", "http.header": "http.header",
    "http.header.raw": "http.header.raw", "http.cookie": "http.cookie", "http.user_agent": "http.user_agent", "http.host": "http.host",
    "http.host.raw": "http.host.raw", "http.request_body": "http.request_body", "http.stat_code": "http.stat_code",
    "http.stat_msg": "http.stat_msg", "http.response_body": "http.response_body", "http.referer": "http.referer",
    "http.content_type": "http.content_type", "http.accept": "http.accept", "http.accept_lang": "http.accept_lang",
    "http.accept_enc": "http.accept_enc", "http.connection": "http.connection", "http.content_len": "http.content_len",
    "http.header_names": "http.header_names", "http.protocol": "http.protocol", "http.request_line": "http.request_line",
    "http.response_line": "http.response_line", "http.start": "http.start", "http.location": "http.location",
    "http.server": "http.server", "file.data": "file.data", "file_data": "file.data", "dns.query": "dns.query", "dns_query": "dns.query",
    "tls.sni": "tls.sni", "tls_sni": "tls.sni", "tls.cert_subject": "tls.cert_subject", "tls_cert_subject": "tls.cert_subject",
    "tls.cert_issuer": "tls.cert_issuer", "tls_cert_issuer": "tls.cert_issuer", "tls.cert_serial": "tls.cert_serial",
    "tls.cert_fingerprint": "tls.cert_fingerprint", "ja3.hash": "ja3.hash", "ja3_hash": "ja3.hash", "ja3s.hash": "ja3s.hash",
    "pkt_data": "payload",
}
# Letters behind a pcre that name a buffer.
PCRE_BUFFERS = {"U": "http.uri", "I": "http.uri.raw", "P": "http.request_body", "Q": "http.response_body", "H": "http.header",
                "D": "http.header.raw", "M": "http.method", "C": "http.cookie", "S": "http.stat_code", "Y": "http.stat_msg",
                "V": "http.user_agent", "W": "http.host", "Z": "http.host.raw"}
HEADER = re.compile(r"(\w+)\s+(\S+)\s+(\[.*?\]|\S+)\s+(\[.*?\]|\S+)\s+(->|<>)\s+(\[.*?\]|\S+)\s+(\[.*?\]|\S+)\s*\((.*)\)\s*$")


@dataclasses.dataclass
class Want:
    """One thing that a buffer must hold: bytes (content), or a regular expression."""
    content: bytes = b""
    pcre: str = ""
    flags: str = ""
    negated: bool = False
    words: dict = dataclasses.field(default_factory=dict)  # offset, depth, distance, within, nocase, startswith, endswith, bsize

    def number(self, word):
        try:
            return int(self.words[word])
        except (KeyError, ValueError):
            return None


@dataclasses.dataclass
class Rule:
    sid: int
    action: str
    proto: str
    src: str
    src_port: str
    dst: str
    dst_port: str
    options: list
    buffers: dict = dataclasses.field(default_factory=dict)
    text: str = ""

    def has(self, word, value=""):
        return any(k == word and value in v for k, v in self.options)

    def value(self, word):
        return next((v for k, v in self.options if k == word), "")


def split_options(text):
    """'a:b; c;' as pairs; a backslash keeps a semicolon, quotes do not."""
    out, part, escaped = [], "", False
    for c in text:
        if c == ";" and not escaped:
            word, _, value = part.strip().partition(":")
            if word:
                out.append((word.strip(), value.strip()))
            part = ""
            continue
        escaped = c == "\\" and not escaped
        part += c
    return out


def content_bytes(text):
    """The bytes of a content's quoted text: |41 42| is hexadecimal, a backslash takes the next character as it is."""
    out, i = bytearray(), 0
    while i < len(text):
        if text[i] == "|":
            end = text.index("|", i + 1)
            out += bytes.fromhex(text[i + 1:end].replace(" ", ""))
            i = end + 1
            continue
        if text[i] == "\\" and i + 1 < len(text):
            i += 1
        out += text[i].encode("utf-8", "surrogateescape")
        i += 1
    return bytes(out)


def unquote(value):
    negated = value.startswith("!")
    value = value[1:].strip() if negated else value
    return (value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value), negated


def read_buffers(rule):
    """Sorts contents and expressions into buffers, as the words around them say."""
    current, last = "payload", None
    where = {}
    wants = []
    for word, value in rule.options:
        if word in STICKY:
            current, last = STICKY[word], None
            where.setdefault(current, [])
        elif word in ("content", "uricontent"):
            text, negated = unquote(value)
            last = Want(content=content_bytes(text), negated=negated)
            wants.append(last)
            where.setdefault("http.uri" if word == "uricontent" else current, []).append(last)
        elif word == "pcre":
            text, negated = unquote(value)
            body, _, flags = text[1:].rpartition("/")
            last = Want(pcre=body, flags=flags, negated=negated)
            buffer = next((PCRE_BUFFERS[f] for f in flags if f in PCRE_BUFFERS), current)
            where.setdefault(buffer, []).append(last)
        elif word in LEGACY and last is not None:
            for items in where.values():
                if any(w is last for w in items):
                    items[:] = [w for w in items if w is not last]
            where.setdefault(LEGACY[word], []).append(last)
        elif word in ("offset", "depth", "distance", "within", "nocase", "startswith", "endswith") and last is not None:
            last.words[word] = value
        elif word == "bsize" and where.get(current):
            where[current][-1].words["bsize"] = value
        elif word == "isdataat" and last is not None:
            last.words["isdataat"] = value
    rule.buffers = {k: v for k, v in where.items() if v}


def read_rules(path):
    for line in open(path, errors="surrogateescape"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        m = HEADER.match(line)
        if not m:
            continue
        action, proto, src, sport, _, dst, dport, body = m.groups()
        options = split_options(body)
        sid = next((v for k, v in options if k == "sid"), "")
        if not sid.isdigit():
            continue
        rule = Rule(int(sid), action, proto, src, sport, dst, dport, options, text=line)
        try:
            read_buffers(rule)
        except ValueError:
            continue
        yield rule
