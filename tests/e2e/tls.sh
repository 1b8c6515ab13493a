#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TLS through the wire: a name in the ClientHello and a name in the server's certificate are blocked, other handshakes and their data
# pass, what is encrypted is counted and not looked into.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip "needs openssl"
prepare
cat >"$work/tls.rules" <<'RULES'
drop tls any any -> any any (msg:"E2E server name"; flow:established,to_server; tls.sni; content:"blocked.example"; endswith; sid:1000101; rev:1;)
drop tls any any -> any any (msg:"E2E certificate"; flow:established,to_client; tls.cert_subject; content:"CN=evil.example"; sid:1000102; rev:1;)
alert tls any any -> any any (msg:"E2E certificate seen"; flow:established,to_client; tls.cert_subject; content:"O=Sluice Test, CN=good.example"; sid:1000103; rev:1;)
RULES
"$bin/sluice" compile "$work/tls.rules" -o "$work/first.sigb" --key "$work/lab.key" --version 12
head -c 3000000 /dev/urandom >"$work/secret"
for name in good evil; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/C=US/O=Sluice Test/CN=$name.example" \
        -keyout "$work/$name.key" -out "$work/$name.pem" 2>/dev/null
done
# serve NAME PORT
serve() {
    (cd "$work" && exec ip netns exec "$server" openssl s_server -quiet -accept "$2" -cert "$1.pem" -key "$1.key" -WWW) >"$work/$1.log" 2>&1 &
    background+=($!)
}
serve good 443
serve evil 444

# get PORT NAME [MORE]: the secret file over TLS, compared
get() {
    local port=$1 name=$2
    shift 2
    ip netns exec "$client" curl -sk --max-time 20 --resolve "$name:$port:$server_ip" "$@" "https://$name:$port/secret" | cmp - "$work/secret"
}

write_config ""
check "dataplane starts" start_dataplane
check "a file over TLS 1.3 arrives unchanged" get 443 good.example --tlsv1.3
check "a file over TLS 1.2 arrives unchanged" get 443 good.example --tls-max 1.2
check "its certificate was read" wait_events 1 'e.get("alert",{}).get("signature_id")==1000103 and e["app_proto"]=="tls"'
check "a blocked name gets no answer over TLS 1.3" refuse get 443 www.blocked.example --tlsv1.3
check "nor over TLS 1.2" refuse get 443 www.blocked.example --tls-max 1.2
check "nor with a certificate that is blocked" refuse get 444 good.example --tls-max 1.2
check "events tell" wait_events 2 'e.get("alert",{}).get("signature_id")==1000101 and e["alert"]["action"]=="blocked"'
check "events tell of the certificate" wait_events 1 'e.get("alert",{}).get("signature_id")==1000102 and e["alert"]["action"]=="blocked"'
check "other names still pass" get 443 good.example
check "what is encrypted is counted" [ "$(value total/stream_bytes_encrypted)" -gt 8000000 ]
check "nothing else went uninspected" [ "$(value total/stream_bytes_uninspected)" = 0 ]
check "in = forwarded + dropped" conserved
check "clean stop" stop_dataplane
say "PASSED $test_name"
