#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tap mode over AF_PACKET: everything passes, and the events say what would have been blocked.
. "$(dirname "$0")/lib.sh"
driver=af_packet
prepare
say exploited >"$work/www/exploit"
write_config 'mode = "tap"'
check "dataplane starts" start_dataplane
check "status says tap" grep -q 'mode.*tap' "$work/status"
check "a page" page
check "the exploit request passes" bash -c "[ \"\$(ip netns exec $client curl -s --max-time 5 -H 'Accept-Encoding: a, ,' http://$server_ip/exploit)\" = exploited ]"
check "its event says allowed, would block" wait_events 1 \
    '"CVE-2021-31166" in e.get("alert",{}).get("cve",[]) and e["alert"]["action"]=="allowed" and e["verdict"]["reason"]=="rule_would_block"'
check "nothing was dropped" [ "$(value total/dropped)" = 0 ]
check "clean stop" stop_dataplane
say "PASSED $test_name"
