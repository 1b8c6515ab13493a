// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/buffer_profile.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::compile {
namespace {

// A literal in a body or payload database makes every byte of traffic a little dearer; one in a
// header buffer is nearly free, as those are short. 0.01: a literal in the URI is preferred to one
// in a body unless it hits more than 1 request in 100.
constexpr double kStreamScanCost = 0.01;
constexpr double kHeadScanCost = 0.0005;    // whole header blocks, some 500 bytes
constexpr double kFieldScanCost = 0.00005;  // single values

constexpr BufferProfile field(double bytes, double presence) {
    return {bytes, presence, kFieldScanCost, 0, false};
}

constexpr BufferProfile head(double bytes) {
    return {bytes, 1, kHeadScanCost, 0, false};
}

constexpr BufferProfile body(double bytes, double presence, double binary_share) {
    return {bytes, presence, kStreamScanCost, binary_share, true};
}

constexpr std::array<BufferProfile, kBufferCount> kProfiles = [] {
    std::array<BufferProfile, kBufferCount> p{};
    const auto at = [&](BufferId b) -> BufferProfile& { return p[index_of(b)]; };
    // Payload counts double against bodies: it is scanned for every protocol.
    at(BufferId::kPayload) = {20000, 1, 2 * kStreamScanCost, 0.3, true};
    at(BufferId::kHttpUri) = field(60, 1);
    at(BufferId::kHttpUriRaw) = field(60, 1);
    at(BufferId::kHttpMethod) = field(3, 1);
    at(BufferId::kHttpProtocol) = field(8, 1);
    at(BufferId::kHttpRequestLine) = field(75, 1);
    at(BufferId::kHttpRequestHeader) = head(450);
    at(BufferId::kHttpRequestHeaderRaw) = head(450);
    at(BufferId::kHttpRequestHeaderNames) = field(90, 1);
    at(BufferId::kHttpRequestStart) = field(160, 1);
    at(BufferId::kHttpHost) = field(18, 1);
    at(BufferId::kHttpHostRaw) = field(18, 1);
    at(BufferId::kHttpUserAgent) = field(110, 0.95);
    at(BufferId::kHttpReferer) = field(50, 0.6);
    at(BufferId::kHttpRequestCookie) = field(200, 0.4);
    at(BufferId::kHttpAccept) = field(40, 0.9);
    at(BufferId::kHttpAcceptEnc) = field(15, 0.9);
    at(BufferId::kHttpAcceptLang) = field(15, 0.8);
    at(BufferId::kHttpRequestConnection) = field(10, 0.8);
    at(BufferId::kHttpRequestContentType) = field(30, 0.1);
    at(BufferId::kHttpRequestContentLen) = field(3, 0.1);
    at(BufferId::kHttpRequestBody) = body(500, 0.1, 0.1);
    at(BufferId::kHttpResponseLine) = field(16, 1);
    at(BufferId::kHttpStatCode) = field(3, 1);
    at(BufferId::kHttpStatMsg) = field(2, 1);
    at(BufferId::kHttpResponseProtocol) = field(8, 1);
    at(BufferId::kHttpResponseHeader) = head(350);
    at(BufferId::kHttpResponseHeaderRaw) = head(350);
    at(BufferId::kHttpResponseHeaderNames) = field(90, 1);
    at(BufferId::kHttpResponseStart) = field(110, 1);
    at(BufferId::kHttpServer) = field(8, 0.9);
    at(BufferId::kHttpLocation) = field(40, 0.1);
    at(BufferId::kHttpResponseCookie) = field(80, 0.2);
    at(BufferId::kHttpResponseConnection) = field(10, 0.8);
    at(BufferId::kHttpResponseContentType) = field(20, 0.95);
    at(BufferId::kHttpResponseContentLen) = field(5, 0.8);
    at(BufferId::kHttpResponseBody) = body(20000, 0.9, 0.3);
    at(BufferId::kFileDataToClient) = body(20000, 0.9, 0.3);
    at(BufferId::kFileDataToServer) = body(500, 0.1, 0.3);
    at(BufferId::kDnsQuery) = field(22, 1);
    at(BufferId::kDnsQueryName) = field(22, 1);
    at(BufferId::kDnsAnswerName) = field(22, 1);
    for (const BufferId b :
         {BufferId::kDnsOpcode, BufferId::kDnsRcode, BufferId::kDnsRrtype, BufferId::kTlsVersion,
          BufferId::kTlsCertChainLen, BufferId::kTlsState, BufferId::kTlsCertValidity}) {
        at(b) = field(2, 1);
    }
    at(BufferId::kTlsSni) = field(20, 0.9);
    at(BufferId::kTlsAlpn) = field(8, 0.8);
    at(BufferId::kTlsRandom) = field(32, 1);
    at(BufferId::kTlsRandomTime) = field(4, 1);
    at(BufferId::kTlsRandomBytes) = field(28, 1);
    // Certificates are in clear up to TLS 1.2 only.
    at(BufferId::kTlsCertSubject) = field(60, 0.3);
    at(BufferId::kTlsCertIssuer) = field(60, 0.3);
    at(BufferId::kTlsCertSerial) = field(47, 0.3);
    at(BufferId::kTlsCertFingerprint) = field(59, 0.3);
    at(BufferId::kTlsCerts) = field(3000, 0.3);
    at(BufferId::kTlsSubjectAltName) = field(40, 0.3);
    at(BufferId::kTlsCertNotBefore) = field(8, 0.3);
    at(BufferId::kTlsCertNotAfter) = field(8, 0.3);
    at(BufferId::kJa3Hash) = field(32, 1);
    at(BufferId::kJa3String) = field(180, 1);
    at(BufferId::kJa3sHash) = field(32, 1);
    at(BufferId::kJa3sString) = field(40, 1);
    at(BufferId::kJa4Hash) = field(36, 1);
    at(BufferId::kFtpBounce) = field(1, 0.001);
    at(BufferId::kFtpDataCommand) = field(4, 0.01);
    at(BufferId::kSshProto) = field(3, 1);
    at(BufferId::kSshSoftware) = field(20, 1);
    at(BufferId::kSshHassh) = field(32, 1);
    at(BufferId::kSshHasshString) = field(700, 1);
    at(BufferId::kSshHasshServer) = field(32, 1);
    at(BufferId::kSshHasshServerString) = field(700, 1);
    at(BufferId::kAppEvents) = field(24, 0.001);
    at(BufferId::kHttpRequestHeaderEach) = head(450);
    at(BufferId::kHttpResponseHeaderEach) = head(350);
    at(BufferId::kFileNameToServer) = field(12, 0.02);
    at(BufferId::kFileNameToClient) = field(12, 0.9);
    return p;
}();

struct Usual {
    double share;
    std::string_view value;
};

constexpr Usual kUsualMethods[] = {
    {0.85, "GET"}, {0.12, "POST"}, {0.02, "HEAD"}, {0.01, "OPTIONS"}};
constexpr Usual kUsualProtocols[] = {{0.98, "HTTP/1.1"}, {0.02, "HTTP/1.0"}};
constexpr Usual kUsualUris[] = {
    {0.10, "/"},
    {0.05, "/index.html"},
    {0.05, "/index.php"},
    {0.05, "/favicon.ico"},
    {0.10, "/images/logo.png?v=1"},
    {0.10, "/static/js/main.js"},
    {0.05, "/assets/css/style.css"},
    {0.05, "/wp-content/uploads/2023/01/image.jpg"},
    {0.05, "/wp-includes/js/jquery/jquery.min.js?ver=3.6.0"},
    {0.05, "/api/v1/update?id=1&type=2&name=a&uid=3"},
    {0.05, "/search?q=test&page=2"},
    {0.03, "/login.aspx?user=admin"},
    {0.03, "/download/setup.exe"},
    {0.03, "/cgi-bin/view.cgi?action=get"},
    {0.03, "/data/file.gif"},
    {0.03, "/gate.php"},
};
constexpr Usual kUsualUserAgents[] = {
    {0.40,
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"},
    {0.10, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0"},
    {0.10,
     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.0 Safari/605.1.15"},
    {0.15,
     "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"},
    {0.10, "Mozilla/5.0 (Linux; Android 13; Mobile) AppleWebKit/537.36"},
    {0.05,
     "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0; .NET CLR 2.0.50727)"},
    {0.02, "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)"},
    {0.03, "Microsoft-CryptoAPI/10.0"},
    {0.02, "curl/7.88.1"},
    {0.01, "python-requests/2.28.1"},
    {0.01, "Java/1.8.0_361"},
};
constexpr Usual kUsualRequestHeads[] = {
    {0.90,
     "\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
     "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\nAccept: "
     "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
     "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nConnection: "
     "keep-alive\r\n\r\n"},
    {0.50,
     "\r\nReferer: http://www.example.com/\r\nCookie: a=b\r\nCache-Control: no-cache\r\n"
     "Pragma: no-cache\r\nConnection: Keep-Alive\r\nAccept: */*\r\n\r\n"},
    {0.10,
     "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n"
     "X-Requested-With: XMLHttpRequest\r\nOrigin: http://\r\nConnection: close\r\n\r\n"},
    {0.05,
     "User-Agent: Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)\r\n"
     "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\r\nRange: "
     "bytes=0-\r\nUpgrade-Insecure-Requests: 1\r\n"},
};
constexpr Usual kUsualResponseHeads[] = {
    {0.90,
     "\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: Apache\r\nContent-Type: text/html; "
     "charset=UTF-8\r\nContent-Length: 12345\r\nConnection: keep-alive\r\n\r\n"},
    {0.50,
     "\r\nServer: nginx/1.18.0 (Ubuntu)\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nETag: \""
     "\r\nAccept-Ranges: bytes\r\nCache-Control: max-age=3600, public\r\nVary: "
     "Accept-Encoding\r\n"},
    {0.20,
     "\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nExpires: \r\nPragma: no-cache\r\n"
     "Cache-Control: no-store, no-cache, must-revalidate, private\r\nX-Powered-By: PHP/7.4\r\n"
     "Set-Cookie: PHPSESSID=1; path=/; expires=; domain=; HttpOnly\r\nConnection: close\r\n"},
    {0.05,
     "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="
     "\r\nContent-Type: application/javascript\r\nContent-Type: image/png\r\nLocation: "
     "http://\r\n"},
};
constexpr Usual kUsualHosts[] = {
    {0.4, "www.example.com"}, {0.1, "cdn.example.net"}, {0.05, "api.example.org"}};
constexpr Usual kUsualReferers[] = {{0.5, "http://www.example.com/"},
                                    {0.4, "https://www.example.com/index.html"},
                                    {0.05, "https://www.google.com/"}};
constexpr Usual kUsualAccepts[] = {
    {0.5, "*/*"},
    {0.4, "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"},
    {0.2, "image/png,image/svg+xml,image/*;q=0.8"}};
constexpr Usual kUsualEncodings[] = {{0.9, "gzip, deflate, br"}};
constexpr Usual kUsualLanguages[] = {
    {0.8, "en-US,en;q=0.5"}, {0.1, "zh-CN,zh;q=0.8"}, {0.1, "ru-RU,de-DE,fr-FR"}};
constexpr Usual kUsualConnections[] = {{0.7, "keep-alive"}, {0.2, "Keep-Alive"}, {0.2, "close"}};
constexpr Usual kUsualContentTypes[] = {
    {0.4, "text/html; charset=UTF-8"},
    {0.2, "image/png image/jpeg image/gif"},
    {0.2, "application/javascript text/css text/plain"},
    {0.1, "application/json application/octet-stream"},
    {0.5, "application/x-www-form-urlencoded"},
    {0.1, "multipart/form-data; boundary=---------------------------"}};
constexpr Usual kUsualStatusLines[] = {{0.85, "HTTP/1.1 200 OK"},
                                       {0.05, "HTTP/1.1 304 Not Modified"},
                                       {0.05, "HTTP/1.1 302 Found"},
                                       {0.03, "HTTP/1.1 404 Not Found"},
                                       {0.02, "HTTP/1.0 301 Moved Permanently"}};
constexpr Usual kUsualServers[] = {
    {0.3, "Apache"}, {0.3, "nginx/1.18.0"}, {0.2, "cloudflare"}, {0.1, "Microsoft-IIS/10.0"}};
constexpr Usual kUsualLocations[] = {{0.5, "https://www.example.com/"},
                                     {0.5, "http://www.example.com/index.html"}};
constexpr Usual kUsualCookies[] = {
    {0.5, "PHPSESSID=; path=/; expires=; domain=; HttpOnly; Secure; SameSite=Lax"},
    {0.3, "_ga=GA1.2.; session=; id="}};
constexpr Usual kUsualRequestNames[] = {
    {0.8,
     "\r\nHost\r\nUser-Agent\r\nAccept\r\nAccept-Language\r\nAccept-"
     "Encoding\r\nConnection\r\n\r\n"},
    {0.5, "\r\nReferer\r\nCookie\r\nCache-Control\r\nPragma\r\n\r\n"},
    {0.1, "\r\nContent-Type\r\nContent-Length\r\nOrigin\r\n\r\n"}};
constexpr Usual kUsualResponseNames[] = {
    {0.8, "\r\nDate\r\nServer\r\nContent-Type\r\nContent-Length\r\nConnection\r\n\r\n"},
    {0.5, "\r\nLast-Modified\r\nETag\r\nAccept-Ranges\r\nCache-Control\r\nVary\r\nExpires\r\n\r\n"},
    {0.2, "\r\nSet-Cookie\r\nTransfer-Encoding\r\nContent-Encoding\r\nX-Powered-By\r\n\r\n"}};
// What pages, scripts and style sheets are made of: pairs of bytes, which the byte model knows, say
// little about how usual a whole word is.
constexpr Usual kUsualBodies[] = {
    {0.6,
     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"><meta name=\"viewport\" "
     "content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Type\" "
     "content=\"text/html; charset=UTF-8\">"},
    {0.6,
     "<title></title>\n<link rel=\"stylesheet\" type=\"text/css\" href=\"http://www.\">\n<script "
     "type=\"text/javascript\" src=\"https://www.\"></script>\n</head>\n<body>\n"},
    {0.6,
     "<div class=\"container\" id=\"content\" style=\"display:none\"><span><p><a "
     "href=\"index.html\" "
     "title=\"\" target=\"_blank\"><img src=\"images/logo.png\" alt=\"\" width=\"100\" "
     "height=\"100\" "
     "border=\"0\" /></a></p></span></div>\n</body>\n</html>\n"},
    {0.4,
     "<form action=\"login.php\" method=\"post\" name=\"form\"><label><input type=\"hidden\" "
     "name=\"username\" value=\"\"/><input type=\"text\" name=\"email\"><input type=\"password\" "
     "name=\"password\"><input type=\"submit\" value=\"Submit\" class=\"button\"></form>"},
    {0.4,
     "Username Password Email Login Sign in Log in Download Update Address Account Search Home"},
    {0.3,
     "<table border=\"0\" cellpadding=\"0\" cellspacing=\"0\"><tr><td><ul><li><h1><br><iframe "
     "src="},
    {0.4,
     "function(){return this.document.getElementById(\"\").innerHTML;var "
     "window.location.href=\"\""},
    {0.4,
     "document.write(unescape(String.fromCharCode(eval(new "
     "Array(setTimeout(.length;.replace(.split("},
    {0.3, "navigator.userAgent.indexOf(.prototype.addEventListener(.createElement(.appendChild("},
    {0.3, "background-color:#ffffff;font-family:Arial,sans-serif;margin:0 auto;padding:0px;}"},
};

struct UsualList {
    const Usual* first = nullptr;
    std::size_t count = 0;
};

template <std::size_t N>
constexpr UsualList list(const Usual (&values)[N]) {
    return {values, N};
}

// Start buffers hold the first line and the head; request lines hold a method, a URI and a version.
constexpr std::size_t kListsPerBuffer = 4;
using UsualLists = std::array<UsualList, kListsPerBuffer>;

constexpr std::array<UsualLists, kBufferCount> kUsual = [] {
    std::array<UsualLists, kBufferCount> u{};
    const auto at = [&](BufferId b) -> UsualLists& { return u[index_of(b)]; };
    const UsualList ct = list(kUsualContentTypes);
    at(BufferId::kHttpUri) = {list(kUsualUris)};
    at(BufferId::kHttpUriRaw) = {list(kUsualUris)};
    at(BufferId::kHttpMethod) = {list(kUsualMethods)};
    at(BufferId::kHttpProtocol) = {list(kUsualProtocols)};
    at(BufferId::kHttpRequestLine) = {list(kUsualUris), list(kUsualMethods), list(kUsualProtocols)};
    at(BufferId::kHttpRequestHeader) = {list(kUsualRequestHeads), list(kUsualUserAgents)};
    at(BufferId::kHttpRequestHeaderRaw) = {list(kUsualRequestHeads), list(kUsualUserAgents)};
    at(BufferId::kHttpRequestHeaderNames) = {list(kUsualRequestNames)};
    at(BufferId::kHttpRequestStart) = {list(kUsualUris), list(kUsualProtocols),
                                       list(kUsualRequestNames)};
    at(BufferId::kHttpHost) = {list(kUsualHosts)};
    at(BufferId::kHttpHostRaw) = {list(kUsualHosts)};
    at(BufferId::kHttpUserAgent) = {list(kUsualUserAgents)};
    at(BufferId::kHttpReferer) = {list(kUsualReferers)};
    at(BufferId::kHttpRequestCookie) = {list(kUsualCookies)};
    at(BufferId::kHttpAccept) = {list(kUsualAccepts)};
    at(BufferId::kHttpAcceptEnc) = {list(kUsualEncodings)};
    at(BufferId::kHttpAcceptLang) = {list(kUsualLanguages)};
    at(BufferId::kHttpRequestConnection) = {list(kUsualConnections)};
    at(BufferId::kHttpRequestContentType) = {ct};
    at(BufferId::kHttpResponseLine) = {list(kUsualStatusLines)};
    at(BufferId::kHttpStatCode) = {list(kUsualStatusLines)};
    at(BufferId::kHttpStatMsg) = {list(kUsualStatusLines)};
    at(BufferId::kHttpResponseProtocol) = {list(kUsualProtocols)};
    at(BufferId::kHttpResponseHeader) = {list(kUsualResponseHeads)};
    at(BufferId::kHttpResponseHeaderRaw) = {list(kUsualResponseHeads)};
    at(BufferId::kHttpResponseHeaderNames) = {list(kUsualResponseNames)};
    at(BufferId::kHttpResponseStart) = {list(kUsualStatusLines), list(kUsualResponseNames)};
    at(BufferId::kHttpServer) = {list(kUsualServers)};
    at(BufferId::kHttpLocation) = {list(kUsualLocations)};
    at(BufferId::kHttpResponseCookie) = {list(kUsualCookies)};
    at(BufferId::kHttpResponseConnection) = {list(kUsualConnections)};
    at(BufferId::kHttpResponseContentType) = {ct};
    // A stream or payload of a web server starts with such a head, of a client with such a request.
    at(BufferId::kPayload) = {list(kUsualRequestHeads), list(kUsualResponseHeads),
                              list(kUsualProtocols), list(kUsualBodies)};
    at(BufferId::kHttpResponseBody) = {list(kUsualBodies)};
    at(BufferId::kFileDataToClient) = {list(kUsualBodies)};
    return u;
}();

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool contains(std::string_view text, std::string_view literal, bool nocase) {
    const auto equal = [nocase](char a, char b) { return nocase ? lower(a) == lower(b) : a == b; };
    return std::search(text.begin(), text.end(), literal.begin(), literal.end(), equal) !=
           text.end();
}

}  // namespace

const BufferProfile& profile_of(BufferId buffer) {
    return kProfiles[index_of(buffer)];
}

double usual_share(BufferId buffer, std::string_view literal, bool nocase) {
    double share = 0;
    for (const UsualList& usual : kUsual[index_of(buffer)]) {
        for (std::size_t i = 0; i < usual.count; ++i) {
            if (contains(usual.first[i].value, literal, nocase)) {
                share += usual.first[i].share;
            }
        }
    }
    return std::min(share, 1.0);
}

}  // namespace sluice::compile
