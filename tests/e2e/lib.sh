# SPDX-License-Identifier: Apache-2.0
# Start of every end-to-end test: tools, root, the network of tools/netlab.sh, bundles. Usage: test_x.sh BIN_DIR.
# Exit codes: 0 passed, 1 failed (the last lines say what), 77 skipped (the line says why).
set -euo pipefail
SLUICE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$SLUICE_ROOT/tools/lib.sh"
. "$SLUICE_ROOT/tools/netlab.sh"

bin=${1:?usage: $0 BIN_DIR}
test_name=$(basename "$0" .sh)
skip() { say "SKIPPED $test_name: $*"; exit 77; }

[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
for tool in ip ethtool nginx curl python3; do
    command -v "$tool" >/dev/null || skip "needs $tool (tools/packages.txt, groups run and demo)"
done
probe=sluice-e2e-probe-$$
ip netns add "$probe" 2>/dev/null || skip "this machine gives no network namespaces"
veth=ok
ip link add c0 netns "$probe" type veth peer name s0 netns "$probe" 2>/dev/null || veth=
ip netns del "$probe"
[ -n "$veth" ] || skip "this kernel has no veth"

# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        say "ok      $what"
    else
        say "FAILED  $what"
        tail -n 20 "$work/check.log"
        say "--- dataplane log"
        tail -n 20 "$work/dataplane.log" 2>/dev/null || true
        exit 1
    fi
}

refuse() { ! "$@"; }

page() { [ "$(fetch "http://$server_ip/" 2>/dev/null)" = hello ]; }

exploit() { fetch --max-time 4 -H 'Accept-Encoding: doar-e, ftw, imo, ,' "http://$server_ip/exploit"; }

unseen() { ! grep -q "$1" "$work/nginx/access.log"; }

# value JSON-PATH: of `sluice stats --json`, e.g. total/packets
value() { ask stats --json | python3 -c 'import json,sys,functools; print(functools.reduce(lambda d,k: d.get(k,0), sys.argv[1].split("/"), json.load(sys.stdin)))' "$1"; }

# events EXPRESSION: how many events satisfy the Python expression over e
events() { python3 -c 'import json,sys; print(sum(1 for l in open(sys.argv[1]) for e in [json.loads(l)] if eval(sys.argv[2])))' "$work/eve.json" "$1"; }

# wait_events COUNT EXPRESSION: at least so many within three seconds
wait_events() {
    local i
    for i in $(seq 30); do
        [ "$(events "$2")" -ge "$1" ] && return 0
        sleep 0.1
    done
    cat "$work/eve.json"
    return 1
}

# in = forwarded + dropped, over all workers
conserved() {
    ask stats --json | python3 -c 'import json,sys; t=json.load(sys.stdin)["total"]; assert t["packets"] == t["forwarded"] + t["dropped"] and t["packets"] > 0, t'
}

make_bundles() {
    "$bin/sluice" keygen -o "$work/lab"
    "$bin/sluice" keygen -o "$work/stranger"
    local guidance=$SLUICE_ROOT/signatures/rules/guidance/cve-2021-31166.toml rules=$SLUICE_ROOT/signatures/rules/demo.rules
    say 'drop http any any -> any any (msg:"E2E closed page"; flow:established,to_server; http.uri; content:"/closed-by-reload"; startswith; sid:1000091; rev:1;)' >"$work/new.rules"
    say 'drop dns any any -> any any (msg:"E2E blocked name"; dns.query; content:"blocked.example"; nocase; endswith; sid:1000092; rev:1;)' >>"$work/new.rules"
    "$bin/sluice" compile "$guidance" "$rules" -o "$work/first.sigb" --key "$work/lab.key" --version 10
    "$bin/sluice" compile "$guidance" "$rules" "$work/new.rules" -o "$work/second.sigb" --key "$work/lab.key" --version 11
    "$bin/sluice" compile "$rules" -o "$work/forged.sigb" --key "$work/stranger.key" --version 99
    head -c 300 "$work/second.sigb" >"$work/cut.sigb"
}

# write_config DATAPLANE-LINES [MORE-TABLES]
write_config() {
    cat >"$work/sluice.toml" <<CONF
[dataplane]
runtime_dir = "$work/run"
$1
[[segment]]
ports = ["${driver:-af_xdp}:p0", "${driver:-af_xdp}:p1"]
[vars]
HOME_NET = "10.93.0.0/24"
[bundle]
path = "$work/first.sigb"
trusted_keys = ["$work/lab.pub"]
[events]
path = "$work/eve.json"
[control]
socket = "$work/run/control.sock"
${2:-}
CONF
}

# The state of the box's ports: flags, MTU, XDP programs.
ports_state() { ip -n "$box" -details link show; }

ports_unchanged() { diff "$work/ports.before" <(ports_state); }

prepare() {
    netlab_init e2e
    say hello >"$work/www/index.html"
    say closed soon >"$work/www/closed-by-reload"
    check "network namespaces and veth pairs" netlab_up
    check "web server" start_web
    check "bundles" make_bundles
}
