#!/usr/bin/env bats
# Each table of xworlds.nft by itself. With all of them loaded most frames meet two, and a rule that
# is gone goes unnoticed: so here one table is loaded at a time, and for each of its rules there is
# something that this table stops, that arrives with no table at all, and that arrives as soon as
# this one rule is taken out.
#
# "host", "guest" and "away", a network behind the host, are three network namespaces; the tables are
# loaded in the first one, so that those of the machine stay as they are. The host listens on all of
# its addresses, has routes, forwards, and has IPv6 everywhere. A datagram goes by way of
#   bridge   the segment's bridge, xw-seg, where the guest's port is xwt-seg
#   group    the same port, left to it by the bridge: to 01:80:c2:00:00:0e; the host's to ff02::1
#   port     xwt-loose, which is the port of no bridge
#   other    the host, between the bridges of two segments
#   plain    a wire that no rule names.
# shellcheck shell=bash
load lib/common

# FAMILY CHAIN|RULE|PROBES. A probe is FROM-TO-BY-WHAT: datagrams of IP 4 or 6, or a question by ARP.
RULES='
bridge input|iifname "xwt-*" drop|guest-host-bridge-4 guest-host-bridge-6 guest-host-bridge-arp guest-away-bridge-4 guest-away-bridge-6
bridge output|oifname "xwt-*" drop|host-guest-bridge-4 host-guest-bridge-6 host-guest-bridge-arp away-guest-bridge-4 away-guest-bridge-6
inet input|iifname "xw-*" drop|guest-host-bridge-4 guest-host-bridge-6
inet input|iifname "xwt-*" drop|guest-host-port-4 guest-host-port-6 guest-host-group-4 guest-host-group-6
inet forward|iifname "xw-*" oifname != "xw-*" drop|guest-away-bridge-4 guest-away-bridge-6
inet forward|iifname != "xw-*" oifname "xw-*" drop|away-guest-bridge-4 away-guest-bridge-6
inet forward|iifname "xwt-*" drop|guest-away-port-4 guest-away-port-6
inet forward|oifname "xwt-*" drop|away-guest-port-4 away-guest-port-6
inet output|oifname "xw-*" drop|host-guest-bridge-4 host-guest-bridge-6
inet output|oifname "xwt-*" drop|host-guest-port-4 host-guest-port-6 host-guest-group-6
arp input|iifname "xw-*" drop|guest-host-bridge-arp
arp input|iifname "xwt-*" drop|guest-host-port-arp guest-host-group-arp
arp output|oifname "xw-*" drop|host-guest-bridge-arp
arp output|oifname "xwt-*" drop|host-guest-port-arp
'

# --- three namespaces -------------------------------------------------------------------------

# at PLACE COMMAND...
at() {
    ip netns exec "layers-$1" "${@:2}"
}

mac() {
    at "$1" cat "/sys/class/net/$2/address"
}

# wire N PLACE INTERFACE OTHER-PLACE INTERFACE: 10.N.0.1 is on the first, 10.N.0.2 on the second. On
# a port of a bridge the bridge has the address. Both know each other: nobody has to ask by ARP.
wire() {
    local n=$1 bearer=$3
    ip -n "layers-$2" link add "$3" type veth peer name "$5" netns "layers-$4"
    if [[ -n ${6-} ]]; then
        bearer=$6
        ip -n "layers-$2" link add "$bearer" type bridge mcast_snooping 0
        ip -n "layers-$2" link set "$3" master "$bearer"
        ip -n "layers-$2" link set "$bearer" up
    fi
    ip -n "layers-$2" link set "$3" up
    ip -n "layers-$4" link set "$5" up
    know "$2" "$bearer" "$n" 1 2 "$(mac "$4" "$5")"
    know "$4" "$5" "$n" 2 1 "$(mac "$2" "$bearer")"
}

# know PLACE INTERFACE N OWN NEIGHBOUR MAC
know() {
    ip -n "layers-$1" address add "10.$3.0.$4/24" dev "$2"
    ip -n "layers-$1" -6 address add "fd00:$3::$4/64" dev "$2" nodad
    neighbour "$1" "$2" "$3" "$5" "$6"
}

neighbour() {
    ip -n "layers-$1" neigh replace "10.$3.0.$4" lladdr "$5" dev "$2" nud permanent
    ip -n "layers-$1" -6 neigh replace "fd00:$3::$4" lladdr "$5" dev "$2" nud permanent
}

# What a place calls its own, each address for one way: see address().
net4() {
    case $1 in
        host) echo 192.0.2 ;;
        away) echo 198.51.100 ;;
        guest) echo 203.0.113 ;;
    esac
}

net6() {
    case $1 in
        host) echo 2001:db8:1: ;;
        away) echo 2001:db8:2: ;;
        guest) echo 2001:db8:3: ;;
    esac
}

# to PLACE TARGET WAY N GATEWAY: the route to the target's address of that way is by 10.N.0.GATEWAY.
to() {
    ip -n "layers-$1" route add "$(net4 "$2").$3" via "10.$4.0.$5"
    ip -n "layers-$1" -6 route add "$(net6 "$2"):$3" via "fd00:$4::$5"
}

make_place() {
    ip netns add "layers-$1"
    at "$1" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
        net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
        net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip -n "layers-$1" link set lo up
    ip -n "layers-$1" route add local "$(net4 "$1").0/24" dev lo
    ip -n "layers-$1" -6 route add local "$(net6 "$1"):/64" dev lo
}

# who_asks PLACE INTERFACE N OWN TARGET WAY: addresses that their owner has to be asked for by ARP, from
# one that the owner does not know.
who_asks() {
    ip -n "layers-$1" address add "10.$3.0.$4/32" dev "$2"
    ip -n "layers-$1" route add "$(net4 "$5").1$6" dev "$2" src "10.$3.0.$4"
}

make_places() {
    local place way
    for place in host guest away; do
        make_place "$place"
    done
    at host sysctl -q -w net.bridge.bridge-nf-call-iptables=0 \
        net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0
    wire 1 host xwt-seg guest eth0 xw-seg
    wire 2 host xwt-loose guest loose0
    wire 4 host plain0 guest plain0
    wire 5 host away0 away eth0
    wire 6 host xwt-two away two0 xw-two
    neighbour guest eth0 1 3 01:80:c2:00:00:0e
    for way in 1 2 4; do
        to guest host "$way" "$way" 1
        to guest away "$way" "$way" 1
        to host guest "$way" "$way" 2
        to away guest "$way" 5 1
        to host away "$way" 5 2
    done
    to guest host 3 1 3
    to guest away 6 1 1
    to host away 6 6 2
    who_asks guest eth0 1 9 host 1
    who_asks guest loose0 2 9 host 2
    ip -n layers-guest route add 192.0.2.13 dev eth0 src 10.1.0.9
    who_asks host xw-seg 1 8 guest 1
    who_asks host xwt-loose 2 8 guest 2
}

# listen PLACE: what it hears is in "heard-PLACE".
listen() {
    local kind
    for kind in UDP4-RECV:7777 UDP6-RECV:7777,ipv6only=1; do
        ip netns exec "layers-$1" socat -u "$kind" \
            "OPEN:$BATS_FILE_TMPDIR/heard-$1,creat,append" 3>&- 2>>"$BATS_FILE_TMPDIR/socat" &
        echo $! >>"$BATS_FILE_TMPDIR/pids"
    done
}

listening() {
    [ "$(at "$1" ss -Huln 'sport = :7777' | wc -l)" -eq 2 ]
}

setup_file() {
    local place
    make_places
    for place in host guest away; do
        : >"$BATS_FILE_TMPDIR/heard-$place"
        listen "$place"
        wait_for listening "$place"
    done
}

teardown_file() {
    local place
    xargs kill <"$BATS_FILE_TMPDIR/pids"
    for place in host guest away; do
        ip netns delete "layers-$place"
    done
}

# --- one probe --------------------------------------------------------------------------------

# address FROM TO WAY WHAT
address() {
    local -A number=([bridge]=1 [port]=2 [group]=3 [plain]=4 [other]=6)
    case $1-$3-$4 in
        host-group-6) echo ff02::1%xwt-seg ;;
        *-4) echo "$(net4 "$2").${number[$3]}" ;;
        *-6) echo "$(net6 "$2"):${number[$3]}" ;;
        *-arp) echo "$(net4 "$2").1${number[$3]}" ;;
    esac
}

# What the asked place then knows: its interface and the asker's address.
learnt() {
    case $1 in
        guest-host-bridge) ip -n layers-host neigh show 10.1.0.9 dev xw-seg ;;
        guest-host-group) ip -n layers-host neigh show 10.1.0.9 dev xwt-seg ;;
        guest-host-port) ip -n layers-host neigh show 10.2.0.9 dev xwt-loose ;;
        host-guest-bridge) ip -n layers-guest neigh show 10.1.0.8 dev eth0 ;;
        host-guest-port) ip -n layers-guest neigh show 10.2.0.8 dev loose0 ;;
    esac
}

# Forgets who was asked and who has asked; what was set here is permanent and stays.
forget() {
    local place
    for place in host guest; do
        ip -n "layers-$place" neigh flush all nud reachable nud stale nud delay nud probe \
            nud incomplete nud failed >/dev/null 2>&1
    done
}

# send FROM ADDRESS FENCE MARK: a datagram, then another by the plain wire to the same listener. One
# processor takes both in this order, so that once the second is heard the first has come or never will.
# The kernel tells the sender of what it drops on the way out.
send() {
    local processor
    processor=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
    # shellcheck disable=SC2016
    at "$1" taskset -c "$processor" bash -c 'echo "$3" >"/dev/udp/$1/7777"
        echo "$3-last" >"/dev/udp/$2/7777"' bash "$2" "$3" "$4" 2>>"$BATS_FILE_TMPDIR/send"
}

heard() {
    grep -qx "$2" "$BATS_FILE_TMPDIR/heard-$1"
}

# arrives PROBE: whether it does.
arrives() {
    local from to way what mark fence=4 rc=0
    IFS=- read -r from to way what <<<"$1"
    mark=$1-$BASHPID-$RANDOM$RANDOM
    [[ $what != 6 ]] || fence=6
    forget
    if [[ $1 == guest-*-group-arp ]]; then
        ip -n layers-guest link set eth0 broadcast 01:80:c2:00:00:0e
    fi
    send "$from" "$(address "$from" "$to" "$way" "$what")" \
        "$(address "$from" "$to" plain "$fence")" "$mark"
    if [[ $1 == guest-*-group-arp ]]; then
        ip -n layers-guest link set eth0 broadcast ff:ff:ff:ff:ff:ff
    fi
    wait_for heard "$to" "$mark-last" || return 2
    if [[ $what == arp ]]; then
        learnt "$from-$to-$way" | grep -q lladdr || rc=1
    else
        heard "$to" "$mark" || rc=1
    fi
    return "$rc"
}

# --- the tables -------------------------------------------------------------------------------

# only FAMILY: its table and no other.
only() {
    local family
    at host nft flush ruleset
    at host nft -f /etc/xworlds/xworlds.nft
    for family in bridge inet arp; do
        [[ $family == "$1" ]] || at host nft delete table "$family" xworlds
    done
}

# without FAMILY CHAIN RULE: that rule is taken out of what is loaded.
without() {
    local handle
    handle=$(at host nft -a list chain "$1" xworlds "$2" |
        awk -v rule="$3" '{ sub("^[ \t]*", "") } index($0, rule " # handle ") == 1 { print $NF }')
    [[ $handle =~ ^[0-9]+$ ]] || {
        wrong "$1 $2: there is no $3, or two"
        return 0
    }
    at host nft delete rule "$1" xworlds "$2" handle "$handle"
}

# What is not as it should be, all of it: nothing_wrong says it.
wrong() {
    printf '%s\n' "$1" >>"$BATS_TEST_TMPDIR/wrong"
}

nothing_wrong() {
    [ ! -e "$BATS_TEST_TMPDIR/wrong" ] || {
        cat "$BATS_TEST_TMPDIR/wrong"
        return 1
    }
}

# must yes|no PROBE WHERE: it arrives, or does not.
must() {
    local rc=0
    arrives "$2" || rc=$?
    case $1-$rc in
        yes-0 | no-1) ;;
        yes-1) wrong "$3: $2 does not arrive" ;;
        no-0) wrong "$3: $2 arrives" ;;
        *) wrong "$3: $2: not even what went by the plain wire was heard" ;;
    esac
}

# each_rule_of FAMILY [CHAIN]: each probe with no table, with the table, and with the table less the rule.
each_rule_of() {
    local hook rule probes probe count=0
    while IFS='|' read -r hook rule probes; do
        [[ $hook == "$1 ${2-}"* ]] || continue
        for probe in $probes; do
            at host nft flush ruleset
            must yes "$probe" "no table at all"
            only "$1"
            must no "$probe" "the $1 table alone"
            # shellcheck disable=SC2086
            without $hook "$rule"
            must yes "$probe" "the $1 table without $hook $rule"
            count=$((count + 1))
        done
    done <<<"$RULES"
    nothing_wrong
    ((count > 0))
}

# T-N1
@test "every rule of the tables is one that these tests take out" {
    at host nft flush ruleset
    at host nft -f /etc/xworlds/xworlds.nft
    diff <(sed -n 's/^\([^|]*|[^|]*\)|.*/\1/p' <<<"$RULES" | sort) \
        <(at host nft list ruleset | awk '
            $1 == "table" { family = $2 }
            $1 == "chain" { chain = $2 }
            / drop$/ { sub("^[ \t]*", ""); print family " " chain "|" $0 }' | sort)
}

# T-N1
@test "the bridge table alone: nothing passes between a segment and the host" {
    each_rule_of bridge
}

# T-N2
@test "the bridge table alone: the host routes nothing from one segment to another" {
    local what
    for what in 4 6; do
        at host nft flush ruleset
        must yes "guest-away-other-$what" "no table at all"
        only bridge
        must no "guest-away-other-$what" "the bridge table alone"
    done
    nothing_wrong
}

# T-N1
@test "the inet table alone: the host's IP takes nothing from a segment or from a port" {
    each_rule_of inet input
}

# T-N1
@test "the inet table alone: the host routes nothing to or from a segment or a port" {
    each_rule_of inet forward
}

# T-N1
@test "the inet table alone: the host's IP says nothing on a segment or a port" {
    each_rule_of inet output
}

# T-N1
@test "the arp table alone: the host neither takes a question nor asks one" {
    each_rule_of arp
}
