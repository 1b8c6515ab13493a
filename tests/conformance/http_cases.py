# SPDX-License-Identifier: Apache-2.0
"""HTTP conversations in many shapes, honest and not: name -> [("q" or "r", bytes), ...]."""
import gzip
import struct
import zlib

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = b"Host: a.com\r\n"


def get(line=b"GET / HTTP/1.1", fields=HOST, body=b""):
    return line + b"\r\n" + fields + b"\r\n" + body


def response(fields=b"", body=b"ok", line=b"HTTP/1.1 200 OK", length=True):
    size = b"Content-Length: %d\r\n" % len(body) if length else b""
    return line + b"\r\n" + size + fields + b"\r\n" + body


def post(fields, body):
    return get(b"POST /up HTTP/1.1", HOST + fields + b"Content-Length: %d\r\n" % len(body), body)


def request_lines():
    yield "plain", get()
    yield "tab_before_uri", get(b"GET\t/ HTTP/1.1")
    yield "tab_behind_uri", get(b"GET /\tHTTP/1.1")
    yield "leading_blank", b" " + get()
    yield "no_protocol_with_fields", get(b"GET /")
    yield "uri_with_host", get(b"GET http://a.com/ HTTP/1.1")
    yield "uri_with_other_host", get(b"GET http://b.com/ HTTP/1.1")
    yield "uri_with_bad_host", get(b"GET http://b%c.com/ HTTP/1.1")
    yield "uri_with_port", get(b"GET http://a.com:81/ HTTP/1.1")
    yield "uri_with_own_port", get(b"GET http://a.com:80/ HTTP/1.1")
    yield "double_encoded", get(b"GET /%252e%252e/ HTTP/1.1")


def request_fields():
    yield "no_host", get(fields=b"")
    yield "no_host_1_0", get(b"GET / HTTP/1.0", b"")
    yield "bad_host", get(fields=b"Host: a..com\r\n")
    yield "host_with_port", get(fields=b"Host: a.com:80\r\n")
    yield "host_with_other_port", get(fields=b"Host: a.com:81\r\n")
    yield "repeated_200", get(fields=HOST + b"A: x\r\n" * 200)
    yield "host_with_bad_port", get(fields=b"Host: a.com:x\r\n")
    yield "host_underscore", get(fields=b"Host: a_b.com\r\n")
    yield "host_final_dot", get(fields=b"Host: a.com.\r\n")
    yield "host_v6", get(fields=b"Host: [::1]\r\n")
    yield "two_hosts", get(fields=HOST + b"Host: b.com\r\n")
    yield "no_colon", get(fields=HOST + b"nonsense\r\n")
    yield "empty_name", get(fields=HOST + b": x\r\n")
    yield "bad_name", get(fields=HOST + b"a(b: x\r\n")
    yield "blank_in_name", get(fields=HOST + b"a b: x\r\n")
    yield "blank_before_colon", get(fields=HOST + b"ab : x\r\n")
    yield "folded", get(fields=HOST + b"A: x\r\n y\r\n")
    yield "folded_first", get(fields=b" x: y\r\n" + HOST)
    yield "repeated_70", get(fields=HOST + b"A: x\r\n" * 70)
    yield "repeated_10", get(fields=HOST + b"A: x\r\n" * 10)
    yield "auth_basic", get(fields=HOST + b"Authorization: Basic YTpi\r\n")
    yield "auth_digest", get(fields=HOST + b"Authorization: Digest username=\"a\"\r\n")
    yield "auth_bearer", get(fields=HOST + b"Authorization: Bearer abc\r\n")
    yield "auth_other", get(fields=HOST + b"Authorization: Negotiate abc\r\n")
    yield "cookies", get(fields=HOST + b"Cookie: a=b\r\nX-A: 1\r\nX-A: 2\r\n")


def request_bodies():
    yield "two_lengths", get(b"POST / HTTP/1.1", HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n", b"abc")
    yield "equal_lengths", get(b"POST / HTTP/1.1", HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n", b"ab")
    yield "bad_length", get(b"POST / HTTP/1.1", HOST + b"Content-Length: x\r\n")
    yield "bad_te", get(b"POST / HTTP/1.1", HOST + b"Transfer-Encoding: x\r\n")
    chunked = b"Transfer-Encoding: chunked\r\n"
    yield "chunked", get(b"POST / HTTP/1.1", HOST + chunked, b"2\r\nab\r\n0\r\n\r\n")
    yield "chunk_extension", get(b"POST / HTTP/1.1", HOST + chunked, b"2;a=b\r\nab\r\n0\r\n\r\n")
    yield "bad_chunk", get(b"POST / HTTP/1.1", HOST + chunked, b"x\r\nab\r\n0\r\n\r\n")


def ranges():
    for what, value in {
        "part": b"bytes 0-7/100", "whole": b"bytes 0-7/8", "of_unknown": b"bytes 0-7/*", "none": b"bytes */100", "reversed": b"bytes 9-7/100",
        "beyond": b"bytes 0-100/100", "junk": b"nonsense", "no_unit": b"0-7/100", "unit": b"lines 0-7/100", "more": b"bytes 0-7/100x",
        "blanks": b"bytes  0-7/100", "negative": b"bytes -1-7/100", "empty": b"", "no_size": b"bytes 0-7", "blanks_within": b"bytes 0 - 7 / 100",
        "huge": b"bytes 0-7/99999999999999999999999", "equals": b"bytes=0-7/100", "size_0": b"bytes 0-0/0", "first": b"bytes 0-0/10",
        "stars": b"bytes */*"}.items():
        yield "range_" + what, response(b"Content-Range: " + value + b"\r\n", b"12345678", b"HTTP/1.1 206 Partial Content")
    yield "range_200", response(b"Content-Range: junk\r\n")
    yield "range_no_body", response(b"Content-Range: junk\r\n", b"")


def form(header, data=b"x\r\n", kind=b"form-data"):
    body = b"--B\r\n" + header + b"\r\n" + data + b"--B--\r\n"
    return post(b"Content-Type: multipart/" + kind + b"; boundary=B\r\n", body)


def forms():
    file = b'Content-Disposition: form-data; name="f"; filename="a.b"\r\n'
    yield "form_plain", form(file)
    yield "form_two_fields", form(file + b"Content-Type: a/b\r\n")
    yield "form_no_colon", form(file + b"nonsense\r\n")
    yield "form_no_colon_first", form(b"nonsense\r\n" + file)
    yield "form_no_value", form(file + b"X-Y:\r\n")
    yield "form_blank_value", form(file + b"X-Y: \r\n")
    yield "form_folded", form(file.replace(b"; file", b";\r\n file"))
    yield "form_folded_colon", form(file.replace(b"; file", b";\r\n a=b:c; file"))
    yield "form_no_data", form(file, b"")
    yield "form_empty_data", form(file, b"\r\n")
    yield "form_no_data_field", form(b'Content-Disposition: form-data; name="f"\r\n', b"")
    yield "form_no_data_then_more", form(file, b"--B\r\n" + file + b"\r\nx\r\n")
    yield "form_no_header", form(b"")
    yield "form_mixed", form(file + b"nonsense\r\n", kind=b"mixed")


def responses():
    yield "bad_protocol", response(line=b"HTTP/7.1 200 OK")
    yield "bad_status", response(line=b"HTTP/1.1 abc OK")
    yield "low_status", response(line=b"HTTP/1.1 099 OK")
    yield "r_no_colon", response(b"nonsense\r\n")
    yield "r_bad_name", response(b"a(b: x\r\n")
    yield "r_repeated", response(b"A: x\r\n" * 70)
    yield "r_two_lengths", response(b"Content-Length: 7\r\n")
    yield "r_bad_length", response(b"Content-Length: x\r\n", length=False)
    yield "r_bad_te", response(b"Transfer-Encoding: x\r\n", length=False)
    yield "r_odd_te", response(b"Transfer-Encoding: xchunked\r\n", b"2\r\nab\r\n0\r\n\r\n", length=False)
    yield "r_chunked_1_0", response(b"Transfer-Encoding: chunked\r\n", b"2\r\nab\r\n0\r\n\r\n", b"HTTP/1.0 200 OK", False)
    yield "r_bad_chunk", response(b"Transfer-Encoding: chunked\r\n", b"x\r\nab\r\n0\r\n\r\n", length=False)
    yield "r_byteranges", response(b"Content-Type: multipart/byteranges; boundary=x\r\n")
    yield "r_gzip", response(b"Content-Encoding: gzip\r\n", gzip.compress(b"evil content"))
    yield "r_gzip_damaged", response(b"Content-Encoding: gzip\r\n", gzip.compress(b"evil content" * 10)[:20] + b"\xff" * 30)
    yield "r_three_layers", response(b"Content-Encoding: gzip, gzip, gzip\r\n", gzip.compress(gzip.compress(gzip.compress(b"evil content"))))
    yield "r_odd_ce", response(b"Content-Encoding: xgzip\r\n", gzip.compress(b"evil content"))
    yield "r_unknown_ce", response(b"Content-Encoding: foo\r\n")
    yield "r_deflate", response(b"Content-Encoding: deflate\r\n", zlib.compress(b"evil content"))
    yield "two_continues", b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK


def client_hello(name):
    names = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extension = struct.pack(">HH", 0, len(names)) + names
    body = b"\3\3" + b"R" * 32 + b"\0\0\2\x13\1\1\0" + struct.pack(">H", len(extension)) + extension
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


def tunnels():
    """What a granted CONNECT or an upgrade leads to."""
    connect, granted = get(b"CONNECT a.com:443 HTTP/1.1"), b"HTTP/1.1 200 Connection established\r\n\r\n"
    opened = [("q", connect), ("r", granted)]
    inside, hello = [("q", get(b"GET /inside HTTP/1.1")), ("r", OK)], client_hello(b"inside.example")
    ssh = [("r", b"SSH-2.0-inside_9\r\n"), ("q", b"SSH-2.0-client_9\r\n")]
    yield "tunnel_tls", opened + [("q", hello)]
    yield "tunnel_tls_cut", opened + [("q", hello[:9]), ("q", hello[9:])]
    yield "tunnel_http", opened + inside + inside
    yield "tunnel_ssh", opened + ssh
    yield "tunnel_in_tunnel", opened + opened + inside
    yield "tunnel_in_tunnel_tls", opened + opened + [("q", hello)]
    yield "tunnel_204", [("q", connect), ("r", b"HTTP/1.1 204 No Content\r\n\r\n"), ("q", hello)]
    yield "tunnel_refused", [("q", connect), ("r", b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")] + inside
    yield "tunnel_unknown", opened + [("q", b"\1\2\3\4" * 300), ("r", b"\1\2\3\4" * 300)]
    yield "tunnel_second", inside + opened + [("q", hello)]
    yield "tunnel_hello_at_once", [("q", connect + hello), ("r", granted)]
    yield "tunnel_http_at_once", [("q", connect + inside[0][1]), ("r", granted + OK)]
    upgrade, switching = get(fields=HOST + b"Connection: upgrade\r\nUpgrade: x\r\n"), b"HTTP/1.1 101 on\r\nUpgrade: x\r\n\r\n"
    yield "upgrade_websocket", [("q", upgrade), ("r", switching), ("q", b"\x81\x82\0\0\0\0ab"), ("r", b"\x81\x02ab")]
    yield "upgrade_tls", [("q", upgrade), ("r", switching), ("q", hello)]


def cases():
    out = {}
    for what, request in (*request_lines(), *request_fields(), *request_bodies(), *forms()):
        out[what] = [("q", request), ("r", OK)]
    for what, answer in (*responses(), *ranges()):
        out[what] = [("q", get()), ("r", answer)]
    out.update(tunnels())
    out["unasked"] = [("q", get()), ("r", OK + OK)]
    out["pipelined"] = [("q", get() + get(fields=b"")), ("r", OK + OK)]
    out["two_in_turn"] = [("q", get()), ("r", OK), ("q", get(fields=b"")), ("r", OK)]
    out["incomplete_line"] = [("q", get()), ("r", OK), ("q", b"GET /x")]
    out["server_first"] = [("r", OK), ("q", get())]
    out["not_http_back"] = [("q", get()), ("r", b"SSH-2.0-x\r\n"), ("r", b"more")]
    out["junk_back"] = [("q", get()), ("r", b"\x00\x01\x02\x03junk" * 10), ("r", b"more")]
    return out
