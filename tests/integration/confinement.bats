#!/usr/bin/env bats
# The policies are wide enough for the paths that are seldom taken: a call that is missing there kills
# the process, which shows as "broke off" and not as the error that was due.
# shellcheck shell=bash
load lib/common

setup_file() {
    make_firewall alice
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

# expect CODE WORDS COMMAND...
expect() {
    local code=$1 words=$2
    shift 2
    run "$@"
    echo "$* gave $status: $output"
    [ "$status" -eq "$code" ]
    [[ $output == *"$words"* ]]
    [[ $output != *"broke off"* ]]
}

@test "libvirtd gone: each verb says so, none is killed" {
    tests/throwaway-host service kill libvirtd
    local verb
    expect 75 "libvirt" as alice list
    expect 75 "libvirt" as alice status firewall
    for verb in start stop reboot revert; do
        expect 75 "libvirt" as alice "$verb" firewall/web
    done
    expect 75 "libvirt" xwadm prepare alice
    tests/throwaway-host service start libvirtd
    expect 0 "" as alice list
}

@test "an image that is gone, an overlay that can't be made: told, and not killed" {
    mv /var/lib/xworlds/images/tiny/template.qcow2 /var/lib/xworlds/images/template
    expect 1 "template" as alice revert firewall/web
    mv /var/lib/xworlds/images/template /var/lib/xworlds/images/tiny/template.qcow2
    mv /var/lib/xworlds/images/tiny /var/lib/xworlds/images/gone
    expect 1 "tiny" as alice start firewall/web
    mv /var/lib/xworlds/images/gone /var/lib/xworlds/images/tiny
    expect 0 "pristine" as alice revert firewall/web
}

@test "a definition that libvirt has lost is made again, a machine that is off has no console" {
    virsh -q undefine xw:firewall:alice:web
    expect 0 "started" as alice start firewall/web
    expect 0 "stopped" as alice stop firewall/web --force
    expect 1 "off" as alice console firewall/web
    expect 1 "off" as alice reboot firewall/web
}

@test "what the host refuses the keeper is told as a fault of the host, not as a missing grant" {
    local overlay=/var/lib/xworlds/worlds/firewall/alice/web.qcow2 console
    expect 0 "started" as alice start firewall/web
    console=/run/xworlds/console/$(virsh -q -c qemu:///system domuuid xw:firewall:alice:web)
    # The keeper has no capability to pass over these.
    chmod 000 "$console"
    expect 1 "The console of web does not open: Permission denied" as alice console firewall/web
    expect 0 "stopped" as alice stop firewall/web --force
    chattr +i "$overlay"
    expect 1 "Operation not permitted" as alice revert firewall/web
    chattr -i "$overlay"
    expect 0 "pristine" as alice revert firewall/web
    expect 3 "not found or not allowed" as alice console firewall/nosuchmachine
}

@test "a user who isn't there, one without a grant, one of another lab's: prepare answers" {
    run socat -t 10 - UNIX-CONNECT:/run/xworlds/keeper.sock \
        <<<"1 prepare - nosuchuser - - 0123456789abcdef"
    [[ $output == *"no user nosuchuser"*"end 1" ]]
    expect 0 "" xwadm prepare tina
    useradd -G cs530 erin
    expect 0 "deployed" xwadm prepare erin
    expect 0 "is there" xwadm prepare erin
    xwadm destroy firewall --user erin --yes
    userdel erin
}

# The gate's terminal is looked up before its filter is loaded: with one, without one.
@test "the gate answers with a terminal, without one, and with no descriptor at all" {
    local gate=/usr/local/libexec/xworlds/xwhelper
    local run_as=(setpriv --reuid alice --regid alice --init-groups)
    expect 0 "world firewall" "${run_as[@]}" "$gate" list </dev/null
    expect 0 "world firewall" "${run_as[@]}" script -qec "$gate list" /dev/null
    run "${run_as[@]}" bash -c "$gate list 0<&- 1>&- 2>&-"
    [ "$status" -eq 0 ]
    # No viewer's end came along: the keeper takes what is there for what it is.
    expect 3 "not found or not allowed" "${run_as[@]}" "$gate" console firewall web 3<&-
}

@test "the keeper stopped: the gate gives up by itself" {
    local keeper started=$SECONDS
    keeper=$(cat /run/throwaway/keeper.pid)
    kill -STOP "$keeper"
    run as alice list
    kill -CONT "$keeper"
    [ "$status" -eq 75 ]
    ((SECONDS - started >= 10))
    expect 0 "firewall" as alice list
}
