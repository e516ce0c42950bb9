#!/usr/bin/env bats
# Frames that no honest guest sends, from inside one: claimed addresses, the protocols of bridges and
# switches, tags, sizes and headers that are wrong. Each carries its name; what crosses which interface
# of the host, and what the host itself is given, is written down by lib/frames-seen.
# shellcheck shell=bash
load lib/common

# What a machine on the same segment gets: the segment is a switch without rules.
ARRIVE="ethertype unknown-unicast other-world spoof-mac spoof-bridge stp bridge-group lldp ip4-claimed ip6-claimed
    ip6-router arp-claimed multicast vlan vlan0-arp qinq last"
# Datagrams with headers that lie: br_netfilter drops them, a plain bridge doesn't look at them.
CUT="ip4-cut ip6-cut"
# What is for a neighbour bridge only, or too long for the segment, nobody gets. The rest is for the host.
STAY="lldp-bridge pause jumbo length-beyond runt host-mac host-ip4 host-ip6"
# What the host would be given without the tables.
REACH_UP="ethertype spoof-mac arp-claimed multicast vlan qinq host-mac host-ip4 host-ip6"

guest() {
    tests/integration/lib/guest "$@"
}

# interface DOMAIN FIELD: of its first one: 1 the tap, 3 the bridge, 5 the MAC.
interface() {
    virsh domiflist "$1" | awk -v field="$2" '$2 == "bridge" { print $field; exit }'
}

hex() {
    od -An -v -tx1 | tr -d ' \n'
}

plain() {
    tr -d ':' <<<"$1"
}

# ip4 SOURCE DESTINATION PAYLOAD, all hexadecimal: a datagram to port 7777 with its header's sum.
ip4() {
    local udp words sum=0 word
    udp=$(printf '04d21e61%04x0000%s' $((8 + ${#3} / 2)) "$3")
    words=$(printf '4500%04x0000000040110000%s%s' $((20 + ${#udp} / 2)) "$1" "$2")
    for ((word = 0; word < ${#words}; word += 4)); do
        sum=$((sum + 0x${words:word:4}))
    done
    sum=$(((sum & 0xffff) + (sum >> 16)))
    sum=$(((sum & 0xffff) + (sum >> 16) ^ 0xffff))
    printf '%s%04x%s%s' "${words:0:20}" "$sum" "${words:24}" "$udp"
}

# ip6 SOURCE DESTINATION PAYLOAD
ip6() {
    printf '60000000%04x3b40%s%s%s' $((${#3} / 2)) "$1" "$2" "$3"
}

# arp SENDER-MAC SENDER-IP: an answer nobody asked for.
arp() {
    printf '0001080006040002%s%sffffffffffff%s' "$1" "$2" "$2"
}

# frame NAME DESTINATION SOURCE REST...: a line for send_frames; @ in the rest is where the mark goes.
frame() {
    local mark
    mark=$(printf 'XWN3-%s.' "$1" | hex)
    printf '%s%s%s\n' "$2" "$3" "${4//@/$mark}"
}

# frame_ip NAME DESTINATION SOURCE ip4|ip6 FROM TO
frame_ip() {
    local mark kind=0800
    mark=$(printf 'XWN3-%s.' "$1" | hex)
    [[ $4 == ip4 ]] || kind=86dd
    printf '%s%s%s%s\n' "$2" "$3" "$kind" "$("$4" "$5" "$6" "$mark")"
}

make_frames() {
    local own router web bob bridge bobs all=ffffffffffff
    local six=fe80000000000000000000000000 host6=20010db8000100000000000000000001
    own=$(plain "$(interface xw:firewall:alice:client 5)")
    router=$(plain "$(interface xw:firewall:alice:router 5)")
    web=$(plain "$(interface xw:firewall:alice:web 5)")
    bob=$(plain "$(interface xw:firewall:bob:client 5)")
    bridge=$(plain "$(cat "/sys/class/net/$(interface xw:firewall:alice:client 3)/address")")
    bobs=$(plain "$(cat "/sys/class/net/$(interface xw:firewall:bob:client 3)/address")")
    frame ethertype $all "$own" 88b5@
    frame unknown-unicast 020000000099 "$own" 1234@
    frame other-world "$bob" "$own" 88b5@
    frame spoof-mac $all "$web" 88b5@
    frame spoof-bridge $all "$bobs" 88b5@
    frame stp 0180c2000000 "$own" 0026424203000000000080000200000000010000000080000200000000018001000014000200@
    frame bridge-group 0180c2000010 "$own" 88b5@
    frame lldp 0180c200000e "$own" 88cc0207040200000000010403056574683006020078fe0c0080c201@
    frame lldp-bridge 0180c2000003 "$own" 88cc0207040200000000010403056574683006020078fe0c0080c201@
    frame pause 0180c2000001 "$own" 88080001ffff@
    frame_ip ip4-claimed $all "$router" ip4 0a010001 0a010002
    frame_ip ip6-claimed 333300000001 "$router" ip6 "${six}0001" ff020000000000000000000000000001
    frame_ip ip6-router 333300000002 "$web" ip6 $host6 ff020000000000000000000000000002
    frame arp-claimed $all "$bridge" "0806$(arp "$bridge" c0000201)@"
    frame_ip multicast 01005e0000fb "$own" ip4 0a090002 e00000fb
    frame vlan $all "$own" 8100000588b5@
    frame vlan0-arp $all "$own" "810000000806$(arp "$own" c0000201)@"
    frame qinq $all "$own" 88a800018100000288b5@
    frame jumbo $all "$own" 88b5@=4000
    frame ip4-cut $all "$own" 08004f00ffff@
    frame ip6-cut $all "$own" 86dd60000000ffff3b40@
    frame length-beyond "$bridge" "$own" 05dcaaaa03@
    frame runt "$bridge" "$own" 0001@
    frame host-mac "$bridge" "$own" 88b5@
    frame_ip host-ip4 "$bridge" "$router" ip4 0a010001 c0000201
    frame_ip host-ip6 "$bridge" "$web" ip6 "${six}0001" $host6
    frame last $all "$own" 88b5@
}

# The program for the guest: typed in, as it has no compiler.
make_sender() {
    gcc -Os -static -nostdlib -fno-stack-protector -Wl,--build-id=none,-N,--no-warn-rwx-segments \
        -o "$BATS_FILE_TMPDIR/send" tests/integration/lib/send_frames.c
    strip "$BATS_FILE_TMPDIR/send"
    gzip -9 -c "$BATS_FILE_TMPDIR/send" | base64 -w 76
}

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
    as alice start firewall/client,router
    as bob start firewall/client
    ip address add 192.0.2.1/32 dev lo
    make_frames >"$BATS_FILE_TMPDIR/frames"
    guest alice firewall/client "cat >/tmp/send.gz64 <<'END'
$(make_sender)
END" "cat >/tmp/frames <<'END'
$(cat "$BATS_FILE_TMPDIR/frames")
END" "base64 -d /tmp/send.gz64 | gzip -d >/tmp/send; chmod +x /tmp/send" \
        "ip link set eth0 mtu 9000" >/dev/null
    tests/integration/lib/frames-seen >>"$BATS_FILE_TMPDIR/seen" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/pid"
    wait_for grep -q listening "$BATS_FILE_TMPDIR/seen"
}

teardown_file() {
    kill "$(cat "$BATS_FILE_TMPDIR/pid")"
    nft -f /etc/xworlds/xworlds.nft
    ip address del 192.0.2.1/32 dev lo
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 \
        net.bridge.bridge-nf-call-arptables=1
    xwadm destroy firewall --user alice --user bob --yes --force
}

# All frames once, from alice's client. Fills "seen" with what passed this host, "router" with the
# names of what alice's router got. Frames keep their order: with the last one, all have been seen.
send() {
    : >"$BATS_FILE_TMPDIR/seen"
    guest alice firewall/router "tcpdump -i eth0 -s 0 -U --immediate-mode -w /tmp/seen 2>/tmp/tcpdump &" \
        "until grep -q listening /tmp/tcpdump; do sleep 0.1; done" >/dev/null
    guest alice firewall/client "/tmp/send \$(cat /sys/class/net/eth0/ifindex) </tmp/frames" \
        >"$BATS_FILE_TMPDIR/sent"
    grep -q "^$(printf '%03d' "$(wc -l <"$BATS_FILE_TMPDIR/frames")") sent" "$BATS_FILE_TMPDIR/sent"
    wait_for grep -q "^last $(interface xw:firewall:alice:router 1) out" "$BATS_FILE_TMPDIR/seen"
    guest alice firewall/router "until grep -aq XWN3-last /tmp/seen; do sleep 0.1; done" \
        'kill %1; wait' >/dev/null
    # Not by way of the console: what an emulated serial line gets wrong is not what this is about.
    as alice copy firewall/router:/tmp/seen >"$BATS_FILE_TMPDIR/captured"
    grep -ao 'XWN3-[a-z0-9-]*\.' "$BATS_FILE_TMPDIR/captured" |
        sed -n 's/^XWN3-\(.*\)\.$/\1/p' | sort -u >"$BATS_FILE_TMPDIR/router"
}

# words TEXT: a line each, in order.
words() {
    xargs -n 1 <<<"$1" | sort
}

# stayed_on_the_segment ARRIVE: each left the guest; those named arrived there; none got anywhere else.
stayed_on_the_segment() {
    local arrive=$1 client router
    client=$(interface xw:firewall:alice:client 1)
    router=$(interface xw:firewall:alice:router 1)
    send
    diff <(words "$ARRIVE $CUT $STAY") <(sed -n "s/ $client in\$//p" "$BATS_FILE_TMPDIR/seen" | sort)
    diff <(words "$arrive") <(sed -n "s/ $router out\$//p" "$BATS_FILE_TMPDIR/seen" | sort)
    diff <(words "$arrive") "$BATS_FILE_TMPDIR/router"
    refute grep -vE "^[^ ]+ ($client in|$router out)\$" "$BATS_FILE_TMPDIR/seen"
    refute grep -q 192.0.2.1 <(ip neigh show)
}

# T-N3
@test "frames of every kind reach the segment's machines, not the host and no other bridge" {
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 \
        net.bridge.bridge-nf-call-arptables=1
    stayed_on_the_segment "$ARRIVE"
}

@test "the same where bridged frames do not pass the host's IP tables" {
    sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 \
        net.bridge.bridge-nf-call-arptables=0
    stayed_on_the_segment "$ARRIVE $CUT"
}

# T-N3
@test "control, tables off: the host is given them; another world gets none even so" {
    local name missing=() bridge client router
    bridge=$(interface xw:firewall:alice:client 3)
    client=$(interface xw:firewall:alice:client 1)
    router=$(interface xw:firewall:alice:router 1)
    nft delete table bridge xworlds
    nft delete table inet xworlds
    nft delete table arp xworlds
    send || true
    nft -f /etc/xworlds/xworlds.nft
    for name in $REACH_UP; do
        grep -q "^$name $bridge in$" "$BATS_FILE_TMPDIR/seen" &&
            grep -q "^$name $bridge up$" "$BATS_FILE_TMPDIR/seen" || missing+=("$name")
    done
    printf 'not given to the host: %s\n' "${missing[@]}"
    cat "$BATS_FILE_TMPDIR/seen"
    [ "${#missing[@]}" -eq 0 ]
    refute grep -vE "^[^ ]+ ($client|$router|$bridge) " "$BATS_FILE_TMPDIR/seen"
}
