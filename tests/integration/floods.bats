#!/usr/bin/env bats
# Guests that write to their console and send on their network as fast as they can: the host and
# another student's world go on, and what the flood leaves on the host is bounded.
# shellcheck shell=bash
load lib/common

LOG=/var/lib/xworlds/worlds/firewall/alice/client.log

guest() {
    tests/integration/lib/guest "$@"
}

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
}

teardown_file() {
    xwadm destroy firewall --all --force --yes
}

# What a student does, from the list to a command in a machine.
bob_goes_on() {
    as bob list | grep -q '^firewall'
    run as bob start firewall/web
    [ "$status" -eq 0 ]
    run guest bob firewall/web 'echo $((6 * 7))'
    [[ $output == *$'\n42'* ]]
    run as bob stop --force firewall/web
    [ "$status" -eq 0 ]
    run as bob revert firewall/web
    [ "$status" -eq 0 ]
}

sent() {
    cat "/sys/class/net/$(virsh domiflist xw:firewall:alice:client | awk '$2 == "bridge" { print $1; exit }')/statistics/rx_bytes"
}

has_sent() {
    [ "$(sent)" -gt "$1" ]
}

# Bytes of the log and of what it was rotated to.
logged() {
    cat "$LOG"* 2>/dev/null | wc -c
}

has_logged() {
    [ "$(logged)" -gt "$1" ]
}

@test "T-L6: a console and a network that are flooded: another's world goes on, what is kept has a bound, stop works" {
    local before
    as alice start firewall/client,router
    before=$(sent)
    guest alice firewall/client \
        'while :; do dd if=/dev/zero bs=1400 count=1000 >/dev/udp/10.1.0.1/9; done >/dev/null 2>&1 &' \
        'yes flooded >/dev/ttyS0 2>&1 &' || true
    wait_for has_sent $((before + 5000000))
    wait_for has_logged 200000
    bob_goes_on
    # virtlogd.conf(5): max_size and max_backups.
    [ "$(logged)" -lt $((4 * 2097152 + 1048576)) ]
    run as alice status firewall
    [ "$(grep -c $'\trunning\t' <<<"$output")" -eq 2 ]
    run as alice stop --force firewall
    [ "$status" -eq 0 ]
}
