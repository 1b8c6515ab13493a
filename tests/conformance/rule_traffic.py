#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes conversations out of rules: for each rule, one that its contents and expressions describe, so that two engines that read
the rule alike alert alike. Not every conversation matches its rule; what counts is that both engines say the same.

usage: rule_traffic.py RULES -o FOLDER [--every N] [--offset N] [--only http|dns|tls|tcp|udp|icmp] [--mss N] [--coding gzip]

Writes FOLDER/rules-NNN.pcap and FOLDER/rules.tsv (capture, client, sid). Every conversation has a client of its own.
"""
import argparse
import os
import re
import struct
import sys
import warnings
import zlib

from frames import Capture, Tcp
from rule_text import read_rules

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sre_constants as sre
    import sre_parse

MAX_CONTENT = 6000
# The words of a rule whose conversation needs more than these builders know.
SKIPPED = {"flowint", "xbits", "hostbits", "dsize", "ip_proto", "stream_size", "file.name", "filename", "fileext", "filemagic"}


class CannotMake(Exception):
    """This rule asks for something that is not made here."""


# ---- bytes that a regular expression describes

def sample_class(items):
    negate = items[0][0] is sre.NEGATE
    chosen = set()
    for op, arg in items[1:] if negate else items:
        if op is sre.LITERAL:
            chosen.add(arg)
        elif op is sre.RANGE:
            chosen.update(range(arg[0], min(arg[1], 255) + 1))
        elif op is sre.CATEGORY:
            chosen.update(sample_category(arg))
    if negate:
        chosen = set(range(256)) - chosen
    for good in (b"abcdefghijklmnopqrstuvwxyz", b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"-_.=&/ "):
        for c in good:
            if c in chosen:
                return c
    return min(chosen, default=0x41)


def sample_category(name):
    digits, words, spaces = set(b"0123456789"), set(b"abcXYZ019_"), set(b" \t\r\n")
    table = {sre.CATEGORY_DIGIT: digits, sre.CATEGORY_WORD: words, sre.CATEGORY_SPACE: spaces, sre.CATEGORY_NOT_DIGIT: set(b"ab/"),
             sre.CATEGORY_NOT_WORD: set(b"-/."), sre.CATEGORY_NOT_SPACE: set(b"ab1")}
    return table[name]


def sample(tree, groups):
    out = bytearray()
    for op, arg in tree:
        if op is sre.LITERAL:
            out.append(arg & 0xff)
        elif op is sre.NOT_LITERAL:
            out.append(0x61 if arg != 0x61 else 0x62)
        elif op is sre.ANY:
            out.append(0x61)
        elif op is sre.IN:
            out.append(sample_class(arg))
        elif op is sre.BRANCH:
            out += sample(arg[1][0], groups)
        elif op is sre.SUBPATTERN:
            part = sample(arg[-1], groups)
            groups[arg[0]] = part
            out += part
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, body = arg
            for _ in range(min(max(low, 1 if high else 0), 300)):
                out += sample(body, groups)
        elif op is sre.GROUPREF:
            out += groups.get(arg, b"")
    return bytes(out)


def sample_of(want):
    flags = 0
    pattern = want.pcre.replace("\\/", "/")
    if "x" in want.flags:
        flags |= re.VERBOSE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = sre_parse.parse(pattern.encode("latin-1").decode("latin-1"), flags)
        return sample(tree, {})
    except (re.error, KeyError, UnicodeError, OverflowError, RecursionError) as e:
        raise CannotMake(f"pcre: {e}") from e


# ---- bytes of one buffer

def holds(base, want):
    if "nocase" in want.words:
        return base.lower().find(want.content.lower())
    return base.find(want.content)


def compose(wants, filler=b"a"):
    """The shortest bytes that have everything the wants ask for, in the order they ask."""
    whole = [w for w in wants if w.pcre and not w.negated and "R" not in w.flags]
    out = bytearray(sample_of(whole[0])) if whole else bytearray()
    first = bytes(out)
    end = 0      # of the last match
    for w in wants:
        if w.negated or (w.pcre and "R" not in w.flags):
            continue
        piece = sample_of(w) if w.pcre else w.content
        relative = bool(w.pcre) or "distance" in w.words or "within" in w.words
        found = -1 if w.pcre or not first else holds(first, w)
        if found >= 0 and not out[len(first):]:
            end = found + len(piece)
            continue
        at = end + max(w.number("distance") or 0, 0) if relative else max(len(out), w.number("offset") or 0)
        if "startswith" in w.words or ("depth" in w.words and w.number("depth") == len(piece)):
            at = 0
        elif not relative and "depth" in w.words and at + len(piece) > (w.number("offset") or 0) + (w.number("depth") or 0):
            at = w.number("offset") or 0
        if at > MAX_CONTENT:
            raise CannotMake("far away")
        if len(out) < at:
            out += filler * (at - len(out))
        out[at:at + len(piece)] = piece
        end = at + len(piece)
        if "isdataat" in w.words and not w.words["isdataat"].startswith("!"):
            more = re.match(r"\d+", w.words["isdataat"])
            if more:
                out += filler * min(max(0, end + int(more.group()) + 1 - len(out)), MAX_CONTENT)
    if len(out) > MAX_CONTENT:
        raise CannotMake("too long")
    size = next((w.words["bsize"] for w in wants if "bsize" in w.words), "")
    if size.isdigit():
        out += filler * (int(size) - len(out))
    return bytes(out)


# ---- messages

def http_head(first, headers, raw):
    """'raw' is header text of the rule's own; lines that it has are not added again."""
    lines = raw
    if lines and not lines.startswith(b"\r\n") and b":" not in lines.split(b"\r\n")[0]:
        lines = b"X-Filler: " + lines
    lines = lines.lstrip(b"\r\n")
    if lines and not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    while b"\r\n\r\n" in lines:
        lines = lines.replace(b"\r\n\r\n", b"\r\n")
    present = {line.split(b":")[0].strip().lower() for line in lines.split(b"\r\n")}
    own = b"".join(name + b": " + value + b"\r\n" for name, value in headers if name.lower() not in present)
    return first + b"\r\n" + own + lines + b"\r\n"


def named_headers(names):
    """Header lines for http.header_names: '\\r\\nHost\\r\\nUser-Agent\\r\\n\\r\\n'."""
    return [n for n in names.split(b"\r\n") if n]


def http_request(b):
    method = b.get("http.method", b"").strip() or (b"POST" if "http.request_body" in b else b"GET")
    uri = b.get("http.uri.raw") or b.get("http.uri") or b"/"
    if not uri.startswith((b"/", b"http")):
        uri = b"/" + uri
    uri = b"".join(b"%%%02x" % c if c <= 0x20 or c >= 0x7f else bytes([c]) for c in uri)
    body = b.get("http.request_body", b"")
    headers = [(b"Host", b.get("http.host") or b.get("http.host.raw") or b"www.example.com"),
               (b"User-Agent", b.get("http.user_agent") or b"Mozilla/5.0 (X11; Linux) Test/1.0")]
    for name, key in ((b"Accept", "http.accept"), (b"Accept-Language", "http.accept_lang"), (b"Accept-Encoding", "http.accept_enc"),
                      (b"Referer", "http.referer"), (b"Content-Type", "http.content_type"), (b"Cookie", "http.cookie"),
                      (b"Connection", "http.connection")):
        if b.get(key):
            headers.append((name, b[key]))
    if "http.header_names" in b:
        wanted = named_headers(b["http.header_names"])
        given = {k.lower(): v for k, v in headers}
        headers = [(n, given.pop(n.lower(), b"0" if n.lower() == b"content-length" else b"x")) for n in wanted] + ([] if b["http.header_names"].endswith(b"\r\n\r\n") else
                                                                      [(k.title(), v) for k, v in given.items()])
    if body:
        length = (b"Content-Length", b"%d" % len(body))
        at = next((i for i, h in enumerate(headers) if h[0].lower() == b"content-length"), len(headers))
        headers[at:at + 1] = [length]
    first = b.get("http.request_line") or method + b" " + uri + b" " + (b.get("http.protocol") or b"HTTP/1.1")
    return http_head(first.rstrip(b"\r\n"), headers, b.get("http.header") or b.get("http.header.raw") or b"") + body


def encode(body, coding):
    """The body as it is sent, and the header lines that say so."""
    if coding == "chunked":
        half = len(body) // 2
        parts = [body[:half], body[half:]] if half else [body]
        return b"".join(b"%x\r\n" % len(p) + p + b"\r\n" for p in parts) + b"0\r\n\r\n", [(b"Transfer-Encoding", b"chunked")]
    if coding != "identity":
        packer = zlib.compressobj(6, zlib.DEFLATED, 31 if coding == "gzip" else 15)
        body = packer.compress(body) + packer.flush()
    more = [] if coding == "identity" else [(b"Content-Encoding", coding.encode())]
    return body, more + [(b"Content-Length", b"%d" % len(body))]


def http_response(b, coding="identity"):
    body = b.get("file.data") or b.get("http.response_body") or b"<html>ok</html>"
    first = b.get("http.response_line") or b"HTTP/1.1 " + (b.get("http.stat_code") or b"200") + b" " + (b.get("http.stat_msg") or b"OK")
    headers = [(b"Server", b.get("http.server") or b"test"), (b"Content-Type", b.get("http.content_type") or b"text/html")]
    for name, key in ((b"Location", "http.location"), (b"Set-Cookie", "http.cookie")):
        if b.get(key):
            headers.append((name, b[key]))
    body, lines = encode(body, coding)
    headers += lines
    return http_head(first.rstrip(b"\r\n"), headers, b.get("http.header") or b.get("http.header.raw") or b"") + body


def dns_name(text):
    labels = [label for label in text.split(b".") if label]
    if any(len(label) > 63 for label in labels):
        raise CannotMake("label too long")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def dns_query(name, number):
    return struct.pack("!HHHHHH", number & 0xffff, 0x0100, 1, 0, 0, 0) + dns_name(name) + struct.pack("!HH", 1, 1)


def dns_answer(name, number):
    return (struct.pack("!HHHHHH", number & 0xffff, 0x8180, 1, 1, 0, 0) + dns_name(name) + struct.pack("!HH", 1, 1) +
            b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\xc6\x33\x64\x07")


def tls_record(kind, body):
    return b"".join(struct.pack("!BHH", kind, 0x0303, len(body[at:at + 16000])) + body[at:at + 16000] for at in range(0, len(body), 16000))


def tls_message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def client_hello(name):
    entry = b"\0" + struct.pack("!H", len(name)) + name
    sni = struct.pack("!HHH", 0, len(entry) + 2, len(entry)) + entry
    extensions = sni + struct.pack("!HHHHH", 10, 4, 2, 29, 11) + struct.pack("!HBB", 2, 1, 0)
    body = b"\x03\x03" + bytes(range(32)) + b"\0" + b"\0\x04\xc0\x2f\0\x9c" + b"\x01\0" + struct.pack("!H", len(extensions)) + extensions
    return tls_record(22, tls_message(1, body))


def der(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else (bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big"))
    return bytes([tag]) + size + body


OIDS = {b"C": b"\x55\x04\x06", b"ST": b"\x55\x04\x08", b"L": b"\x55\x04\x07", b"O": b"\x55\x04\x0a", b"OU": b"\x55\x04\x0b", b"CN": b"\x55\x04\x03"}


def der_name(text):
    """'C=US, O=Acme, CN=x' as a name; what has no '=' is a CN."""
    parts = [p for p in re.split(rb", (?=[A-Z]+=)", text) if p] or [b"CN=x"]
    out = b""
    for part in parts:
        key, _, value = part.partition(b"=")
        key = key.strip(b", ")
        if key not in OIDS:
            key, value = b"CN", part
        out += der(0x31, der(0x30, der(6, OIDS[key]) + der(12, value)))
    return der(0x30, out)


def server_flight(subject, issuer, serial):
    algorithm = der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") + der(5, b""))
    key = der(0x30, der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") + der(5, b"")) + der(3, b"\0" + der(0x30, der(2, b"\x0f" * 64) + der(2, b"\x03"))))
    validity = der(0x30, der(0x17, b"230101000000Z") + der(0x17, b"330101000000Z"))
    body = der(0x30, der(0xa0, der(2, b"\x02")) + der(2, serial) + algorithm + der_name(issuer) + validity + der_name(subject) + key)
    certificate = der(0x30, body + algorithm + der(3, b"\0" + b"\x5a" * 64))
    chain = len(certificate).to_bytes(3, "big") + certificate
    hello = b"\x03\x03" + bytes(range(32, 64)) + b"\0" + b"\xc0\x2f" + b"\0" + b"\0\0"
    return tls_record(22, tls_message(2, hello)) + tls_record(22, tls_message(11, len(chain).to_bytes(3, "big") + chain)) + tls_record(22, tls_message(14, b""))


# ---- who talks to whom

def pick_address(text, home, outside):
    text = text.strip("[]").split(",")[0].strip()
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text):
        return text
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+/\d+", text):
        return text.split("/")[0]
    if "EXTERNAL" in text:
        return outside
    return home


def pick_port(text, default):
    text = text.strip("[]").split(",")[0].strip()
    if "HTTP_PORTS" in text or text == "any":
        return default
    m = re.match(r"\d+", text)
    return int(m.group()) if m else default


class Maker:
    def __init__(self, capture, number, coding):
        self.capture, self.number, self.coding = capture, number, coding

    def ends(self, rule, to_client, port):
        """(client, client port, server, server port): the rule's source sends what it describes."""
        n = self.number
        home, outside = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", f"99.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        other_home, other_outside = f"172.16.{n >> 8 & 255}.{n & 255}", f"98.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        src = pick_address(rule.src, home, outside)
        dst = pick_address(rule.dst, other_home if src == home else home, other_outside if src == outside else outside)
        if rule.dst == "any" and src == home:
            dst = outside
        if rule.src == "any" and dst == other_home:
            src = outside
        if to_client:
            return dst, pick_port(rule.dst_port, 40000 + n % 20000), src, pick_port(rule.src_port, port)
        return src, pick_port(rule.src_port, 40000 + n % 20000), dst, pick_port(rule.dst_port, port)

    def http(self, rule, b, to_client):
        tcp = Tcp(self.capture, *self.ends(rule, to_client, 80))
        tcp.send(0, http_request({} if to_client else b))
        tcp.send(1, http_response(b if to_client else {}, self.coding))
        tcp.close()

    def dns(self, rule, b, to_client):
        client, cport, server, sport = self.ends(rule, to_client, 53)
        name = b.get("dns.query", b"www.example.com")
        self.capture.udp(client, cport, server, sport, dns_query(name, self.number))
        self.capture.udp(server, sport, client, cport, dns_answer(name, self.number))

    def tls(self, rule, b, to_client):
        tcp = Tcp(self.capture, *self.ends(rule, to_client, 443))
        tcp.send(0, client_hello(b.get("tls.sni", b"www.example.com")))
        serial = bytes.fromhex(b.get("tls.cert_serial", b"01").decode("latin-1").replace(":", "") or "01")
        tcp.send(1, server_flight(b.get("tls.cert_subject", b"CN=www.example.com"), b.get("tls.cert_issuer", b"CN=Test CA"), serial))
        tcp.send(0, tls_record(20, b"\x01"))
        tcp.close()

    def tcp(self, rule, b, to_client):
        tcp = Tcp(self.capture, *self.ends(rule, to_client, 4444))
        tcp.send(1 if to_client else 0, b.get("payload", b"x"))
        tcp.close()

    def udp(self, rule, b, to_client):
        client, cport, server, sport = self.ends(rule, to_client, 4444)
        if to_client:
            self.capture.udp(client, cport, server, sport, b"hello")
            client, cport, server, sport = server, sport, client, cport
        self.capture.udp(client, cport, server, sport, b.get("payload", b"x"))

    def icmp(self, rule, b, to_client):
        client, _, server, _ = self.ends(rule, to_client, 0)
        kind = re.match(r"\d+", rule.value("itype"))
        code = re.match(r"\d+", rule.value("icode"))
        self.capture.icmp(client, server, int(kind.group()) if kind else 8, int(code.group()) if code else 0, b.get("payload", b"ping"))


def kind_of(rule, buffers):
    names = " ".join(buffers)
    if rule.proto in ("http", "http1") or "http." in names or "file.data" in names:
        return "http"
    if rule.proto == "dns" or "dns." in names:
        return "dns"
    if rule.proto in ("tls", "ssl") or "tls." in names or "ja3" in names:
        return "tls"
    return rule.proto if rule.proto in ("tcp", "udp", "icmp") else None


def make(rule, capture, number, only=None, coding="identity"):
    kind = kind_of(rule, rule.buffers)
    if kind is None or (only and kind not in only):
        raise CannotMake("kind")
    if any(word in SKIPPED for word, _ in rule.options) or rule.has("flowbits", "isset"):
        raise CannotMake("words")
    if "ja3.hash" in rule.buffers or "ja3s.hash" in rule.buffers or "tls.cert_fingerprint" in rule.buffers:
        raise CannotMake("hash")
    flow = rule.value("flow")
    to_client = "to_client" in flow or "from_server" in flow or "file.data" in rule.buffers and "to_server" not in flow
    if kind == "http" and "payload" in rule.buffers:
        raise CannotMake("payload of http")
    if kind == "dns" and "payload" in rule.buffers and rule.proto != "dns":
        raise CannotMake("payload of dns")
    built = {}
    for name, wants in rule.buffers.items():
        built[name] = compose(wants)
    length = re.match(r"\s*(\d+)\s*$", rule.value("urilen"))
    if length and kind == "http":
        built["http.uri"] = built.get("http.uri", b"/").ljust(int(length.group(1)), b"a")
    getattr(Maker(capture, number, coding), kind)(rule, built, to_client)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("rules")
    p.add_argument("-o", required=True, metavar="FOLDER")
    p.add_argument("--every", type=int, default=1, help="take each Nth rule")
    p.add_argument("--offset", type=int, default=0)
    p.add_argument("--mss", type=int, default=1400, help="bytes of payload in a TCP segment")
    p.add_argument("--coding", choices=("identity", "gzip", "deflate", "chunked"), default="identity", help="of HTTP responses' bodies")
    p.add_argument("--per-capture", type=int, default=500)
    p.add_argument("--only", action="append", choices=("http", "dns", "tls", "tcp", "udp", "icmp"), help="may be repeated")
    p.add_argument("--start", type=int, default=1_700_000_000, help="Unix time of the first packet")
    args = p.parse_args()
    os.makedirs(args.o, exist_ok=True)
    made = skipped = 0
    capture = None
    with open(os.path.join(args.o, "rules.tsv"), "w") as table:
        for index, rule in enumerate(read_rules(args.rules)):
            if index % args.every != args.offset:
                continue
            if made % args.per_capture == 0 and (capture is None or capture.frames):
                if capture:
                    capture.close()
                path = os.path.join(args.o, f"rules-{made // args.per_capture:03d}.pcap")
                capture = Capture(path, args.mss, args.start)
            try:
                make(rule, capture, made, args.only, args.coding)
            except (CannotMake, ValueError, IndexError) as e:
                skipped += 1
                table.write(f"-\t{e}\t{rule.sid}\n")
                continue
            table.write(f"{os.path.basename(path)}\t{made}\t{rule.sid}\n")
            made += 1
    if capture:
        capture.close()
    print(f"{made} conversations, {skipped} rules left out")
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
