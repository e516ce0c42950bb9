#!/usr/bin/env bats
# What systemd makes of partitions, with cgroup v2; and a project quota of ext4, in force.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

LAB=fair
CONF=/etc/xworlds/xworlds.conf
WORLDS=/var/lib/xworlds/worlds/$LAB
DROP_IN=/etc/systemd/system/xworlds-keeper.service.d
readonly LAB CONF WORLDS DROP_IN

setup_file() {
    inside "cp $CONF /root/xworlds.conf.before
        cd $SOURCE; images/serial/build /root/serial; xwadm image add /root/serial
        useradd -m -s /usr/local/bin/xwsh -G xworlds,cs530 dora
        cat >/root/$LAB.yaml <<YAML
xworlds: 1
title: Fairness
access:
  students: [cs530]
machines:
  m1: {image: serial, memory: 16}
  m2: {image: serial, memory: 16}
  full: {image: tiny}
YAML
        xwadm lab apply /root/$LAB.yaml
        truncate -s 300M /root/worlds.img
        mkfs.ext4 -q -O quota,project -E quotatype=prjquota,root_owner=0:0 /root/worlds.img
        mkdir -p $WORLDS
        mount -o loop,prjquota /root/worlds.img $WORLDS
        chmod 0711 $WORLDS; rmdir $WORLDS/lost+found
        echo 'disk-per-world = 24' >>$CONF
        xwadm deploy $LAB --user carol --user dora"
}

teardown_file() {
    inside "xwadm destroy $LAB --all --force --yes || true
        xwadm lab remove $LAB; xwadm image remove serial
        umount $WORLDS; rmdir $WORLDS; rm -rf /root/worlds.img /root/serial $DROP_IN
        cp /root/xworlds.conf.before $CONF
        systemctl daemon-reload; systemctl restart xworlds-keeper.service
        userdel -r dora"
}

# start OWNER MACHINE: as the keeper does it, without a key pair for each.
start() {
    inside "runuser -u $1 -- /usr/local/bin/xwsh -c 'start $LAB/$2'"
}

stop() {
    inside "runuser -u $1 -- /usr/local/bin/xwsh -c 'stop --force $LAB'"
}

# cgroup_of OWNER MACHINE
cgroup_of() {
    inside "sed -n 's/^0:://p' /proc/\$(cat /run/libvirt/qemu/xw:$LAB:$1:$2.pid)/cgroup"
}

slices() {
    inside "systemctl list-units --no-legend --plain --state=active 'machine-xw-*.slice' | cut -d' ' -f1"
}

no_slices() {
    [ -z "$(slices)" ]
}

@test "T-L7: the machines of a world are in one slice, another world's beside it, with equal weights" {
    local mine theirs
    start carol m1
    start carol m2
    start dora m1
    mine=$(cgroup_of carol m1)
    theirs=$(cgroup_of dora m1)
    echo "$mine"
    echo "$theirs"
    [[ $mine =~ ^(/machine.slice/machine-xw.slice/machine-xw-[a-z2-7]{12}.slice)/machine-qemu ]]
    mine=${BASH_REMATCH[1]}
    [[ $theirs =~ ^(/machine.slice/machine-xw.slice/machine-xw-[a-z2-7]{12}.slice)/machine-qemu ]]
    theirs=${BASH_REMATCH[1]}
    [ "$mine" != "$theirs" ]
    [[ $(cgroup_of carol m2) == "$mine"/* ]]
    run inside "cat /sys/fs/cgroup$mine/cpu.weight /sys/fs/cgroup$theirs/cpu.weight \
        /sys/fs/cgroup$mine/io.weight /sys/fs/cgroup$theirs/io.weight
        cat /sys/fs/cgroup$mine/machine-qemu*m1.scope/libvirt/memory.high"
    echo "$output"
    [ "$output" = "100
100
default 100
default 100
$(((16 + 2 + 512) << 20))" ]
}

@test "a slice is gone after its world's last machine, with systemd's doing, and back with the next" {
    stop carol
    within 60 test "$(slices | wc -l)" -le 1
    stop dora
    within 60 no_slices
    start dora m1
    [ "$(slices | wc -l)" -eq 1 ]
    stop dora
    within 60 no_slices
    run inside 'systemctl --failed --no-legend --plain; ausearch --input-logs -m SECCOMP --raw 2>/dev/null | grep -F xwkeeper || true'
    echo "$output"
    [ -z "$output" ]
}

@test "a world has its share of the disk, in force, and xwadm status has nothing to say of it" {
    run inside "df --output=size -BM $WORLDS/carol | tail -n 1; xwadm status $LAB 2>&1 >/dev/null"
    echo "$output"
    [ "${output// /}" = 24M ]
}

share_is_full() {
    inside "runuser -u carol -- /usr/local/bin/xwsh -c 'status $LAB'" | grep -q $'\tdisk-full\t'
}

@test "T-L7: a guest that writes more is paused, is not let go on, and after a revert starts again" {
    start carol full
    guest "$LAB/full" '(dd if=/dev/zero of=/root/large bs=64k count=640; sync) >/dev/null 2>&1 &'
    within 900 share_is_full
    run inside "runuser -u carol -- /usr/local/bin/xwsh -c 'start $LAB/full'"
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *'this world has used up the 24 MiB of the host'"'"'s disk that it may take'* ]]
    run start carol m1
    echo "$output"
    [ "$status" -eq 4 ]
    # The other world has its own share.
    start dora m1
    inside "runuser -u carol -- /usr/local/bin/xwsh -c 'stop --force $LAB/full'"
    run inside "runuser -u carol -- /usr/local/bin/xwsh -c 'revert $LAB/full --yes'"
    echo "$output"
    [ "$status" -eq 0 ]
    start carol m1
    stop carol
    stop dora
}

@test "a keeper that may not set limits makes the world all the same, and xwadm status says so; one that may does" {
    inside "xwadm destroy $LAB --user dora --yes; xwadm prepare dora"
    run inside "df --output=size -BM $WORLDS/dora | tail -n 1; lsattr -pd $WORLDS/dora | wc -l
        xwadm status $LAB 2>&1 >/dev/null; journalctl --no-pager -q -o cat -u xworlds-keeper.service --grep disk-per-world"
    echo "$output"
    [[ ${lines[0]// /} != 24M ]]
    [[ ${lines[2]} == *'disk-per-world is 24 MiB, and not in force for 1 of these worlds'* ]]
    [[ ${lines[3]} == *"The disk that the world $LAB of dora takes can't be limited"* ]]
    inside "mkdir -p $DROP_IN
        printf '%s\n' '[Service]' 'CapabilityBoundingSet=CAP_SYS_ADMIN' 'SystemCallFilter=quotactl_fd' >$DROP_IN/quota.conf
        systemctl daemon-reload; systemctl restart xworlds-keeper.service
        xwadm destroy $LAB --user dora --yes; xwadm prepare dora"
    run inside "df --output=size -BM $WORLDS/dora | tail -n 1; xwadm status $LAB 2>&1 >/dev/null
        ausearch --input-logs -m SECCOMP --raw 2>/dev/null | grep -F xwkeeper || true"
    echo "$output"
    [ "${output// /}" = 24M ]
}

@test "without the setting a world's limit goes at the next deployment" {
    inside "sed -i '/^disk-per-world/d' $CONF; xwadm deploy $LAB --user carol"
    run inside "df --output=size -BM $WORLDS/carol | tail -n 1; xwadm status $LAB 2>&1 >/dev/null"
    echo "$output"
    [[ ${output// /} =~ ^2[0-9][0-9]M$ ]]
}
