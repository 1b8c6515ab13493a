#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dataplane is killed without warning: the next start works and blocks again. Then it is stopped in the middle of a
# download, and of a connection that the next one's exception policy drops; and started by a user of its own.
. "$(dirname "$0")/lib.sh"
prepare
head -c 50000000 /dev/urandom >"$work/www/big"
ports_state >"$work/ports.before"
write_config ""
check "dataplane starts" start_dataplane
check "a page" page
kill -KILL "$dataplane"
wait "$dataplane" 2>/dev/null || true
check "starts again after SIGKILL" start_dataplane
check "a page again" page
check "the exploit request is blocked" refuse exploit

ip netns exec "$client" curl --silent --max-time 20 --limit-rate 10M -o /dev/null "http://$server_ip/big" &
background+=($!)
sleep 0.5
check "clean stop in the middle of a download" stop_dataplane
end "${background[0]}"
background=()

# An open connection meets a dataplane that did not see it begin, and whose policy for such ones is to drop.
cat >"$work/late.py" <<'PYTHON'
import pathlib, socket, sys, time
request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
s = socket.create_connection((sys.argv[1], 80), timeout=4)
s.send(request)
assert b"hello" in s.recv(4096)
pathlib.Path(sys.argv[2]).touch()
while pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.05)
s.send(request)
try:
    print("got", s.recv(4096))
except OSError as error:
    print("no answer:", error)
PYTHON
write_config ""
check "starts for the late connection" start_dataplane
ip netns exec "$client" python3 "$work/late.py" "$server_ip" "$work/open" >"$work/late.log" 2>&1 &
background+=($!)
check "a connection is open" bash -c "for i in \$(seq 50); do [ -e $work/open ] && exit 0; sleep 0.1; done; exit 1"
check "clean stop under it" stop_dataplane
write_config "" "[stream]
midstream = false
[exception]
midstream = \"drop\""
: >"$work/eve.json"
check "starts with the policy" start_dataplane
rm "$work/open"
check "the rest of the connection is dropped, and told" wait_events 1 'e.get("drop",{}).get("reason")=="stream midstream"'
check "no answer came" bash -c "for i in \$(seq 60); do grep -q 'no answer' $work/late.log && exit 0; sleep 0.1; done; cat $work/late.log; exit 1"
check "status tells the policy and the count" bash -c "$bin/sluice status --socket $work/run/control.sock | grep -qE '^ +midstream +drop; [1-9][0-9]* packets dropped'"
check "a page on a new connection" page
background=()
check "clean stop" stop_dataplane

check "another user for it" id nobody
write_config "" "[privileges]
user = \"nobody\""
: >"$work/eve.json"
chown nobody "$work" "$work/eve.json" "$work/run"
check "starts as root, becomes that user" start_dataplane
check "it is that user" [ "$(stat -c %U "/proc/$dataplane")" = nobody ]
check "with three capabilities" grep -q '^CapEff:.0000000000007000$' "/proc/$dataplane/status"
check "and no way to more" grep -q '^NoNewPrivs:.1$' "/proc/$dataplane/status"
check "a page" page
check "the exploit request is blocked" refuse exploit
check "the event is written" wait_events 1 'e["event_type"]=="alert" and e["alert"]["action"]=="blocked"'
check "reload by the operator" ask reload "$work/second.sigb"
check "clean stop" stop_dataplane
check "no XDP program and no promiscuous mode is left behind" bash -c "! ip -n $box link show | grep -qE 'xdp|PROMISC'"
say "PASSED $test_name"
