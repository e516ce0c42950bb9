#!/usr/bin/env bats
# What guests reach: their neighbours, and nothing of the host, of what it routes to, or of another
# world. The host is made to answer wherever it can: it listens on every address, has a route
# back, forwards, and has IPv6 on the bridge, so that only the nftables tables are in between. The
# last tests do the same with the tables off: what was refused is then reached.
# shellcheck shell=bash
load lib/common

# What the host's listeners must hear with the tables off, and must not with them on.
HEARD="udp-host-4 tcp-host-4 udp-host-6 tcp-host-6 udp-away-4 tcp-away-4 udp-away-6 tcp-away-6
    udp-lldp-4 udp-lldp-6 udp-vlan0 mdns-4 mdns-6 dhcp"
ANSWERED="arp-4 nd-6 host-4 host-6 away-4 away-6 arp-lldp"

guest() {
    tests/integration/lib/guest "$@"
}

# mac_of and tap_of DOMAIN: of its first interface.
mac_of() {
    virsh domiflist "$1" | awk '$2 == "bridge" { print $5; exit }'
}

tap_of() {
    virsh domiflist "$1" | awk '$2 == "bridge" { print $1; exit }'
}

bridge_of() {
    virsh domiflist "$1" | awk '$2 == "bridge" { print $3; exit }'
}

# listen COMMAND ADDRESS: a listener that adds what it hears to "heard"; COMMAND, of none or several
# words, says where it runs.
listen() {
    # shellcheck disable=SC2086
    $1 socat -u "$2" "OPEN:$BATS_FILE_TMPDIR/heard,creat,append" 3>&- \
        2>>"$BATS_FILE_TMPDIR/socat" &
    echo $! >>"$BATS_FILE_TMPDIR/pids"
}

# A network behind the host, as the internet is: it would be reached by forwarding.
make_away() {
    ip netns add away
    ip link add away0 type veth peer name eth0 netns away
    ip address add 198.51.100.1/24 dev away0
    ip -6 address add 2001:db8:2::1/64 dev away0 nodad
    ip link set away0 up
    ip -n away address add 198.51.100.2/24 dev eth0
    ip -n away -6 address add 2001:db8:2::2/64 dev eth0 nodad
    ip -n away link set eth0 up
    ip -n away route add default via 198.51.100.1
    ip -n away -6 route add default via 2001:db8:2::1
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

make_listeners() {
    local bridge=$1 where kind
    for where in '' 'ip netns exec away'; do
        for kind in TCP4-LISTEN:7777,reuseaddr,fork TCP6-LISTEN:7777,ipv6only=1,reuseaddr,fork \
            UDP4-RECV:7777 UDP6-RECV:7777,ipv6only=1; do
            listen "$where" "$kind"
        done
    done
    listen '' "UDP4-RECV:5353,ip-add-membership=224.0.0.251:0.0.0.0:$bridge"
    listen '' "UDP6-RECV:5353,ipv6only=1,ipv6-join-group=[ff02::fb]:$bridge"
    listen '' UDP4-RECV:67
}

# The host's addresses, and all that it must know to answer alice's client: routes back, and
# neighbours where it couldn't ask for them.
make_host_answer() {
    local bridge=$1 mac=$2 tap
    tap=$(tap_of xw:firewall:alice:client)
    ip address add 192.0.2.1/32 dev lo
    ip route add 10.1.0.0/24 dev "$bridge"
    ip route add 10.9.0.2/32 dev "$bridge"
    ip neigh add 10.9.0.2 lladdr "$mac" dev "$bridge" nud permanent
    sysctl -q -w "net.ipv6.conf.$bridge.disable_ipv6=0"
    ip -6 address add 2001:db8:1::1/128 dev "$bridge" nodad
    ip -6 route add 2001:db8:a::/64 dev "$bridge"
    ip -6 neigh add "$(link_local "$mac")" lladdr "$mac" dev "$tap" nud permanent
}

# link_local MAC: the address that an interface makes of it (RFC 4291, appendix A).
link_local() {
    local o
    IFS=: read -r -a o <<<"$1"
    printf 'fe80::%x:%xff:fe%02x:%x\n' $((0x${o[0]} << 8 ^ 0x200 | 0x${o[1]})) "0x${o[2]}" \
        "0x${o[3]}" $((0x${o[4]} << 8 | 0x${o[5]}))
}

give_probes() {
    guest "$1" firewall/client "cat >/tmp/probes <<'END'
$(grep -v '^ *#' tests/integration/lib/probes)
END"
}

setup_file() {
    local bridge
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
    as alice start firewall
    as bob start firewall/client
    bridge=$(bridge_of xw:firewall:alice:client)
    cat "/proc/sys/net/ipv6/conf/$bridge/disable_ipv6" >"$BATS_FILE_TMPDIR/disable_ipv6"
    ip -6 address show dev "$bridge" >"$BATS_FILE_TMPDIR/addresses"
    ip -4 address show dev "$bridge" >>"$BATS_FILE_TMPDIR/addresses"
    make_away
    make_host_answer "$bridge" "$(mac_of xw:firewall:alice:client)"
    : >"$BATS_FILE_TMPDIR/heard"
    make_listeners "$bridge"
    give_probes alice >/dev/null
}

teardown_file() {
    xargs kill <"$BATS_FILE_TMPDIR/pids"
    nft -f /etc/xworlds/xworlds.nft
    sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
        net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 \
        net.bridge.bridge-nf-call-arptables=1
    ip netns delete away
    ip address del 192.0.2.1/32 dev lo
    xwadm destroy firewall --user alice --user bob --yes --force
}

# probe_host TAG SECONDS: all probes from alice's client; prints what was answered.
probe_host() {
    local tap_mac tap bridge
    tap=$(tap_of xw:firewall:alice:client)
    bridge=$(bridge_of xw:firewall:alice:client)
    tap_mac=$(cat "/sys/class/net/$bridge/address")
    guest alice firewall/client \
        "TAG=$1 WAIT=$2 HOST4=192.0.2.1 HOST6=2001:db8:1::1 AWAY4=198.51.100.2 AWAY6=2001:db8:2::2" \
        "BRIDGE=$tap_mac TAP6=$(ip -6 -o address show dev "$tap" scope link |
            awk '{ sub("/.*", "", $4); print $4 }')" \
        ". /tmp/probes" probe
}

tables_off() {
    nft delete table bridge xworlds
    nft delete table inet xworlds
    nft delete table arp xworlds
}

tables_on() {
    nft -f /etc/xworlds/xworlds.nft
}

# nothing_reached TAG: with the tables on.
nothing_reached() {
    run probe_host "$1" 1
    [ "$status" -eq 0 ]
    [[ $output == *"probes sent"* ]]
    refute grep -a "$1" "$BATS_FILE_TMPDIR/heard"
    refute grep -E "^answer ($(tr -s ' \n' '||' <<<"$ANSWERED" | sed 's/|$//')|tap-6)" <<<"$output"
}

neighbours_answer() {
    guest alice firewall/client "until ping -c 1 -W 1 router; do :; done" \
        "until ping -c 1 -W 1 web; do :; done"
}

@test "the host has no address on a segment's bridge, and IPv6 is off there" {
    [ "$(cat "$BATS_FILE_TMPDIR/disable_ipv6")" = 1 ]
    refute grep inet "$BATS_FILE_TMPDIR/addresses"
}

@test "a neighbour answers by name, and through the router a machine of another segment" {
    run neighbours_answer
    [ "$status" -eq 0 ]
}

# T-N1
@test "br_netfilter on: the neighbours answer, the host and what is behind it do not" {
    [ -e /proc/sys/net/bridge ]
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 \
        net.bridge.bridge-nf-call-arptables=1
    neighbours_answer
    nothing_reached shut-netfilter
}

@test "br_netfilter off: the same" {
    sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 \
        net.bridge.bridge-nf-call-arptables=0
    neighbours_answer
    nothing_reached shut-plain
}

@test "a machine of another segment of the same world is reached through the router only" {
    run guest alice firewall/client "ip address add 10.2.0.99/24 dev eth0" \
        "ping -c 1 -W 2 -I 10.2.0.99 10.2.0.2" "ip neigh show 10.2.0.2" \
        "ip neigh replace 10.2.0.2 lladdr $(mac_of xw:firewall:alice:web) dev eth0" \
        "ping -c 1 -W 2 -I 10.2.0.99 10.2.0.2" \
        "ip neigh del 10.2.0.2 dev eth0" "ip address del 10.2.0.99/24 dev eth0" "echo DO''NE"
    [ "$status" -eq 0 ]
    [[ $output == *DONE* ]]
    [ "$(grep -c "0 packets received" <<<"$output")" -eq 2 ]
    neighbours_answer
}

# What alice's client hears on its interface while COMMAND runs, in "seen". Her router has the last
# word, on port 7799: once that has been heard, so has all that came before it.
while_alice_listens() {
    guest alice firewall/client \
        "tcpdump -i eth0 -n -e -U --immediate-mode -w /tmp/seen 2>/tmp/tcpdump &" \
        "until grep -q listening /tmp/tcpdump; do sleep 0.1; done" >/dev/null
    "$@"
    guest alice firewall/router "echo last >/dev/udp/10.1.0.2/7799" >/dev/null
    guest alice firewall/client \
        "until tcpdump -n -r /tmp/seen 2>/dev/null | grep -q '\.7799:'; do sleep 0.1; done" \
        "kill %1; wait" "tcpdump -n -e -r /tmp/seen 2>/dev/null" \
        >"$BATS_FILE_TMPDIR/seen"
}

# Bob's client sends at alice's: as itself, as her router, and by way of the host, which has a
# route to 10.9.0.2 on her segment.
bob_sends() {
    local own
    own=$(mac_of xw:firewall:bob:client)
    guest bob firewall/client \
        "ip address add 10.1.0.77/24 dev eth0" \
        "ip neigh replace 10.1.0.1 lladdr $(mac_of xw:firewall:alice:client) dev eth0 nud permanent" \
        "echo bob >/dev/udp/10.1.0.1/7701" \
        "ip link set eth0 address $(mac_of xw:firewall:alice:router)" \
        "echo bob >/dev/udp/10.1.0.1/7702" "ip link set eth0 address $own" \
        "ip route replace 10.9.0.2 dev eth0" \
        "ip neigh replace 10.9.0.2 lladdr $(cat "/sys/class/net/$(bridge_of xw:firewall:bob:client)/address") dev eth0 nud permanent" \
        "echo bob >/dev/udp/10.9.0.2/7703" "ping -c 1 -W 1 10.9.0.2"
}

alices_router_sends() {
    guest alice firewall/router "echo alice >/dev/udp/10.1.0.2/7700"
}

# T-N2
@test "another student's world hears nothing, whatever addresses are claimed" {
    while_alice_listens bob_sends
    refute grep -E '\.770[123]:|10\.1\.0\.77' "$BATS_FILE_TMPDIR/seen"
    while_alice_listens alices_router_sends
    grep -q '\.7700:' "$BATS_FILE_TMPDIR/seen"
}

# The host's neighbour discovery and multicast on the bridge and on the guest's tap.
host_speaks() {
    local tap bridge
    tap=$(tap_of xw:firewall:alice:client)
    bridge=$(bridge_of xw:firewall:alice:client)
    ping -c 1 -W 1 10.1.0.200 || true
    ping -6 -c 1 -W 1 "ff02::1%$bridge" || true
    ping -6 -c 1 -W 1 "ff02::1%$tap" || true
    ip -6 address add fe80::77/64 dev "$tap"
    wait_for settled "$tap"
    ip -6 address del fe80::77/64 dev "$tap"
}

# Duplicate address detection has asked its neighbours.
settled() {
    [ -z "$(ip -6 address show dev "$1" tentative)" ]
}

@test "the host by itself says nothing on a segment" {
    while_alice_listens host_speaks
    refute grep -i " $(cat "/sys/class/net/$(bridge_of xw:firewall:alice:client)/address") >" \
        "$BATS_FILE_TMPDIR/seen"
    refute grep -iE '^[^ ]+ fe:54:00' "$BATS_FILE_TMPDIR/seen"
}

# Each control puts the tables back whatever it found.
# T-N1
@test "control, tables off: all that was refused is reached, by each of the ways" {
    local word missing=()
    tables_off
    run probe_host open 10
    for word in $HEARD; do
        grep -qa "open-$word" "$BATS_FILE_TMPDIR/heard" || missing+=("$word")
    done
    for word in $ANSWERED; do
        grep -q "answer $word" <<<"$output" || missing+=("answer $word")
    done
    tables_on
    printf 'not reached: %s\n' "${missing[@]}"
    [ "${#missing[@]}" -eq 0 ]
}

@test "control, tables off: the host's own words and what it routes are seen by another world" {
    tables_off
    while_alice_listens bob_sends
    mv "$BATS_FILE_TMPDIR/seen" "$BATS_FILE_TMPDIR/routed"
    while_alice_listens host_speaks
    tables_on
    grep -q '\.7703:' "$BATS_FILE_TMPDIR/routed"
    refute grep -E '\.770[12]:' "$BATS_FILE_TMPDIR/routed"
    grep -qiE '^[^ ]+ fe:54:00' "$BATS_FILE_TMPDIR/seen"
}
