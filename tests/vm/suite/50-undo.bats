#!/usr/bin/env bats
# Undoing everything as INSTALL says: the host is what it was.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

@test "make uninstall refuses while worlds exist" {
    run inside "cd $SOURCE; make uninstall"
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"'xwadm destroy' them first"* ]]
}

@test "INSTALL's commands undo everything" {
    run follow Undoing
    echo "$output"
    [ "$status" -eq 0 ]
    run inside 'nft list tables; getent passwd xwhelper xwread xwrelay; getent group xworlds; systemctl list-unit-files "xworlds*" --no-legend; ip -brief link | grep xw- || true'
    echo "$output"
    [ -z "$output" ]
    run inside 'stat -c "%U:%G %a" /run/libvirt/libvirt-sock /run/libvirt/libvirt-sock-ro; diff /root/shells /etc/shells'
    [ "$output" = $'root:root 666\nroot:root 666' ]
}

@test "no file of it is left, and none has another owner or mode" {
    # What students, logs and other packages' state are, and the backups of passwd(5).
    run inside 'find / -xdev -printf "%p %y %U:%G %m\n" | sort | diff /root/before - |
        grep -E "^[<>]" | grep -vE "^[<>] /(root|home|tmp|var/log|var/tmp|var/cache|var/spool|var/mail|var/lib/systemd|var/lib/libvirt|etc/libvirt|etc/apparmor\.d/libvirt)(/| )" |
        grep -vE "^> /etc/(passwd|group|shadow|gshadow|subuid|subgid)- f" || true'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}
