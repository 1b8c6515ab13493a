#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All rules of Emerging Threats Open into a running dataplane, under traffic: in force for the next packet when `sluice reload`
# returns, nothing lost meanwhile. Prints how long it took; asserts no time.
. "$(dirname "$0")/lib.sh"
archive=${SLUICE_SHARED:-none}/data/rules/emerging-all-2023-05-15.rules.zst
[ -f "$archive" ] || skip "SLUICE_SHARED does not name a folder with data/rules"
command -v zstd >/dev/null || skip "needs zstd"
prepare
zstd -dqc "$archive" >"$work/et.rules"
check "all of ET compiles" "$bin/sluice" compile "$work/et.rules" "$work/new.rules" -o "$work/large.sigb" --key "$work/lab.key" --version 12 --no-cache
write_config ""
check "dataplane starts" start_dataplane
check "a page" page
check "the page is open before the reload" fetch -f -o /dev/null "http://$server_ip/closed-by-reload"

# Pages without a pause; the first one that does not come ends it.
ip netns exec "$client" bash -c "while curl -sf --max-time 2 -o /dev/null http://$server_ip/ && echo >>$work/pages; do :; done; touch $work/missed" &
pages=$!
for i in $(seq 50); do [ -s "$work/pages" ] && break; sleep 0.1; done
begun=$(date +%s%N)
check "the bundle is taken" ask reload "$work/large.sigb"
took=$((($(date +%s%N) - begun) / 1000000))
check "the page is closed with the next packet" refuse fetch --max-time 2 "http://$server_ip/closed-by-reload"
check "no page was missed" test ! -e "$work/missed"
kill "$pages" 2>/dev/null || true
rules=$(ask status | grep -oE '[0-9]+ rules' | head -n 1)
check "all of them" test "${rules%% *}" -gt 31000
say "        $rules in force $took ms after the request, $(wc -l <"$work/pages") pages fetched meanwhile and before"
check "in = forwarded + dropped" conserved
check "nothing went uninspected" [ "$(value total/stream_bytes_uninspected)" = 0 ]
check "clean stop, exit code 0" stop_dataplane
say "PASSED $test_name"
