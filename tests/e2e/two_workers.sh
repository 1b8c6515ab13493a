#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two workers on ports with one queue: packets are handed over, every attack of many parallel connections is blocked, no
# page is lost, rules are replaced on both.
. "$(dirname "$0")/lib.sh"
prepare
write_config "workers = 2"
# Packets are steered by their two addresses: one client would keep one worker busy only.
for i in 11 12 13 14 15 16 17 18; do ip -n "$client" addr add 10.93.0.$i/24 dev c0; done
check "dataplane starts with two workers" start_dataplane
check "it hands packets over" grep -q handover "$work/status"

cat >"$work/many.py" <<'PYTHON'
# Pages and attacks mixed, 16 at a time: prints how many pages came and how many attacks got an answer.
import concurrent.futures, http.client, sys
def one(i):
    attack = i % 4 == 0
    try:
        c = http.client.HTTPConnection(sys.argv[1], 80, timeout=5, source_address=("10.93.0.%d" % (11 + i // 4 % 8), 0))
        c.request("GET", "/exploit" if attack else "/", headers={"Accept-Encoding": "a, b, ,"} if attack else {})
        body = c.getresponse().read()
        return attack, attack or body == b"hello\n"
    except OSError:
        return attack, False
    except http.client.HTTPException:
        return attack, False
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    results = list(pool.map(one, range(400)))
pages = sum(1 for attack, came in results if not attack and came)
answered = sum(1 for attack, came in results if attack and came)
print(pages, answered)
sys.exit(0 if (pages, answered) == (300, 0) else 1)
PYTHON
check "300 pages pass, 100 attacks do not" on "$client" python3 "$work/many.py" "$server_ip"
check "the server saw no attack" unseen /exploit
check "each attack is told once" wait_events 100 'e["event_type"]=="alert" and e["alert"]["action"]=="blocked"'
check "and only once" [ "$(events 'e["event_type"]=="alert"')" = 100 ]
check "both workers had packets" bash -c "$bin/sluice stats --json --socket $work/run/control.sock | python3 -c 'import json,sys; assert all(w[\"packets\"] > 100 for w in json.load(sys.stdin)[\"workers\"])'"
check "in = forwarded + dropped" conserved
check "nothing was lost between the workers" [ "$(value reasons/handover_ring_full)" = 0 ]
check "reload on both" ask reload "$work/second.sigb"
for i in 1 2 3 4 5 6 7 8; do
    check "connection $i is judged by the new rules" refuse fetch --max-time 4 "http://$server_ip/closed-by-reload"
done
check "clean stop" stop_dataplane
say "PASSED $test_name"
