#!/usr/bin/env bats
# What a guest reaches: its neighbours, and nothing of the host. The listener's address is on the
# host's loopback, and the host has a route back, so that only the nftables table is in between.
# shellcheck shell=bash

guest() {
    tests/integration/lib/guest "$@"
}

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
    ssh -F /run/throwaway/ssh_config alice@lab start firewall/router,client
    ssh -F /run/throwaway/ssh_config bob@lab start firewall/client
    ip address add 192.0.2.1/32 dev lo
    local bridge
    bridge=$(virsh dumpxml xw:firewall:alice:client | grep -o 'xw-[a-z2-7]*' | head -n 1)
    ip route add 10.1.0.0/24 dev "$bridge"
    socat -u TCP-LISTEN:7777,bind=0.0.0.0,reuseaddr,fork "OPEN:$BATS_FILE_TMPDIR/tcp,creat,append" 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/pids"
    socat -u UDP-RECV:7777,bind=0.0.0.0 "OPEN:$BATS_FILE_TMPDIR/udp,creat,append" 3>&- &
    echo $! >>"$BATS_FILE_TMPDIR/pids"
}

teardown_file() {
    xargs kill <"$BATS_FILE_TMPDIR/pids"
    nft -f /etc/xworlds/xworlds.nft
    ip address del 192.0.2.1/32 dev lo
    xwadm destroy firewall --user alice --user bob --yes --force
}

# Sends a word to the host's listener over TCP and UDP (the name of a tftp request), without a gateway.
knock() {
    guest alice firewall/client "ip route replace 192.0.2.1 dev eth0" \
        "echo $1-tcp | nc -w 3 192.0.2.1 7777" \
        "timeout 2 tftp -p -l /etc/hostname -r $1-udp 192.0.2.1 7777" \
        "ping -c 1 -W 2 192.0.2.1" "ip neigh show 192.0.2.1"
}

@test "a neighbour answers by name" {
    run guest alice firewall/client "until ping -c 1 -W 1 router; do :; done"
    [ "$status" -eq 0 ]
    [[ $output == *"1 packets received"* ]]
}

@test "the host answers no ARP, no ping, and its listener hears nothing" {
    run knock shut
    [ "$status" -eq 0 ]
    [[ $output != *"1 packets received"* ]]
    [[ $output != *lladdr* ]]
    ! grep -qs shut "$BATS_FILE_TMPDIR/tcp" "$BATS_FILE_TMPDIR/udp"
}

@test "another student's world does not hear it: the same address, another machine" {
    run guest bob firewall/client "ping -c 1 -W 2 10.1.0.1" "ip neigh show 10.1.0.1"
    [ "$status" -eq 0 ]
    [[ $output == *"0 packets received"* ]]
    [[ $output != *lladdr* ]]
}

@test "with the table off the listener is reached: the control of the above" {
    nft delete table inet xworlds
    nft delete table arp xworlds
    run knock open
    nft -f /etc/xworlds/xworlds.nft
    [ "$status" -eq 0 ]
    [[ $output == *"1 packets received"* ]]
    grep -q open-tcp "$BATS_FILE_TMPDIR/tcp"
    grep -q open-udp "$BATS_FILE_TMPDIR/udp"
}
