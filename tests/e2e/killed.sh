#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dataplane is killed without warning: the next start works and blocks again. Then it is stopped in the middle of a
# download, and started by a user of its own.
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
