#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every start that cannot work ends at once with exit code 1, one clear line, and nothing changed.
. "$(dirname "$0")/lib.sh"
prepare
ports_state >"$work/ports.before"

# fails_with TEXT: the dataplane must exit 1 within ten seconds and say TEXT.
fails_with() {
    local code=0
    timeout 10 ip netns exec "$box" "$bin/sluice-dataplane" --config "$work/sluice.toml" >"$work/out" 2>&1 || code=$?
    cat "$work/out"
    [ $code = 1 ] && grep -q -- "$1" "$work/out"
}

write_config "worker = 2"
check "an unknown key: file, line and column" fails_with 'sluice.toml:3:.*unknown key'
write_config ""
sed -i 's/af_xdp:p1/af_xdp:nosuch/' "$work/sluice.toml"
check "a missing interface" fails_with "there is no interface 'nosuch'"
write_config ""
ip -n "$box" link set p1 down
check "an interface that is down, and the command that helps" fails_with 'ip link set p1 up'
ip -n "$box" link set p1 up
write_config ""
cp "$work/forged.sigb" "$work/first.sigb"
check "a bundle of a stranger" fails_with 'unknown key'
write_config 'cores = [1000]'
check "a core that is not there" fails_with 'core 1000'
write_config "" "[privileges]
user = \"no-such-user\""
check "an unknown user" fails_with "no user 'no-such-user'"
check "check-config says good, and starts nothing" bash -c "$bin/sluice-dataplane --check-config --config $SLUICE_ROOT/control/config/sluice.toml.example"
check "the link is back" wait_carrier
check "ports are as they were" ports_unchanged
make_bundles_again() { rm -f "$work"/*.key "$work"/*.pub; make_bundles; }
check "bundles again" make_bundles_again
write_config ""
check "dataplane starts" start_dataplane
check "a second one is refused" fails_with 'another sluice-dataplane'
check "the first still works" page
check "clean stop" stop_dataplane
say "PASSED $test_name"
