// SPDX-License-Identifier: Apache-2.0
// Guidance with one or more triggers, and what a rule then says between flow and reference. Each
// must also compile.
#pragma once

#include "tests/unit/guidance/guidance_support.h"

namespace sluice::guidance {

struct Case {
    const char* name;
    const char* delivery;
    const char* triggers;
    const char* conditions;  // rule text between flow and reference
};

inline const Case kHttp[] = {
    {"uri ==", kHttpToServer, "field='http.uri'\nop='=='\nvalue='/a b'",
     "http.uri; content:\"/a b\"; bsize:4;"},
    {"uri !=", kHttpToServer, "field='http.uri'\nop='!='\nvalue='/a'",
     "http.uri; pcre:\"/^(?!\\x2fa\\z)/\";"},
    {"method in", kHttpToServer, "field='http.method'\nop='in'\nvalue=['PUT', 'A-B']",
     "http.method; pcre:\"/^(?:PUT|A\\x2dB)\\z/\";"},
    {"user agent contains", kHttpToServer,
     "field='http.user_agent'\nop='contains'\nvalue='a\"b;c:d|e\\f'",
     "http.user_agent; content:\"a|22|b|3b|c|3a|d|7c|e|5c|f\";"},
    {"cookie pcre", kHttpToServer, "field='http.cookie'\nop='pcre'\nvalue='a\"b;c/d\\/e\\\"[;]'",
     "http.cookie; pcre:\"/a\\x22b\\x3bc\\x2fd\\x2fe\\x22[\\x3b]/\";"},
    {"host is lower case", kHttpToServer, "field='http.host'\nop='contains'\nvalue='Example'",
     "http.host; content:\"example\";"},
    {"uri length", kHttpToServer, "field='http.uri'\nop='length'\nvalue='> 1024'",
     "http.uri; bsize:>1024;"},
    {"uri length =", kHttpToServer, "field='http.uri'\nop='length'\nvalue=7", "http.uri; bsize:7;"},
    {"uri length range", kHttpToServer, "field='http.uri'\nop='length'\nvalue='8-16'",
     "http.uri; bsize:>7; bsize:<17;"},
    {"uri length <=", kHttpToServer, "field='http.uri'\nop='length'\nvalue='<= 3'",
     "http.uri; bsize:<4;"},
    {"uri at place", kHttpToServer, "field='http.uri[4]'\ntype='utf8'\nop='=='\nvalue='x'",
     "http.uri; content:\"x\"; offset:4; depth:1;"},
    {"known header", kHttpToServer, "field='http.header[\"REFERER\"]'\nop='contains'\nvalue='x'",
     "http.referer; content:\"x\";"},
    {"other header contains", kHttpToServer,
     "field='http.header[\"X-A\"]'\nop='contains'\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+[^\\r\\n]*?v/m\";"},
    {"other header ==", kHttpToServer, "field='http.header[\"X-A\"]'\nop='=='\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+(?:v)[ "
     "\\t]*+\\r?$/m\";"},
    {"other header !=", kHttpToServer, "field='http.header[\"X-A\"]'\nop='!='\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+(?!v[ "
     "\\t]*+\\r?$)/m\";"},
    {"other header pcre", kHttpToServer, "field='http.header[\"X-A\"]'\nop='pcre'\nvalue='\\d+'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ "
     "\\t]*+[^\\r\\n]*?(?:\\d+)/m\";"},
    {"other header length", kHttpToServer,
     "field='http.header[\"X-A\"]'\nop='length'\nvalue='>= 9'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ "
     "\\t]*+[^\\r\\n]{9,}\\r?$/m\";"},
    {"request body", kHttpToServer,
     "field='http.request_body[2]'\ntype='u16be'\nop='=='\nvalue=0x4142",
     "http.request_body; content:\"AB\"; offset:2; depth:2;"},
    {"two buffers", kHttpToServer,
     "field='http.uri'\nop='contains'\nvalue='a'\n[[trigger]]\nfield='http.method'\nop='=='\nvalue="
     "'GET'\n"
     "[[trigger]]\nfield='http.uri'\nop='contains'\nvalue='b'",
     "http.uri; content:\"a\"; content:\"b\"; http.method; content:\"GET\"; bsize:3;"},
    {"response body", "kind='protocol'\nprotocol='http'\ndirection='to_client'",
     "field='http.response_body'\ntype='bytes'\nop='contains'\nvalue='a|00 ff|'",
     "http.response_body; content:\"a|00 ff|\";"},
    {"response header", "kind='protocol'\nprotocol='http'\ndirection='to_client'",
     "field='http.header[\"Server\"]'\nop='contains'\nvalue='x'", "http.server; content:\"x\";"},
    {"file", "kind='file'\nformat='pdf'\ncarriers=['http']",
     "field='file.data[0]'\ntype='bytes'\nop='=='\nvalue='%PDF'",
     "file.data; content:\"%PDF\"; offset:0; depth:4;"},
};

inline const Case kPayload[] = {
    {"u8 ==", kTcp, "field='payload[3]'\ntype='u8'\nop='=='\nvalue=255",
     "content:\"|ff|\"; offset:3; depth:1;"},
    {"u32le ==", kTcp, "field='payload[0]'\ntype='u32le'\nop='=='\nvalue=0x01020304",
     "content:\"|04 03 02 01|\"; offset:0; depth:4;"},
    {"u64be ==", kTcp, "field='payload[0]'\ntype='u64be'\nop='=='\nvalue='0xfffffffffffffffe'",
     "content:\"|ff ff ff ff ff ff ff fe|\"; offset:0; depth:8;"},
    {"u16le >", kTcp, "field='payload[8]'\ntype='u16le'\nop='>'\nvalue=0x400",
     "byte_test:2,>,1024,8,little;"},
    {"u16be >=", kTcp, "field='payload[8]'\ntype='u16be'\nop='>='\nvalue=1", "byte_test:2,>=,1,8;"},
    {"u32be <", kTcp, "field='payload[0x10]'\ntype='u32be'\nop='<'\nvalue=1",
     "byte_test:4,<,1,16;"},
    {"u64le <=", kTcp, "field='payload[1]'\ntype='u64le'\nop='<='\nvalue=9",
     "byte_test:8,<=,9,1,little;"},
    {"u8 !=", kTcp, "field='payload[1]'\ntype='u8'\nop='!='\nvalue=9", "byte_test:1,!=,9,1;"},
    {"u16be in", kTcp, "field='payload[1]'\ntype='u16be'\nop='in'\nvalue=[1, 0x4142]",
     "pcre:\"/^(?s:.{1})(?:\\x00\\x01|AB)/\";"},
    {"mask", kTcp, "field='payload[1]'\ntype='u8'\nop='mask'\nvalue=0x80", "byte_test:1,&,128,1;"},
    {"mask equals", kTcp,
     "field='payload[0]'\ntype='u8'\nop='mask'\nvalue={mask=0xf0, equals=0x40}",
     "byte_test:1,=,4,0,bitmask 0xf0;"},
    {"bytes !=", kTcp, "field='payload[1]'\ntype='bytes'\nop='!='\nvalue='ab'",
     "pcre:\"/^(?s:.{1})(?!ab)(?s:.{2})/\";"},
    {"utf16le contains", kTcp,
     "field='payload'\ntype='utf16le'\nop='contains'\nvalue=\"a\\u00e9\\U0001F600\"",
     "content:\"a|00 e9 00|=|d8 00 de|\";"},
    {"contains from", kTcp, "field='payload[5]'\ntype='utf8'\nop='contains'\nvalue='x'",
     "content:\"x\"; offset:5;"},
    {"pcre", kTcp, "field='payload'\nop='pcre'\nvalue='^(?i)x$'", "pcre:\"/^(?i)x$/\";"},
    {"pcre from", kTcp, "field='payload[2]'\nop='pcre'\nvalue='x|y'",
     "pcre:\"/^(?s:.{2}.*?)(?:x|y)/\";"},
    {"length", kTcp, "field='payload[2]'\nop='length'\nvalue='>= 8'", "isdataat:9;"},
    {"udp length", kUdp, "field='payload'\nop='length'\nvalue='4-8'", "isdataat:3; isdataat:!8;"},
    {"located", kTcp,
     "field='buffer[8]'\ntype='u16le'\nop='>'\nvalue=0x400\n[[parse]]\nstep=1\nlocate='tcp.payload'"
     "\n"
     "[[parse]]\nstep=2\nlocate='after:|ff|SMB'\n[[parse]]\nstep=3\nlocate='after:x'",
     "content:\"|ff|SMB\"; content:\"x\"; distance:0; byte_test:2,>,1024,8,relative,little;"},
    {"located, many", kTcp,
     "field='buffer[4]'\ntype='u8'\nop='=='\nvalue=1\n[[trigger]]\nfield='buffer[0]'\ntype='u16be'"
     "\nop='=='\nvalue=2\n"
     "[[trigger]]\nfield='buffer'\ntype='bytes'\nop='contains'\nvalue='z'\n[[trigger]]\nfield='"
     "buffer[6]'\nop='length'\n"
     "value='>= "
     "2'\n[[trigger]]\nfield='payload[0]'\ntype='u8'\nop='=='\nvalue=3\n[[parse]]\nstep=1\nlocate='"
     "after:Q'",
     "content:\"|03|\"; offset:0; depth:1; content:\"Q\"; pcre:\"/^(?=(?s:.*?)z)/R\"; "
     "isdataat:8,relative; "
     "content:\"|01|\"; distance:4; within:1; content:\"|00 02|\"; distance:-5; within:2;"},
    {"located start", kUdp,
     "field='buffer[8]'\ntype='u8'\nop='=='\nvalue=1\n[[parse]]\nstep=1\nlocate='udp.payload'",
     "content:\"|01|\"; offset:8; depth:1;"},
};

}  // namespace sluice::guidance
