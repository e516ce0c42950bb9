#!/usr/bin/env bats
# The machines of a world share one cgroup, worlds stand beside one another with the same weight; a
# cgroup goes with the world's last machine; what is in the way of it keeps no machine off. (cgroup v1;
# with systemd and v2: tests/vm/suite/48-fairness.bats.) Guests of one disk sector and 16 MiB.
# shellcheck shell=bash
load lib/common

LAB=fairness
PARENT=machine/xw.partition
readonly LAB PARENT
CONTROLLERS=(cpu cpuacct cpuset memory devices freezer blkio)

setup_file() {
    # Those of worlds whose machines others ended without the keeper.
    find /sys/fs/cgroup/*/"$PARENT" -mindepth 1 -depth -type d -exec rmdir {} +
    images/serial/build "$BATS_FILE_TMPDIR/serial"
    xwadm image add "$BATS_FILE_TMPDIR/serial"
    cat >"$BATS_FILE_TMPDIR/$LAB.yaml" <<'YAML'
xworlds: 1
title: Fairness
access:
  students: [cs530]
machines:
  m1: {image: serial, memory: 16}
  m2: {image: serial, memory: 16}
  m3: {image: serial, memory: 16}
YAML
    cp /etc/xworlds/xworlds.conf "$BATS_FILE_TMPDIR/xworlds.conf"
    xwadm lab apply "$BATS_FILE_TMPDIR/$LAB.yaml"
    xwadm deploy "$LAB" --user alice --user bob
}

teardown() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" /etc/xworlds/xworlds.conf
    as alice stop --force "$LAB" || true
    as bob stop --force "$LAB" || true
}

teardown_file() {
    xwadm destroy "$LAB" --all --force --yes
    xwadm lab remove "$LAB"
    xwadm image remove serial
}

# cgroup_of OWNER MACHINE [CONTROLLER]: the one that libvirt has put the machine's process into.
cgroup_of() {
    local pid path
    pid=$(cat "/run/libvirt/qemu/xw:$LAB:$1:$2.pid")
    path=$(sed -n "s|^[0-9]*:${3-memory}:||p" "/proc/$pid/cgroup")
    printf '%s\n' "${path#/}"
}

# world_of OWNER MACHINE: its world's cgroup below a controller's directory.
world_of() {
    local path
    path=$(cgroup_of "$@")
    printf '%s\n' "${path%/*}"
}

# worlds: the cgroups of worlds, in all hierarchies.
worlds() {
    find /sys/fs/cgroup -mindepth 4 -maxdepth 4 -path "*/$PARENT/*" -type d
}

@test "T-L7: the machines of a world share a cgroup, and another world has one beside it of the same weight" {
    local controller mine theirs
    as alice start "$LAB"
    as bob start "$LAB/m1"
    mine=$(world_of alice m1)
    theirs=$(world_of bob m1)
    [[ $mine =~ ^$PARENT/[a-z2-7]{12}\.partition$ ]]
    [[ $theirs =~ ^$PARENT/[a-z2-7]{12}\.partition$ ]]
    [ "$mine" != "$theirs" ]
    for controller in "${CONTROLLERS[@]}"; do
        [ -d "/sys/fs/cgroup/$controller/$mine" ]
        [ -d "/sys/fs/cgroup/$controller/$theirs" ]
    done
    [ "$(world_of alice m2)" = "$mine" ]
    [ "$(world_of alice m3)" = "$mine" ]
    [ "$(find "/sys/fs/cgroup/cpu/$mine" -mindepth 1 -maxdepth 1 -name 'qemu-*' | wc -l)" -eq 3 ]
    [ "$(find "/sys/fs/cgroup/cpu/$theirs" -mindepth 1 -maxdepth 1 -name 'qemu-*' | wc -l)" -eq 1 ]
    [ "$(cat "/sys/fs/cgroup/cpu/$mine/cpu.shares")" = 1024 ]
    [ "$(cat "/sys/fs/cgroup/cpu/$theirs/cpu.shares")" = 1024 ]
    # All of each machine's threads are below its world's.
    [[ $(cgroup_of alice m1 cpu) == "$mine"/* ]]
}

@test "a world's cgroup stays as long as a machine of it runs, and goes with the last" {
    as alice start "$LAB"
    as bob start "$LAB/m1"
    mine=$(world_of alice m1)
    as alice stop --force "$LAB/m1,m2"
    [ -d "/sys/fs/cgroup/cpu/$mine" ]
    as alice stop --force "$LAB/m3"
    [ ! -e "/sys/fs/cgroup/cpu/$mine" ]
    [ "$(worlds | wc -l)" -eq "${#CONTROLLERS[@]}" ]
    as bob stop --force "$LAB"
    [ -z "$(worlds)" ]
}

@test "one that was left over, or half of one, is used and removed; destroying a world removes its own" {
    as alice start "$LAB/m1"
    mine=$(world_of alice m1)
    # The machine ends without the keeper's doing.
    virsh -q destroy "xw:$LAB:alice:m1"
    [ -d "/sys/fs/cgroup/cpu/$mine" ]
    as alice start "$LAB/m1"
    [ "$(world_of alice m1)" = "$mine" ]
    virsh -q destroy "xw:$LAB:alice:m1"
    rmdir "/sys/fs/cgroup/memory/$mine" "/sys/fs/cgroup/cpuset/$mine"
    mkdir "/sys/fs/cgroup/cpuset/$mine" # without processors
    as alice start "$LAB/m1"
    [ "$(world_of alice m1)" = "$mine" ]
    xwadm destroy "$LAB" --user alice --force --yes
    [ -z "$(worlds)" ]
    xwadm deploy "$LAB" --user alice
}

@test "T-L7: without the cgroup above all worlds' a machine starts all the same, which the log tells; then it is back" {
    rmdir /sys/fs/cgroup/*/"$PARENT"
    as alice start "$LAB/m1"
    [[ $(cgroup_of alice m1) == machine/qemu-* ]]
    as alice stop --force "$LAB"
    # The controller's own is there, and nothing may be made in it.
    tests/throwaway-host service restart keeper
    rmdir /sys/fs/cgroup/memory/"$PARENT"
    as alice start "$LAB/m1"
    [[ $(cgroup_of alice m1) == machine/qemu-* ]]
    grep -F "the world $LAB of alice shares the processors machine by machine: The cgroup /sys/fs/cgroup/memory/$PARENT/" \
        /run/throwaway/log/keeper.log
    as alice stop --force "$LAB"
    tests/throwaway-host service restart keeper
    as alice start "$LAB/m1"
    [[ $(cgroup_of alice m1) == "$PARENT"/* ]]
}

@test "T-L7: a machine's memory and its disk are bounded, and by new settings from its next start on" {
    as alice start "$LAB/m1"
    [ "$(cat "/sys/fs/cgroup/memory/$(cgroup_of alice m1)/memory.soft_limit_in_bytes")" -eq $(((16 + 2 + 512) << 20)) ]
    run virsh -q blkdeviotune "xw:$LAB:alice:m1" vda
    echo "$output"
    [[ $output =~ total_bytes_sec:\ +104857600 ]]
    [[ $output =~ total_iops_sec\ *:\ +2000 ]]
    printf '%s\n' 'disk-rate-per-machine = 7' 'disk-operations-per-machine = none' >>/etc/xworlds/xworlds.conf
    as alice start "$LAB/m2"
    run virsh -q blkdeviotune "xw:$LAB:alice:m2" vda
    echo "$output"
    [[ $output =~ total_bytes_sec:\ +7340032 ]]
    [[ $output =~ total_iops_sec\ *:\ +0 ]]
    # One that runs keeps its own.
    as alice start "$LAB/m1"
    run virsh -q blkdeviotune "xw:$LAB:alice:m1" vda
    [[ $output =~ total_bytes_sec:\ +104857600 ]]
}

@test "deploying again changes no definition that a start has made, nor the other way about" {
    as alice start "$LAB/m1"
    as alice stop --force "$LAB"
    virsh -q dumpxml "xw:$LAB:alice:m1" >"$BATS_TEST_TMPDIR/started"
    run xwadm deploy "$LAB" --user alice
    echo "$output"
    virsh -q dumpxml "xw:$LAB:alice:m1" | cmp - "$BATS_TEST_TMPDIR/started"
}
