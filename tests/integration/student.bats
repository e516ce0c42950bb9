#!/usr/bin/env bats
# The student's path over real ssh, in a throwaway host with real libvirtd and real guests.
# shellcheck shell=bash
load lib/common

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --all
}

teardown_file() {
    xwadm destroy firewall --all --force --yes
}

@test "a student's list shows her own world and nobody else's" {
    run as alice list
    [ "$status" -eq 0 ]
    [[ $output == $'firewall\talice\t3\t'* ]]
    [[ $output != *bob* ]]
}

@test "what is not hers and what does not exist get one answer" {
    rm -rf /var/lib/xworlds/owners/"$(id -u bob)"
    run as bob status firewall
    local foreign=$output
    [ "$status" -eq 3 ]
    run as alice status nosuchlab
    [ "$status" -eq 3 ]
    [ "$output" = "$foreign" ]
    run as alice start firewall/nosuchmachine
    [ "$status" -eq 3 ]
    [ "$output" = "$foreign" ]
    run as alice status firewall
    [ "$status" -eq 0 ]
    xwadm deploy firewall --user bob
    run as bob status firewall
    [ "$status" -eq 0 ]
}

@test "the gate is setuid xwhelper with one capability and maps no libvirt; nor does the relay" {
    [ "$(stat -c '%U:%G %a' /usr/local/libexec/xworlds/xwhelper)" = "xwhelper:xwhelper 6111" ]
    [[ $(getcap /usr/local/libexec/xworlds/xwhelper) == *"cap_audit_write=ep" ]]
    # Immutable, by chattr(1).
    [[ $(lsattr /usr/local/libexec/xworlds/xwhelper) == ????i* ]]
    run ldd build/xwhelper build/xwrelay
    [ "$status" -eq 0 ]
    [[ $output == *libseccomp* ]]
    [[ $output != *libvirt* ]]
}

@test "a student reads no state and connects to neither keeper nor libvirt" {
    run setpriv --reuid alice --regid alice --init-groups ls /var/lib/xworlds
    [ "$status" -ne 0 ]
    run setpriv --reuid alice --regid alice --init-groups cat /var/lib/xworlds/labs/firewall/access
    [ "$status" -ne 0 ]
    local socket
    for socket in /run/xworlds/keeper.sock /run/libvirt/libvirt-sock /run/libvirt/libvirt-sock-ro; do
        run setpriv --reuid alice --regid alice --init-groups socat -u OPEN:/dev/null "UNIX-CONNECT:$socket"
        [ "$status" -ne 0 ]
        [[ $output == *"Permission denied"* ]]
        run socat -u OPEN:/dev/null "UNIX-CONNECT:$socket"
        [ "$status" -eq 0 ]
    done
}

@test "forwarding is refused" {
    run timeout 20 ssh -F /run/throwaway/ssh_config -o ExitOnForwardFailure=yes -W 127.0.0.1:22 alice@lab
    [ "$status" -ne 0 ]
    [[ $output == *"forwarding failed"* ]]
    run as alice list
    [ "$status" -eq 0 ]
}

@test "prepare deploys what a group grants" {
    useradd -G cs530,xworlds -s /usr/local/bin/xwsh dora
    run xwadm prepare dora
    [ "$status" -eq 0 ]
    [ -d /var/lib/xworlds/worlds/firewall/dora ]
    run xwadm destroy firewall --user dora --yes
    [ "$status" -eq 0 ]
    [ ! -e /var/lib/xworlds/worlds/firewall/dora ]
}

@test "libvirtd gone: exit 75 and words; the same command completes when it is back" {
    tests/throwaway-host service kill libvirtd
    run as alice start firewall/web
    [ "$status" -eq 75 ]
    [ -n "$output" ]
    tests/throwaway-host service start libvirtd
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    run as alice stop firewall/web --force
    [ "$status" -eq 0 ]
}

@test "start, root on the console, a file, a neighbour by name, revert, the file is gone" {
    run timeout 170 tests/tour
    echo "$output" | tail -n 40
    [ "$status" -eq 0 ]
}
