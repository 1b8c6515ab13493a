#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The evasion checklist against a real Linux receiver behind sluice-dataplane: evasion_peer plays each case and its benign
# twin, the server writes what it got, and what must not arrive has not. tests/evasion/README.md says what a case is.
. "$(dirname "$0")/lib.sh"
cases=$SLUICE_ROOT/tests/evasion
prepare
on "$client" ip -6 addr add fd93::1/64 dev c0 nodad
on "$server" ip -6 addr add fd93::2/64 dev s0 nodad
# The peer speaks from addresses that no kernel has: nobody answers for it, and the server must not ask who it is.
client_mac=$(on "$client" cat /sys/class/net/c0/address)
server_mac=$(on "$server" cat /sys/class/net/s0/address)
for address in 10.93.0.77 fd93::77; do
    on "$server" ip neigh add "$address" lladdr "$client_mac" dev s0 nud permanent
done
sid=2000000
for protocol in tcp udp; do
    say "drop $protocol any any -> any any (msg:\"evasion marker\"; content:\"SLUICE-EVASION-MARKER-7c41\"; sid:$((++sid)); rev:1;)"
done >"$work/marker.rules"
"$bin/sluice" compile "$work/marker.rules" -o "$work/first.sigb" --key "$work/lab.key" --version 20
write_config "min_ttl = 2"
check "dataplane starts" start_dataplane
mkdir "$work/received"
ip netns exec "$server" python3 "$cases/receiver.py" "$work/received" 9000 &
background+=($!)
check "server is ready" bash -c "for i in \$(seq 50); do [ -e $work/received/ready ] && exit 0; sleep 0.1; done; exit 1"

played=0
on "$client" "$bin/evasion_peer" c0 "$server_mac" "$work/received" "$cases/known_gaps.txt" "$work/proofs" >"$work/cases" || played=$?
cat "$work/cases"
check "every case is as expected" [ "$played" = 0 ]
seen_all() {
    local reason missing=0
    for reason in $(sort -u "$work/proofs"); do
        [ "$(value "reasons/$reason")" -gt 0 ] || { say "$reason was never counted"; missing=1; }
    done
    return $missing
}
check "each counter that proves a case has moved" seen_all
check "in = forwarded + dropped" conserved
check "clean stop" stop_dataplane
say "PASSED $test_name"
