#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A SYN flood and a fragment flood, each frame from a source of its own, while real clients use the server: connections that were
# open go on, new ones open, attacks are blocked; memory stays within what is configured, counters explain every packet, and
# nothing is left when the time-outs have run out. SLUICE_FLOOD_SOURCES: frames of each flood; SLUICE_FLOOD_RATE: a second.
. "$(dirname "$0")/lib.sh"
[ -x "$bin/sluice-corpus" ] || skip "needs sluice-corpus beside the other programs"
frames=${SLUICE_FLOOD_SOURCES:-60000}
rate=${SLUICE_FLOOD_RATE:-30000}
max_flows=16384
prepare
head -c 20000000 /dev/urandom >"$work/www/big"
# What the server answers to sources that do not exist comes back through the box, and nobody is there. It waits seven seconds
# for the last step of a handshake (as long as the flood does not make it forget at once, by SYN cookies), not a minute.
ip -n "$server" route add default via 10.93.0.1
on "$server" sysctl -qw net.ipv4.tcp_synack_retries=2
server_mac=$(ip -n "$server" -oneline link show s0 | sed 's/.*link.ether \([0-9a-f:]*\).*/\1/')
write_config "" "
[flow]
max_flows = $max_flows
tcp_new_s = 2
tcp_closed_s = 1
[defrag]
max_datagrams = 4096
memory_mb = 4
timeout_s = 1
[stream]
memory_mb = 32
copy_store_mb = 16"
check "dataplane starts" start_dataplane

flood() {
    ip netns exec "$client" "$bin/sluice-corpus" "$@" --interface c0 --server "$server_ip" --mac "$server_mac" --count "$frames" --rate "$rate" \
        --connections 0 --tail 0 >"$work/flood.log" 2>&1 &
    sender=$!
    background+=("$sender")
}

flooding() { kill -0 "$sender" 2>/dev/null; }
flood_done() { wait "$sender" && grep -q "$frames frames" "$work/flood.log"; }
peak_memory() { awk '/VmHWM/ { print $2 * 1024 }' "/proc/$dataplane/status"; }
# On a slow machine a flood also overruns the queues before the box, where honest packets are lost like the others: a client
# may have to try again.
page_or_why() { [ "$(fetch --retry 3 --retry-all-errors "http://$server_ip/")" = hello ]; }
# until_done COMMAND: again and again while the flood lasts, at least once; it must succeed each time.
until_done() { while "$@" || return 1; flooding; do :; done; }
downloaded() { wait "$download" && cmp "$work/download" "$work/www/big"; }
seen() { for _ in $(seq 50); do [ "$(value "$1")" -ge "$2" ] && return 0; sleep 0.1; done; return 1; }

# Holds connections open; asks on each at the start and after each flood (when the file over-N is there).
cat >"$work/idle.py" <<'PYTHON'
import http.client, os, sys, time
connections = [http.client.HTTPConnection(sys.argv[1], 80, timeout=20) for _ in range(20)]
def ask():
    for c in connections:
        port = c.sock.getsockname()[1] if c.sock else None
        c.request("GET", "/")
        assert c.getresponse().read() == b"hello\n"
        assert port in (None, c.sock.getsockname()[1]), "another connection"
ask()
open(sys.argv[2] + "/idle-open", "w").close()
for flood in (1, 2, 3):
    while not os.path.exists(f"{sys.argv[2]}/over-{flood}"):
        time.sleep(0.1)
    print("after flood", flood)
    ask()
PYTHON
ip netns exec "$client" python3 "$work/idle.py" "$server_ip" "$work" >"$work/idle.log" 2>&1 &
idle=$!
background+=("$idle")
check "twenty connections are open" bash -c "for i in \$(seq 100); do [ -e $work/idle-open ] && exit 0; sleep 0.1; done; cat $work/idle.log; exit 1"
# Paced, so that it lasts through both floods.
ip netns exec "$client" curl -s --max-time $((60 + frames * 6 / rate)) --limit-rate $((20000000 * rate / frames / 3)) "http://$server_ip/big" >"$work/download" &
download=$!
background+=("$download")
before=$(peak_memory)

flood synflood
check "pages come during the SYN flood" until_done page_or_why
check "all of it was sent" flood_done
touch "$work/over-1"
check "it filled the table" seen total/flows_evicted 1000
flood fragflood
check "pages come during the fragment flood" until_done page_or_why
check "all of it was sent" flood_done
touch "$work/over-2"
check "it filled its table" seen reasons/fragment_evicted 1000
flood synflood --seed 2 --syn-data 300
check "the exploit request gets no answer during the flood of SYNs with data" refuse exploit
check "pages come meanwhile" until_done page_or_why
check "all of it was sent" flood_done
touch "$work/over-3"
check "it went over the share of SYN data" seen reasons/tcp_syn_data_full 1000

idle_ended() { wait "$idle" || { cat "$work/idle.log"; return 1; }; }
check "the connections that were idle during each flood went on" idle_ended
check "the download arrives unchanged" downloaded
check "the server never saw the exploit" unseen /exploit
check "its event says blocked" wait_events 1 '"CVE-2021-31166" in e.get("alert",{}).get("cve",[]) and e["alert"]["action"]=="blocked"'

# Flows with their index and queue, datagrams, copies, windows; 16 MB for streams, events and what huge pages round up.
bound=$((max_flows * 256 + 4096 * 256 + (4 + 32 + 16) * 1048576))
check "memory grew by less than what is configured ($(($(peak_memory) - before)) of $bound bytes)" [ $(($(peak_memory) - before)) -le "$bound" ]
check "no more than a few flows are left" bash -c "for i in \$(seq 150); do [ \$($bin/sluice stats --json --socket $work/run/control.sock | python3 -c 'import json,sys; t=json.load(sys.stdin)[\"total\"]; print(t[\"flows_active\"] + t[\"fragment_datagrams\"] + t[\"fragment_blocks\"] + t[\"syn_data_flows\"])') -le 60 ] && exit 0; sleep 0.1; done; exit 1"
check "in = forwarded + dropped" conserved
cat >"$work/explain.py" <<'PYTHON'
# Each drop has one reason, and each flow and fragment its end.
import json, sys
s = json.load(sys.stdin)
t, r = s["total"], {k: v for k, v in s["reasons"].items() if v}
print(t, r)
drops = {"rule_drop", "flow_dropped", "tcp_syn_data_full", "tcp_out_of_window", "tcp_invalid_rst"}
# A port used again within its flow's time is told by tcp_syn_differs and, once the server has accepted, tcp_gap.
notes = {"flow_evicted", "tcp_syn_data", "tcp_midstream", "tcp_syn_differs", "tcp_gap", "fragment_evicted", "fragment_timeout",
         "ethertype_uninspected", "ipv6_empty_padding", "icmp_related", "icmp_unrelated", "tcp_keepalive", "tcp_window_probe", "tcp_overlap_unverified", "tx_full"}
assert set(r) <= drops | notes, set(r) - drops - notes
assert t["dropped"] == sum(r.get(k, 0) for k in drops)
assert t["flows_evicted"] == r["flow_evicted"]
assert t["flows_created"] - t["flows_ended"] == t["flows_active"]
assert t["stream_bytes_uninspected"] == 0
PYTHON
check "counters explain the rest" bash -c "$bin/sluice stats --json --socket $work/run/control.sock | python3 $work/explain.py"
check "clean stop" stop_dataplane
say "PASSED $test_name"
