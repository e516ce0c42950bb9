#!/usr/bin/env bats
# The host that INSTALL made, after a reboot: units, sockets, sandbox.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

@test "the units are well-formed" {
    run inside 'systemd-analyze verify xworlds-keeper.service xworlds-nft.service xworlds-tick.timer \
        xworlds-tick.service libvirtd.socket \
        libvirtd-ro.socket nftables.service 2>&1 | grep -F xworlds || true'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "the table was there before the network and before libvirtd" {
    run inside 'show() { systemctl show -p "$2" --value "$1"; }
        table=$(show xworlds-nft.service ExecMainExitTimestampMonotonic)
        echo "table $table network $(show networking.service ExecMainStartTimestampMonotonic)"
        systemctl start libvirtd.service
        echo "libvirtd $(show libvirtd.service ExecMainStartTimestampMonotonic)"
        ((table > 0 && table < $(show networking.service ExecMainStartTimestampMonotonic)))
        ((table < $(show libvirtd.service ExecMainStartTimestampMonotonic)))'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "whatever happens to nftables.service, the table stays and the keeper runs" {
    local action
    for action in start reload restart stop; do
        run inside "systemctl $action nftables.service
            nft list table inet xworlds | grep -c 'iifname \"xw-\\*\" drop'; nft list table arp xworlds | grep -c drop
            systemctl is-active xworlds-keeper.service"
        echo "$action: $output"
        [ "$status" -eq 0 ]
        [ "${lines[-1]}" = active ]
    done
    # The control: nftables.service flushes what nobody puts back.
    run inside 'nft add table inet bystander; systemctl start nftables.service; nft list tables'
    [ "$status" -eq 0 ]
    [[ $output == *'table inet xworlds'* ]]
    [[ $output != *bystander* ]]
    inside 'systemctl stop nftables.service'
}

# knock USER: what connecting to each socket says.
# shellcheck disable=SC2016 # perl's dollars
knock() {
    inside 'for socket in /run/xworlds/keeper.sock /run/libvirt/libvirt-sock /run/libvirt/libvirt-sock-ro; do
        runuser -u "'"$1"'" -- perl -MIO::Socket::UNIX -e \
            "print IO::Socket::UNIX->new(Peer => shift) ? qq(open\n) : qq(\$!\n)" "$socket"; done'
}

@test "a student reaches neither the keeper's socket nor libvirt's; the reader one of them" {
    run knock carol
    echo "$output"
    [ "$output" = $'Permission denied\nPermission denied\nPermission denied' ]
    run knock xwread
    [ "$output" = $'Permission denied\nPermission denied\nopen' ]
    run knock root
    [ "$output" = $'open\nopen\nopen' ]
}

@test "a student reads nothing of the state; root does" {
    run inside 'runuser -u carol -- ls /var/lib/xworlds/labs /var/lib/xworlds/owners /var/lib/xworlds/worlds /run/xworlds/console'
    [ "$status" -ne 0 ]
    [ "$(grep -c 'Permission denied' <<<"$output")" -eq 4 ]
    run inside 'ls /var/lib/xworlds/labs /var/lib/xworlds/owners /var/lib/xworlds/worlds'
    [ "$status" -eq 0 ]
    [[ $output == *firewall* ]]
}

@test "the keeper's listener: five capabilities, no new privileges, systemd's filter, its own mounts" {
    run inside 'pid=$(systemctl show -p MainPID --value xworlds-keeper.service)
        awk "/^(CapBnd|CapEff|CapAmb|NoNewPrivs|Seccomp):/ { print \$1, \$2 }" "/proc/$pid/status"
        nsenter -t "$pid" -m touch /etc/intruder 2>&1 || true
        nsenter -t "$pid" -m touch /var/lib/xworlds/.probe && rm /var/lib/xworlds/.probe && echo writable
        nsenter -t "$pid" -m ls /dev/mem 2>&1 || true
        echo "homes: $(nsenter -t "$pid" -m ls /home)"'
    echo "$output"
    [ "$status" -eq 0 ]
    # cap_setgid, cap_setuid, cap_setpcap, cap_net_admin, cap_audit_control: bits 6, 7, 8, 12, 30
    # (capabilities(7)).
    [[ $output == *'CapEff: 00000000400011c0'* ]]
    [[ $output == *'CapBnd: 00000000400011c0'* ]]
    [[ $output == *'CapAmb: 0000000000000000'* ]]
    [[ $output == *'NoNewPrivs: 1'* ]]
    [[ $output == *'Seccomp: 2'* ]]
    [[ $output == *"touch: cannot touch '/etc/intruder': Read-only file system"* ]]
    [[ $output == *writable* ]]
    [[ $output == *"cannot access '/dev/mem': No such file or directory"* ]]
    [ "${lines[-1]}" = 'homes: ' ]
}

@test "accounts and directories are what sysusers.d and tmpfiles.d say: applying them changes nothing" {
    run inside 'snapshot() { cat /etc/passwd /etc/group; stat -c "%n %U:%G %a" /var/lib/xworlds /var/lib/xworlds/* /run/xworlds /run/xworlds/*; }
        before=$(snapshot); systemd-sysusers xworlds.conf; systemd-tmpfiles --create xworlds.conf
        diff <(printf "%s\n" "$before") <(snapshot)'
    echo "$output"
    [ "$status" -eq 0 ]
}
