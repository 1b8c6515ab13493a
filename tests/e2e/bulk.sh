#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A gigabyte through the appliance arrives unchanged, iperf3 runs both ways, and no retransmission is Sluice's: it drops
# nothing. The same through DPDK's testpmd, which only forwards, tells how many the virtual wire itself causes.
. "$(dirname "$0")/lib.sh"
for tool in iperf3 nstat dpdk-testpmd; do
    command -v "$tool" >/dev/null || skip "needs $tool (tools/packages.txt, group test)"
done
prepare
head -c 67108864 /dev/urandom >"$work/block"
for _ in $(seq 16); do cat "$work/block"; done >"$work/www/big"

retransmits() {
    local namespace sum=0
    for namespace in "$client" "$server"; do
        sum=$((sum + $(on "$namespace" nstat -asz TcpRetransSegs | awk '/TcpRetransSegs/ { print $2 }')))
    done
    echo "$sum"
}

download() { on "$client" curl -s --max-time 120 "http://$server_ip/big" | cmp - "$work/www/big"; }

start_iperf() {
    ip netns exec "$server" iperf3 --server --bind "$server_ip" >"$work/iperf.log" 2>&1 &
    background+=($!)
    local i
    for i in $(seq 50); do
        on "$server" ss -Hltn 'sport = :5201' | grep -q . && return 0
        sleep 0.1
    done
    return 1
}

iperf_both_ways() {
    on "$client" iperf3 --client "$server_ip" --time 3 --parallel 2 && on "$client" iperf3 --client "$server_ip" --time 3 --reverse
}

check "iperf3 server" start_iperf
write_config ""
check "dataplane starts" start_dataplane
before=$(retransmits)
check "1 GiB from nginx arrives unchanged" download
# Shows every counter when something else was.
dropped_only() {
    ask stats --json | python3 -c 'import json, sys
reasons = {k: v for k, v in json.load(sys.stdin)["reasons"].items() if v}
print(reasons)
sys.exit(0 if set(reasons) <= set(sys.argv[1:]) else 1)' "$@"
}
check "Sluice dropped nothing" [ "$(value total/dropped)" = 0 ]
check "nothing went uninspected" [ "$(value total/stream_bytes_uninspected)" = 0 ]
check "iperf3 both ways" iperf_both_ways
with_sluice=$(($(retransmits) - before))
# iperf3 ends with a RST into running data; what is still on its way then has no receiver any more.
check "Sluice dropped nothing but what followed a RST" dropped_only ethertype_uninspected ipv6_empty_padding tcp_out_of_window tcp_after_rst
check "nothing went uninspected" [ "$(value total/stream_bytes_uninspected)" = 0 ]
check "in = forwarded + dropped" conserved
check "clean stop" stop_dataplane

mkfifo "$work/stdin"
sleep 300 >"$work/stdin" & # testpmd ends with its standard input
background+=($!)
ip netns exec "$box" dpdk-testpmd -l 0,1 --no-pci --no-huge -m 256 --no-shconf --no-telemetry --vdev=net_af_xdp0,iface=p0 --vdev=net_af_xdp1,iface=p1 -- \
    --auto-start --forward-mode=io --total-num-mbufs=16384 <"$work/stdin" >"$work/testpmd.log" 2>&1 &
background+=($!)
reachable() { for _ in $(seq 50); do fetch --max-time 1 -o /dev/null "http://$server_ip/" 2>/dev/null && return 0; sleep 0.1; done; return 1; }

check "testpmd forwards in its place" reachable
before=$(retransmits)
check "1 GiB from nginx arrives unchanged" download
check "iperf3 both ways" iperf_both_ways
say "retransmitted segments: $with_sluice with Sluice, $(($(retransmits) - before)) with testpmd"
say "PASSED $test_name"
