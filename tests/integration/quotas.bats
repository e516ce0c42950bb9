#!/usr/bin/env bats
# What a user, a lab and the host may run: refused in words and with 4, and nothing has changed;
# many requests at once exceed no limit. Guests of one disk sector and 16 MiB.
# shellcheck shell=bash
load lib/common

CONF=/etc/xworlds/xworlds.conf
LABS=(one two three four)

# setting LINE...: the configuration, with these lines.
setting() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    printf '%s\n' "$@" >>"$CONF"
}

running() {
    virsh -q list --name | grep -c '^xw:' || true
}

all_off() {
    local domain
    for domain in $(virsh -q list --name); do
        virsh -q destroy "$domain"
    done
}

# write_lab NAME [LINE]: five machines.
write_lab() {
    cat >"$BATS_FILE_TMPDIR/$1.yaml" <<LAB
xworlds: 1
title: Five machines
access:
  students: [cs530]
${2-}
machines:
  m1: {image: serial, memory: 16}
  m2: {image: serial, memory: 16}
  m3: {image: serial, memory: 16}
  m4: {image: serial, memory: 16}
  m5: {image: serial, memory: 16, vcpus: 2}
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/$1.yaml"
}

setup_file() {
    local lab
    # What other tests have left on would count.
    all_off
    cp "$CONF" "$BATS_FILE_TMPDIR/xworlds.conf"
    images/serial/build "$BATS_FILE_TMPDIR/serial"
    xwadm image add "$BATS_FILE_TMPDIR/serial"
    for lab in "${LABS[@]}"; do
        write_lab "$lab"
        xwadm deploy "$lab" --user alice --user bob
    done
}

teardown_file() {
    local lab
    all_off
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    for lab in "${LABS[@]}"; do
        xwadm destroy "$lab" --all --yes
        xwadm lab remove "$lab"
    done
    xwadm image remove serial
}

teardown() {
    all_off
    setting
}

# Bridges and definitions; what runs.
state() {
    ip -br link
    virsh -q list --all
}

@test "machines of a user, of all labs together; another's don't count, and what runs goes on" {
    setting 'machines-per-user = 2'
    as bob start one/m1,m2
    run as alice start one/m1
    [ "$status" -eq 0 ]
    run as alice start two/m1
    [ "$status" -eq 0 ]
    state >"$BATS_TEST_TMPDIR/before"
    run as alice start three/m1
    echo "$output"
    [ "$status" -eq 4 ]
    # In libvirt's order, which isn't that of the names.
    [[ $output =~ "not started: 2 of your machines are running, and 2 is the most for a user; stop one of yours first "\((one/m1 16 MiB, two/m1|two/m1 16 MiB, one/m1)" 16 MiB)" ]]
    state | cmp - "$BATS_TEST_TMPDIR/before"
    # The one that runs already needs no room.
    run as alice start one/m1
    [ "$status" -eq 0 ]
    # What is advised works.
    as alice stop --force one/m1
    run as alice start three/m1
    [ "$status" -eq 0 ]
    setting 'machines-per-user = 1'
    run as alice start three/m1
    [ "$status" -eq 0 ]
    run as alice revert two/m1
    [ "$status" -eq 0 ]
    [ "$(running)" -eq 4 ]
}

@test "a whole world: what fits is started, the rest is told" {
    setting 'machines-per-user = 3'
    run as alice start one
    echo "$output"
    [ "$status" -eq 4 ]
    [ "$(running)" -eq 3 ]
    [ "$(grep -c 'not started: 3 of your machines' <<<"$output")" -eq 2 ]
}

@test "memory and processors of a user" {
    setting 'memory-per-user = 40'
    run as alice start one/m1,m2
    [ "$status" -eq 0 ]
    run as alice start two/m1
    [ "$status" -eq 4 ]
    [[ $output == *"it needs 16 MiB, and your machines use 32 of the 40 MiB for a user"* ]]
    setting 'vcpus-per-user = 3'
    run as alice start two/m5
    [ "$status" -eq 4 ]
    [[ $output == *"it needs 2 processors, and your machines use 2 of the 3 processors"* ]]
    run as alice start two/m4
    [ "$status" -eq 0 ]
    setting 'memory-per-user = 15'
    run as bob start two/m1
    [ "$status" -eq 4 ]
    [[ $output == *"it needs 16 MiB, and 15 is the most that a user may use; tell your instructor"* ]]
}

@test "a lab's own limits: of all its worlds together, and others are not named" {
    write_lab one 'limits: {machines: 3, memory: 64}'
    as alice start one/m1,m2
    as bob start one/m1
    run as bob start one/m2
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *"3 of the machines of this lab are running, and 3 is the most for the whole class"* ]]
    [[ $output == *"(one/m1 16 MiB)"* && $output != *alice* ]]
    run as bob start two/m2
    [ "$status" -eq 0 ]
    write_lab one 'limits: {memory: 63}'
    run as bob start one/m2
    [ "$status" -eq 4 ]
    [[ $output == *"use 48 of the 63 MiB for the whole class"* ]]
    write_lab one
    run as bob start one/m2
    [ "$status" -eq 0 ]
}

@test "the host keeps memory and disk for itself" {
    setting 'memory-reserve = 1073741824'
    run as alice start one/m1
    [ "$status" -eq 4 ]
    [[ $output == *"this host has 0 MiB left for machines; try again later"* ]]
    setting 'disk-reserve = 1073741824'
    run as alice start one/m1
    [ "$status" -eq 4 ]
    [[ $output == *"this host's disk has "*" MiB left, and no machine starts with less than 1073741824; tell your instructor"* ]]
    [ "$(running)" -eq 0 ]
    setting 'memory-reserve = 0' 'disk-reserve = 0'
    run as alice start one/m1
    [ "$status" -eq 0 ]
}

@test "200 starts of 20 machines at once never exceed 10" {
    local i pids=() pid code most=0 now
    declare -A codes
    setting 'machines-per-user = 10' 'per-user = 256'
    tests/throwaway-host service restart keeper
    for ((i = 0; i < 200; i++)); do
        setpriv --reuid alice --regid "$(id -g alice)" --init-groups \
            /usr/local/bin/xwsh -c "start ${LABS[i % 4]}/m$((i / 4 % 5 + 1))" \
            >"$BATS_TEST_TMPDIR/said.$i" 2>&1 3>&- &
        pids+=($!)
    done
    # Until all have ended, what runs is counted again and again.
    while [ -n "$(jobs -r)" ]; do
        now=$(running)
        ((now <= most)) || most=$now
    done
    for pid in "${pids[@]}"; do
        code=0
        wait "$pid" || code=$?
        codes[$code]=$((${codes[$code]-0} + 1))
    done
    echo "most at once: $most; codes: $(declare -p codes)"
    [ "$most" -eq 10 ]
    [ "$(running)" -eq 10 ]
    # Each of the ten is told as started, once; whoever asked again, that it runs; the rest, why not.
    [ "$(cat "$BATS_TEST_TMPDIR"/said.* | grep -c ' started$')" -eq 10 ]
    [ "${codes[4]}" -ge 100 ]
    [ "$((${codes[0]-0} + ${codes[4]-0}))" -eq 200 ]
    setting
    tests/throwaway-host service restart keeper
}

disk_full() {
    as alice status full | grep -q $'\tdisk-full\t'
}

# The guest's disk is larger than the host's room for it: 40 MB of random bytes don't fit 24 MiB.
@test "T-L6: a guest that fills the host's disk is paused, told of, and goes on where it was" {
    xwadm image add build/images/tiny
    cat >"$BATS_TEST_TMPDIR/full.yaml" <<'LAB'
xworlds: 1
title: A disk that is too small
access:
  students: [cs530]
machines:
  web: {image: tiny}
LAB
    xwadm lab apply "$BATS_TEST_TMPDIR/full.yaml"
    mkdir -p /var/lib/xworlds/worlds/full
    mount -t tmpfs -o size=24m,mode=0711 full /var/lib/xworlds/worlds/full
    xwadm deploy full --user alice
    as alice start full/web
    tests/integration/lib/guest alice full/web \
        '(dd if=/dev/urandom of=/root/large bs=64k count=640 && sync && touch /root/done) >/dev/null 2>&1 &'
    wait_for disk_full
    as alice status full
    # Nothing is lost: with room it goes on, to the end.
    mount -o remount,size=96m /var/lib/xworlds/worlds/full
    run as alice start full/web
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"goes on; the disk was full"* ]]
    run tests/integration/lib/guest alice full/web \
        'until test -e /root/done; do sleep 1; done; wc -c </root/large'
    [[ $output == *41943040* ]]
    run as alice status full
    [[ $output == *$'\trunning\t'* ]]
    xwadm destroy full --all --force --yes
    umount /var/lib/xworlds/worlds/full
    xwadm lab remove full
}
