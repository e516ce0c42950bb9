#!/usr/bin/env bats
# The student's path on a real host, over ssh from outside, and what the host knows of it.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

@test "she sees her world" {
    run as carol list
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == $'firewall\tcarol\t3\t'* ]]
    run as carol status nosuchlab
    [ "$status" -eq 3 ]
}

@test "she starts two machines" {
    run as carol start firewall/router,client
    echo "$output"
    [ "$status" -eq 0 ]
    run as carol status firewall
    echo "$output"
    [ "$(grep -c running <<<"$output")" -eq 2 ]
}

@test "each domain runs confined by an AppArmor profile of its own, as libvirt-qemu, below machine.slice" {
    run inside 'for name in router client; do
            uuid=$(virsh -q domuuid "xw:firewall:carol:$name")
            pid=$(pgrep -f "guest=xw:firewall:carol:$name,")
            echo "$name $(cat "/proc/$pid/attr/current") expected libvirt-$uuid (enforce) $(stat -c %U "/proc/$pid") $(cat "/proc/$pid/cgroup")"
            [ "$(cat "/proc/$pid/attr/current")" = "libvirt-$uuid (enforce)" ]
            [ "$(stat -c %U "/proc/$pid")" = libvirt-qemu ]
            grep -q "^0::/machine.slice/" "/proc/$pid/cgroup"
            grep -F "/var/lib/xworlds/worlds/firewall/carol/$name.qcow2" "/etc/apparmor.d/libvirt/libvirt-$uuid.files"
            grep -F "/var/lib/xworlds/images/tiny/disk.qcow2" "/etc/apparmor.d/libvirt/libvirt-$uuid.files"
        done'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "AppArmor had nothing to deny" {
    run inside 'ausearch --input-logs -m AVC,USER_AVC --raw 2>/dev/null | grep "apparmor=\"DENIED\"" || true'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "root on the router's console writes a file" {
    run guest firewall/router "echo 'by carol' >/root/note" "sync" "cat /root/note"
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output == *$'\nby carol'* ]]
}

@test "the client reaches the router by name, and not the host" {
    run guest firewall/client "until ping -c 1 -W 1 router; do :; done" \
        "ip route replace 10.0.2.15 dev eth0" "ping -c 1 -W 2 10.0.2.15" "ip neigh show 10.0.2.15"
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output == *"1 packets received"* ]]
    [[ $output == *"0 packets received"* ]]
    [[ $output != *lladdr* ]]
}

@test "while she is at a console: a session of logind's, the gate with her loginuid, the relay in the keeper's unit" {
    open_console firewall/router
    run inside 'uid=$(id -u carol)
        gate=$(pgrep -x xwhelper); relay=$(pgrep -x xwrelay)
        echo "loginuid $(cat "/proc/$gate/loginuid") of $uid, gate in $(cat "/proc/$gate/cgroup"), relay in $(cat "/proc/$relay/cgroup")"
        [ "$(cat "/proc/$gate/loginuid")" = "$uid" ]
        session=$(cat "/proc/$gate/sessionid")
        [ "$session" != 4294967295 ]
        loginctl show-session "$session" -p Name -p Service -p Class -p Remote
        grep -q "/session-$session.scope\$" "/proc/$gate/cgroup"
        grep -q "/xworlds-keeper.service\$" "/proc/$relay/cgroup"
        [ "$(stat -c %U "/proc/$relay")" = xwrelay ]
        awk "/^(CapEff|NoNewPrivs|Seccomp):/ { print \"relay\", \$1, \$2 }" "/proc/$relay/status"'
    echo "$output"
    leave_console
    [ "$status" -eq 0 ]
    [[ $output == *Name=carol* ]]
    [[ $output == *Service=sshd* ]]
    [[ $output == *Remote=yes* ]]
    [[ $output == *'relay CapEff: 0000000000000000'* ]]
    [[ $output == *'relay NoNewPrivs: 1'* ]]
}

@test "one request, two trails: auditd's record and the keeper's journal entry have one id" {
    run inside 'uid=$(id -u carol)
        record=$(ausearch --input-logs -m TRUSTED_APP -ul carol --raw | grep op=xworlds-start | tail -n 1)
        echo "$record"
        [[ $record == *" auid=$uid "* && $record == *"decision=allow"* && $record == *res=success* ]]
        id=$(sed -n "s/.* request=\([0-9a-f]\{16\}\) .*/\1/p" <<<"$record")
        journalctl -q -o verbose -u xworlds-keeper.service "XWORLDS_REQUEST=$id" | tee /dev/stderr |
            grep -cE "^ +(XWORLDS_UID=$uid|XWORLDS_OP=start|XWORLDS_AUDITING=on)$"
        xwadm audit --user carol'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'\n3\n'* ]]
    # xwadm audit reads both and finds that they agree.
    [[ $output == *start*firewall* ]]
    [[ $output != *'the two trails disagree'* ]]
    # A refused one as well.
    run inside 'ausearch --input-logs -m TRUSTED_APP -ul carol --raw | grep op=xworlds-status | grep decision=refuse'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'code=3'* ]]
}

@test "a forward through this host's sshd is refused" {
    run timeout 60 ssh -F "$XW_VM/ssh_config" -W 127.0.0.1:22 carol@vm
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"forwarding failed"* ]]
    run timeout 60 bash -c 'ssh -F "$XW_VM/ssh_config" -W 127.0.0.1:22 root@vm </dev/null | head -c 4'
    [ "$output" = SSH- ]
}
