#!/usr/bin/env bats
# INSTALL, step by step, with its own commands.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

setup_file() {
    local built=--built
    [[ -z ${XW_FULL-} ]] || built=''
    # Everything below /, for the comparison after undoing.
    inside 'find / -xdev -printf "%p %y %U:%G %m\n" | sort >/root/before; cp /etc/shells /root/shells'
    # shellcheck disable=SC2086 # no option is no word
    tests/vm/host put-source /root/xworlds $built
    inside 'mkdir -p /root/xworlds/build/images'
    tests/vm/host put build/images/tiny /root/xworlds/build/images
    tests/vm/host user carol
    tests/vm/host put "$XW_VM/keys/carol.pub" /root/xworlds/carol.pub
}

@test "before: an ordinary Debian with systemd, a unified cgroup hierarchy, AppArmor and auditd" {
    run inside '. /etc/os-release; echo "$ID $VERSION_ID"; cat /proc/1/comm; stat -f -c %T /sys/fs/cgroup
        aa-enabled; systemctl is-active auditd ssh; stat -c "%U:%G %a" /run/libvirt/libvirt-sock-ro'
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = $'debian 12\nsystemd\ncgroup2fs\nYes\nactive\nactive\nroot:root 666' ]
}

@test "step 1: the packages are there, as their names say" {
    # As contrib/deps leaves a host where it had to install them: services are enabled, not started.
    inside 'systemctl stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket \
        virtlogd.service virtlogd.socket virtlockd.service virtlockd.socket nftables.service'
    run follow 1
    echo "$output"
    [ "$status" -eq 0 ]
    # Nothing was missing: apt was not asked.
    [ "${#lines[@]}" -eq 1 ]
}

@test "step 2: make, make install; the gate's owner, mode and capability" {
    run follow 2
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output == *$'\nxwhelper:xwhelper 6111\n'* ]]
    [[ $output == *'/usr/local/libexec/xworlds/xwhelper cap_audit_write=ep' ]]
    run inside 'getent passwd xwhelper xwread xwrelay | cut -d: -f1,7; getent group xworlds | cut -d: -f1
        stat -c "%n %U:%G %a" /var/lib/xworlds /var/lib/xworlds/* /run/xworlds /run/xworlds/console'
    echo "$output"
    [ "$output" = 'xwhelper:/usr/sbin/nologin
xwread:/usr/sbin/nologin
xwrelay:/usr/sbin/nologin
xworlds
/var/lib/xworlds root:root 711
/var/lib/xworlds/idle root:root 700
/var/lib/xworlds/images root:libvirt-qemu 710
/var/lib/xworlds/labs root:xwhelper 750
/var/lib/xworlds/owners root:xwhelper 2750
/var/lib/xworlds/worlds root:libvirt-qemu 710
/run/xworlds root:root 711
/run/xworlds/console root:root 700' ]
}

@test "step 3: the network table" {
    run follow 3
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'iifname "xw-*" drop'* ]]
}

@test "step 4: libvirt's sockets are root's and the reader's" {
    run follow 4
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'\nroot:root 600\nroot:xwread 660' ]]
}

@test "step 5: the keeper runs, with an exposure below 2.0" {
    run follow 5
    echo "$output" | grep -vF '✓'
    [ "$status" -eq 0 ]
    [[ $output == *'Active: active (running)'* ]]
    [[ $output =~ 'Overall exposure level for xworlds-keeper.service: '([0-9]+)\.([0-9]+) ]]
    echo "exposure ${BASH_REMATCH[1]}.${BASH_REMATCH[2]}"
    ((BASH_REMATCH[1] < 2))
}

# It listens anew when it has read the configuration.
sshd_answers() {
    ssh -F "$XW_VM/ssh_config" -o ControlPath=none root@vm true
}

@test "step 6: sshd takes its configuration" {
    run follow 6
    echo "$output"
    [ "$status" -eq 0 ]
    within 60 sshd_answers
}

@test "step 7: an image" {
    run follow 7
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "step 8: a lab, a student, her world" {
    run follow 8
    echo "$output"
    [ "$status" -eq 0 ]
    run inside 'xwadm status firewall'
    echo "$output"
    [[ $output == *carol* ]]
}

@test "step 9: after a reboot everything is back" {
    tests/vm/host reboot
    run follow 9
    echo "$output"
    [ "$status" -eq 0 ]
    run inside 'systemctl is-system-running --wait; systemctl --failed --no-legend --plain'
    echo "$output"
    [ "$output" = running ]
}
