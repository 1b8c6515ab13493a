#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The evasion checklist against a real Linux receiver behind sluice-dataplane: evasion_peer plays each case and its benign
# twin, the server writes what it got, and what must not arrive has not. tests/evasion/README.md says what a case is.
. "$(dirname "$0")/lib.sh"
cases=$SLUICE_ROOT/tests/evasion
prepare
on "$client" ip -6 addr add fd93::1/64 dev c0 nodad
on "$server" ip -6 addr add fd93::2/64 dev s0 nodad
# A second way, beside the box, for what it is not to see: c1 -- s1.
ip link add c1 netns "$client" type veth peer name s1 netns "$server"
ip -n "$client" link set c1 up
ip -n "$server" link set s1 up
on "$server" ethtool -K s1 tx off >"$work/ethtool.log"
# The peer speaks from addresses that no kernel has: nobody answers for it, and the server must not ask who it is.
mac() { on "$1" cat "/sys/class/net/$2/address"; }
client_mac=$(mac "$client" c0) server_mac=$(mac "$server" s0) around_mac=$(mac "$server" s1)
for address in 10.93.0.77 fd93::77; do
    on "$server" ip neigh add "$address" lladdr "$client_mac" dev s0 nud permanent
done
on "$server" ip route add 10.93.0.78/32 dev s1
on "$server" ip neigh add 10.93.0.78 lladdr "$(mac "$client" c1)" dev s1 nud permanent
# Fast Open whatever the cookie; fragments for two seconds; packets from either way.
on "$server" sysctl -q -w net.ipv4.tcp_fastopen=515 net.ipv4.ipfrag_time=2 net.ipv6.ip6frag_time=2 \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.s0.rp_filter=0 net.ipv4.conf.s1.rp_filter=0

# Ends of tunnels: the kernel's VXLAN where it has one, and ours for the rest.
tunnel_ends() {
    local left=()
    if ip -n "$server" link add vx0 address 02:00:00:00:00:09 type vxlan id 7 local 10.93.0.2 dstport 4789 nolearning; then
        ip -n "$server" addr add 10.7.0.2/24 dev vx0
        ip -n "$server" link set vx0 up
        left=(vxlan)
    fi
    say "tunnel ends by the kernel: ${left[*]:-none}"
    ip netns exec "$server" python3 "$cases/tunnel_end.py" s0 tun0 "${left[@]}" &
    background+=($!)
    local i
    for i in $(seq 50); do
        ip -n "$server" link set tun0 up 2>/dev/null && break
        sleep 0.1
    done
    ip -n "$server" addr add 10.7.0.2/32 dev tun0
    ip -n "$server" addr add fd07::2/64 dev tun0 nodad
    ip -n "$server" addr add 2001:0:a00:2::2/64 dev tun0 nodad
    on "$server" sysctl -q -w net.ipv4.conf.tun0.rp_filter=0
}
check "ends of tunnels" tunnel_ends

sid=2000000
for protocol in tcp udp; do
    say "drop $protocol any any -> any 9000 (msg:\"evasion marker\"; content:\"SLUICE-EVASION-MARKER-7c41\"; sid:$((++sid)); rev:1;)"
done >"$work/marker.rules"
"$bin/sluice" compile "$work/marker.rules" -o "$work/first.sigb" --key "$work/lab.key" --version 20
mkdir "$work/received"
ip netns exec "$server" python3 "$cases/receiver.py" "$work/received" 9000 &
background+=($!)
check "server is ready" bash -c "for i in \$(seq 50); do [ -e $work/received/ready ] && exit 0; sleep 0.1; done; exit 1"

# play GROUP: the cases that need the box as it is configured now
play() {
    local played=0
    check "dataplane starts for group $1" start_dataplane
    on "$client" "$bin/evasion_peer" "$1" "$server_mac" "$around_mac" "$client_mac" "/run/netns/$server" "$work/received" \
        "$cases/known_gaps.txt" "$bin/sluice stats --json --socket $work/run/control.sock" >"$work/cases" || played=$?
    cat "$work/cases"
    check "every case of group $1 is as expected, and its counter moved" [ "$played" = 0 ]
    check "in = forwarded + dropped" conserved
    check "clean stop" stop_dataplane
}
write_config "min_ttl = 2"
play main
write_config "min_ttl = 2" "[flow]
max_flows = 256
[defrag]
max_datagrams = 2048
timeout_s = 3
[stream]
memory_mb = 4
copy_store_mb = 2"
sed -i 's/^\[events\]/&\nring_entries = 64/' "$work/sluice.toml"
play small
say "PASSED $test_name"
