#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One worker inline: traffic passes, attacks do not, rules are replaced live, refused bundles change nothing, a clean stop
# leaves the interfaces as they were.
. "$(dirname "$0")/lib.sh"
prepare
head -c 30000000 /dev/urandom >"$work/www/big"
ports_state >"$work/ports.before"
write_config ""
sed -i "s|^trusted_keys|thresholds = \"$work/threshold.config\"\n&|" "$work/sluice.toml"
: >"$work/threshold.config"
check "dataplane starts" start_dataplane

check "a page" page
check "a 30 MB file arrives unchanged" bash -c "ip netns exec $client curl -s --max-time 60 http://$server_ip/big | cmp - $work/www/big"
check "the exploit request gets no answer" refuse exploit
check "the server never saw it" unseen /exploit
check "its event names the CVE, the action and the reason" wait_events 1 \
    '"CVE-2021-31166" in e.get("alert",{}).get("cve",[]) and e["alert"]["action"]=="blocked" and e["verdict"]["reason"]=="rule_drop" and e["http"]["url"]=="/exploit" and e["in_iface"]=="p0"'
check "a request for the test URI is dropped" refuse fetch --max-time 4 "http://$server_ip/sluice-test-block"
check "a marker in a request body is dropped" refuse fetch --max-time 4 -d "x SLUICE-TEST-BODY-MARKER y" "http://$server_ip/post"
check "the server never logged either" bash -c "! grep -qE 'sluice-test-block|/post' $work/nginx/access.log"
check "a body without the marker passes" bash -c "[ \"\$(ip netns exec $client curl -s --max-time 5 -d ordinary http://$server_ip/post)\" = taken ]"
check "an alert rule lets its request through" fetch -A sluice-test -o /dev/null "http://$server_ip/"
check "and tells" wait_events 1 'e.get("alert",{}).get("signature_id")==1000001 and e["alert"]["action"]=="allowed"'


# The site's threshold.config, read again without a new bundle.
say "suppress gen_id 1, sig_id 1000001" >"$work/threshold.config"
check "a new threshold.config is taken with the same bundle" ask reload
told=$(events 'e.get("alert",{}).get("signature_id")==1000001')
check "the suppressed rule lets its request through" fetch -A sluice-test -o /dev/null "http://$server_ip/"
sleep 0.5
check "and does not tell" test "$(events 'e.get("alert",{}).get("signature_id")==1000001')" = "$told"
say "suppress gen_id 1" >"$work/threshold.config"
wrong=$(ask reload 2>&1 || true)
check "a wrong line is refused with its place" grep -q 'threshold.config:1:1' <<<"$wrong"
: >"$work/threshold.config"
check "an empty one is taken" ask reload

# The attack cut into one-byte segments: the receiver must not see it complete either.
cat >"$work/bytewise.py" <<'PYTHON'
import socket, sys, time
s = socket.create_connection((sys.argv[1], 80), timeout=4)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
try:
    for byte in b"GET /bytewise HTTP/1.1\r\nHost: x\r\nAccept-Encoding: doar-e, ftw, imo, ,\r\n\r\n":
        s.send(bytes([byte]))
        time.sleep(0.001)
    got = s.recv(100)
except OSError:
    got = b""
sys.exit(1 if got.startswith(b"HTTP") else 0)
PYTHON
check "the attack in one-byte pieces is blocked too" on "$client" python3 "$work/bytewise.py" "$server_ip"
check "and never answered: the server logs a request that broke off, at most" bash -c "! grep '/bytewise' $work/nginx/access.log | grep -qvE '\" (400|408|499) '"

check "the page is open before the reload" fetch -f -o /dev/null "http://$server_ip/closed-by-reload"
for bad in forged cut; do check "bundle '$bad' is refused" refuse ask reload "$work/$bad.sigb"; done
cp "$work/first.sigb" "$work/same.sigb"
check "the version that runs is refused" refuse ask reload "$work/same.sigb"
check "a missing file is refused" refuse ask reload "$work/none.sigb"
check "the old rules are in force" bash -c "$bin/sluice status --socket $work/run/control.sock | grep -q 'version 10,'"
check "a good bundle is taken" ask reload "$work/second.sigb"
check "the page is closed after the reload" refuse fetch --max-time 4 "http://$server_ip/closed-by-reload"
check "the exploit is still blocked" refuse exploit
check "pages still pass" page
# DNS, over UDP and TCP: one name is blocked, others are not.
dns() { on "$client" python3 "$(dirname "$0")/dns_peer.py" ask "$server_ip" "$1" "$2"; }
ip netns exec "$server" python3 "$(dirname "$0")/dns_peer.py" serve "$server_ip" &
names=$!
for i in $(seq 30); do dns tcp ready.example && break; sleep 0.1; done
for transport in udp tcp; do
    check "a name is resolved over $transport" dns $transport www.example
    check "the blocked name gets no answer over $transport" refuse dns $transport www.BLOCKED.example
done
check "and its events tell the name" wait_events 2 'e.get("alert",{}).get("signature_id")==1000092 and e["alert"]["action"]=="blocked" and e["dns"]["query"][0]["rrname"]=="www.BLOCKED.example"'
kill "$names"

check "an older version is refused now" refuse ask reload "$work/first.sigb"

cat >"$work/urgent.py" <<'PYTHON'
import socket, sys
s = socket.create_connection((sys.argv[1], 80), timeout=4)
s.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
s.send(b"u", socket.MSG_OOB)
s.send(b"\r\n\r\n")
answer = b""
while b"hello" not in answer:  # header and page may come in two segments
    more = s.recv(4096)
    if not more:
        sys.exit(f"closed after {answer!r}")
    answer += more
PYTHON
check "a request with urgent data is answered" on "$client" python3 "$work/urgent.py" "$server_ip"
check "and an anomaly event tells" wait_events 1 'e["event_type"]=="anomaly" and e["anomaly"]=={"type":"stream","event":"tcp_urgent"} and e["dest_port"]==80'
check "status tells the policies" bash -c "$bin/sluice status --socket $work/run/control.sock | grep -qE '^ +copy_store +pass; never applied'"

check "in = forwarded + dropped" conserved
check "nothing went uninspected" [ "$(value total/stream_bytes_uninspected)" = 0 ]
mv "$work/eve.json" "$work/eve.json.moved"
kill -HUP "$dataplane"
check "after HUP the event file is opened anew" bash -c "ip netns exec $client curl -s -A sluice-test -o /dev/null http://$server_ip/; for i in \$(seq 30); do [ -s $work/eve.json ] && exit 0; sleep 0.1; done; exit 1"
check "clean stop, exit code 0" stop_dataplane
check "ports are as they were" ports_unchanged
check "socket and runtime files are gone" bash -c "[ -z \"\$(ls -A $work/run)\" ]"
say "PASSED $test_name"
