# SPDX-License-Identifier: Apache-2.0
"""Files in HTTP, mails and FTP, and what they are called, honest and not."""
import base64

from http_cases import HOST, OK, get, response

BOUNDARY = b"----Sluice7MA4YWxk"


def part(disposition, data=b"PART-%d", more=b""):
    return b"Content-Disposition: " + disposition + b"\r\n" + more + b"\r\n" + data


def named(name, data, more=b""):
    return part(b'form-data; name="f"; filename="%s"' % name, data, more)


def field(data):
    return part(b'form-data; name="t"', data)


def form(parts, boundary=BOUNDARY, preamble=b"", last=None, line=b"\r\n"):
    body = preamble + b"".join(b"--" + boundary + line + p + line for p in parts)
    return body + (b"--" + boundary + b"--" + line if last is None else last)


def upload(body, content_type=None, line=b"POST /up/load.php?x=1 HTTP/1.1", fields=b""):
    kind = content_type if content_type is not None else b"multipart/form-data; boundary=" + BOUNDARY
    return get(line, HOST + b"Content-Type: " + kind + b"\r\n" + fields + b"Content-Length: %d\r\n" % len(body), body)


FILE = named(b"one.exe", b"EVIL-ONE")
OTHER = named(b"two.TXT", b"EVIL-TWO\r\nline\r\n")


def forms():
    yield "one_file", upload(form([FILE]))
    yield "two_files", upload(form([FILE, OTHER]))
    yield "three_parts", upload(form([field(b"EVIL-FIELD"), FILE, field(b"x"), OTHER]))
    yield "no_file", upload(form([field(b"EVIL-ONE")]))
    yield "preamble", upload(form([FILE], preamble=b"EVIL-TWO\r\n"))
    yield "epilogue", upload(form([FILE]) + b"EVIL-TWO")
    yield "no_final_boundary", upload(form([FILE], last=b""))
    yield "cut_in_data", upload(form([OTHER, FILE])[:-40])
    yield "empty_file", upload(form([named(b"one.exe", b"")]))
    yield "empty_name", upload(form([named(b"", b"EVIL-ONE")]))
    yield "no_quotes", upload(form([part(b"form-data; name=f; filename=one.exe", b"EVIL-ONE")]))
    yield "escaped_quote", upload(form([named(b'on\\"e.exe', b"EVIL-ONE")]))
    yield "quote_in_name", upload(form([named(b'one".exe', b"EVIL-ONE")]))
    yield "semicolon_in_name", upload(form([named(b"a;one.exe", b"EVIL-ONE")]))
    yield "open_quote", upload(form([part(b'form-data; name="f"; filename="one.exe', b"EVIL-ONE")]))
    yield "two_names", upload(form([part(b'form-data; filename="one.exe"; filename="two.txt"', b"EVIL-ONE")]))
    yield "upper_case", upload(form([b'CONTENT-DISPOSITION: FORM-DATA; FILENAME="one.exe"\r\n\r\nEVIL-ONE']))
    yield "blank_before_equals", upload(form([part(b'form-data; filename ="one.exe"', b"EVIL-ONE")]))
    yield "folded", upload(form([part(b'form-data;\r\n filename="one.exe"', b"EVIL-ONE")]))
    yield "other_fields", upload(form([named(b"one.exe", b"EVIL-ONE", b"Content-Type: a/b; c=d\r\nX-Y: z\r\n")]))
    yield "type_first", upload(form([b'Content-Type: a/b\r\nContent-Disposition: form-data; filename="one.exe"\r\n\r\nEVIL-ONE']))
    yield "no_blank_behind_colon", upload(form([b'Content-Disposition:form-data; filename="one.exe"\r\n\r\nEVIL-ONE']))
    yield "filename_star", upload(form([part(b"form-data; filename*=UTF-8''one.exe", b"EVIL-ONE")]))
    yield "base64", upload(form([named(b"one.exe", b"RVZJTC1PTkU=", b"Content-Transfer-Encoding: base64\r\n")]))
    yield "name_of_type", upload(form([part(b'form-data; name="f"', b"EVIL-ONE", b'Content-Type: a/b; name="one.exe"\r\n')]))
    yield "long_name", upload(form([named(b"n" * 300 + b".exe", b"EVIL-ONE")]))
    yield "boundary_in_line", upload(form([named(b"one.exe", b"EVIL--" + BOUNDARY + b"-ONE")]))
    yield "boundary_like", upload(form([named(b"one.exe", b"EVIL\r\n--" + BOUNDARY[:-1] + b"\r\nEVIL-ONE")]))
    yield "longer_boundary", upload(form([named(b"one.exe", b"EVIL-ONE\r\n--" + BOUNDARY + b"X\r\nEVIL-TWO")]))
    yield "bare_lf", upload(form([FILE.replace(b"\r\n", b"\n")], line=b"\n"))
    yield "quoted_boundary", upload(form([FILE]), b'multipart/form-data; boundary="' + BOUNDARY + b'"')
    yield "boundary_not_first", upload(form([FILE]), b"multipart/form-data; charset=utf-8; boundary=" + BOUNDARY)
    yield "boundary_upper_case", upload(form([FILE]), b"Multipart/Form-Data; Boundary=" + BOUNDARY)
    yield "boundary_semicolon", upload(form([FILE]), b"multipart/form-data; boundary=" + BOUNDARY + b"; charset=utf-8")
    yield "boundary_missing", upload(form([FILE]), b"multipart/form-data")
    yield "boundary_empty", upload(form([FILE], boundary=b""), b"multipart/form-data; boundary=")
    yield "boundary_of_200", upload(form([FILE], boundary=b"b" * 200), b"multipart/form-data; boundary=" + b"b" * 200)
    yield "boundary_of_199", upload(form([FILE], boundary=b"b" * 199), b"multipart/form-data; boundary=" + b"b" * 199)
    yield "related", upload(form([FILE]), b"multipart/related; boundary=" + BOUNDARY)
    yield "not_multipart", upload(form([FILE]), b"text/plain; boundary=" + BOUNDARY)
    yield "put_form", upload(form([FILE]), line=b"PUT /up/load.php HTTP/1.1")
    yield "patch_form", upload(form([FILE]), line=b"PATCH /up/load.php HTTP/1.1")
    yield "nested", upload(form([part(b'form-data; name="f"', form([part(b'file; filename="one.exe"', b"EVIL-ONE")], b"inner"), b"Content-Type: multipart/mixed; boundary=inner\r\n"), field(b"x")]))


def plain():
    yield "post", upload(b"EVIL-ONE", b"application/octet-stream")
    yield "put", upload(b"EVIL-ONE", b"application/octet-stream", b"PUT /a/b%20c/one.exe?d=e HTTP/1.1")
    yield "patch", upload(b"EVIL-ONE", b"application/octet-stream", b"PATCH /one.exe HTTP/1.1")
    yield "get_with_body", upload(b"EVIL-ONE", b"application/octet-stream", b"GET /one.exe HTTP/1.1")
    yield "absolute", upload(b"EVIL-ONE", b"application/octet-stream", b"POST http://a.com/d/one.exe HTTP/1.1")
    yield "fragment", upload(b"EVIL-ONE", b"application/octet-stream", b"POST /d/one.exe#two.txt HTTP/1.1")
    yield "params", upload(b"EVIL-ONE", b"application/octet-stream", b"POST /d/one.exe;jsessionid=1 HTTP/1.1")
    yield "dots", upload(b"EVIL-ONE", b"application/octet-stream", b"POST /x/../d/./one.exe HTTP/1.1")
    yield "encoded", upload(b"EVIL-ONE", b"application/octet-stream", b"POST /d/%6fne%3f.exe?one=two HTTP/1.1")
    yield "root", upload(b"EVIL-ONE", b"application/octet-stream", b"POST / HTTP/1.1")
    yield "star", upload(b"EVIL-ONE", b"application/octet-stream", b"POST * HTTP/1.1")
    yield "no_type", get(b"POST /one.exe HTTP/1.1", HOST + b"Content-Length: 8\r\n", b"EVIL-ONE")
    yield "chunked_form", get(b"POST /up HTTP/1.1", HOST + b"Transfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=" + BOUNDARY + b"\r\n",
                              b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in pieces(form([FILE, OTHER]), 7)) + b"0\r\n\r\n")


def downloads():
    yield "by_uri", b"GET /d/one.exe?x=y HTTP/1.1", response(body=b"EVIL-ONE")
    yield "disposition", b"GET /d/one.exe HTTP/1.1", response(b'Content-Disposition: attachment; filename="two.txt"\r\n', b"EVIL-ONE")
    yield "disposition_inline", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: inline; filename=two.txt\r\n", b"EVIL-ONE")
    yield "disposition_no_name", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: attachment\r\n", b"EVIL-ONE")
    yield "disposition_empty", b"GET /d/one.exe HTTP/1.1", response(b'Content-Disposition: attachment; filename=""\r\n', b"EVIL-ONE")
    yield "disposition_star", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: attachment; filename*=UTF-8''two.txt\r\n", b"EVIL-ONE")
    yield "disposition_both", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: attachment; filename=a.b; filename*=UTF-8''two.txt\r\n", b"EVIL-ONE")
    yield "disposition_first", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: filename=two.txt\r\n", b"EVIL-ONE")
    yield "disposition_twice", b"GET /d/one.exe HTTP/1.1", response(b"Content-Disposition: attachment; filename=a.b\r\nContent-Disposition: attachment; filename=two.txt\r\n", b"EVIL-ONE")
    yield "no_body", b"GET /d/one.exe HTTP/1.1", response(body=b"")
    yield "not_found", b"GET /d/one.exe HTTP/1.1", response(body=b"EVIL-ONE", line=b"HTTP/1.1 404 Not Found")
    yield "range", b"GET /d/one.exe HTTP/1.1", response(b"Content-Range: bytes 0-7/8\r\n", b"EVIL-ONE", b"HTTP/1.1 206 Partial Content")


def mails():
    """name -> lines of a mail"""
    kind = b"Content-Type: application/octet-stream"
    coded = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"EVIL-ONE")
    two = b"".join(b"--B\r\n" + kind + b'; name="%s"\r\n' % n + coded + b"\r\n" for n in (b"one.exe", b"two.TXT"))
    yield "mail_two", b"Subject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" + two + b"--B--"
    yield "mail_disposition", kind + b'\r\nContent-Disposition: attachment; filename="one.exe"\r\n' + coded
    yield "mail_type", kind + b'; name="one.exe"\r\n' + coded
    yield "mail_both", kind + b'; name="two.txt"\r\nContent-Disposition: attachment; filename="one.exe"\r\n' + coded
    yield "mail_text", b"Subject: one.exe\r\n\r\nEVIL-ONE"


def smtp(mail):
    lines = [b"EHLO a", b"MAIL FROM:<a@b.c>", b"RCPT TO:<d@e.f>", b"DATA"]
    items = [("r", b"220 ready\r\n")]
    for line in lines:
        items += [("q", line + b"\r\n"), ("r", b"354 go\r\n" if line == b"DATA" else b"250 ok\r\n")]
    return items + [("q", mail + b"\r\n.\r\n"), ("r", b"250 ok\r\n"), ("q", b"QUIT\r\n"), ("r", b"221 bye\r\n")]


def transfers():
    """name -> command, who sends the file"""
    yield "ftp_retr", b"RETR /d/one.exe", "r"
    yield "ftp_retr_blank", b"retr a;one.exe", "r"
    yield "ftp_stor", b"STOR two.TXT", "q"


def ftp(command, port):
    """The control connection, up to the transfer."""
    return [("r", b"220 (vsFTPd 3.0.3)\r\n"), ("q", b"USER a\r\n"), ("r", b"230 in\r\n"), ("q", b"EPSV\r\n"),
            ("r", b"229 Entering Extended Passive Mode (|||%d|)\r\n" % port), ("q", command + b"\r\n"), ("r", b"150 go\r\n")]


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


def cases():
    """HTTP: name -> [("q" or "r", bytes), ...]."""
    out = {}
    for what, request in (*forms(), *plain()):
        out[what] = [("q", request), ("r", OK)]
    for what, request in forms():
        for size in (1, 13, 100):
            out[f"{what}/{size}"] = [("q", p) for p in pieces(request, size)] + [("r", OK)]
    for what, line, answer in downloads():
        out[what] = [("q", get(line)), ("r", answer)]
    return out


def others():
    """name -> [(port of the server, conversation), ...] of other protocols."""
    out = {what: [(25, smtp(mail))] for what, mail in mails()}
    for i, (what, command, who) in enumerate(transfers()):
        out[what] = [(21, ftp(command, 20000 + i)), (20000 + i, [(who, b"EVIL-ONE")])]
    return out
