#!/usr/bin/env bats
# The image "tiny" as a machine: what a lab needs works inside, it stops when it is asked to, and what
# is changed stays until it is reverted.
# shellcheck shell=bash

guest() {
    tests/integration/lib/guest "$@"
}

as_alice() {
    ssh -F /run/throwaway/ssh_config alice@lab "$@"
}

setup_file() {
    xwadm image add build/images/tiny
    cat >"$BATS_FILE_TMPDIR/pair.yaml" <<'LAB'
xworlds: 1
title: Two machines on a segment
access:
  students: [cs530]
segments: [wire]
machines:
  one:
    image: tiny
    memory: 96
    interfaces:
      - segment: wire
        address: 10.5.0.1/24
  two:
    image: tiny
    memory: 96
    interfaces:
      - segment: wire
        address: 10.5.0.2/24
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/pair.yaml"
    xwadm deploy pair --user alice
    as_alice start pair
}

teardown_file() {
    xwadm destroy pair --user alice --yes --force
    xwadm lab remove pair
}

# Prints seconds, for people: under TCG, and with whatever else this machine is doing.
@test "from start to a shell on the console" {
    local began=$EPOCHREALTIME
    as_alice stop pair/one --force
    as_alice start pair/one
    run guest alice pair/one "uptime"
    [ "$status" -eq 0 ]
    [[ $output == *"load average"* ]]
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "# start to shell: %.1f s\n", b - a }' >&3
}

# Each line says "good NAME" only if the program did its work; the quotes keep the echo of what was
# typed from looking like an answer.
@test "the tools of a network lab work" {
    local name
    run guest alice pair/one \
        "ip -o -4 address show eth0 | grep -q 10.5.0.1/24 && echo go''od ip" \
        "until ping -c 1 -W 2 two; do :; done && echo go''od ping" \
        "(nc -l -p 7001 >/tmp/nc &); until netstat -ltn | grep -q :7001; do sleep 0.1; done" \
        "echo word | nc -w 5 127.0.0.1 7001; grep -qx word /tmp/nc && echo go''od nc" \
        "mkdir -p /srv && echo page >/srv/index.html && httpd -p 80 -h /srv && echo go''od httpd" \
        "wget -q -O - http://127.0.0.1/ | grep -qx page && echo go''od wget" \
        "(tcpdump -i lo -n -c 1 icmp >/tmp/dump 2>/tmp/dump.err &)" \
        "until grep -q listening /tmp/dump.err; do sleep 0.1; done; ping -c 1 127.0.0.1" \
        "until grep -q 'echo request' /tmp/dump; do sleep 0.1; done; echo go''od tcpdump" \
        "pidof acpid && echo go''od acpid" \
        "nft add table ip t && nft list tables | grep -q 'ip t' && echo go''od nft" \
        "tc qdisc add dev lo root netem delay 1ms && echo go''od tc"
    [ "$status" -eq 0 ]
    for name in ip ping nc httpd wget tcpdump acpid nft tc; do
        grep -q "^good $name" <<<"$output" || { echo "$name: $output" && false; }
    done
}

@test "a page is fetched from one machine by the other, by name" {
    run guest alice pair/two "wget -q -O - http://one/ | sed 's/^/got /'"
    [ "$status" -eq 0 ]
    [[ $output == *"got page"* ]]
}

@test "a stop by the power button is graceful; files stay over it, and revert undoes them" {
    guest alice pair/one "echo kept >/root/kept; sync"
    run as_alice stop pair/one
    [ "$status" -eq 0 ]
    [[ $output == *stopped* ]]
    [[ $output != *force* ]]
    as_alice start pair/one
    run guest alice pair/one "echo found \$(cat /root/kept)"
    [[ $output == *"found kept"* ]]
    as_alice revert pair/one --yes
    run guest alice pair/one "ls /root/kept || echo is go''ne"
    [ "$status" -eq 0 ]
    [[ $output == *"is gone"* ]]
}
