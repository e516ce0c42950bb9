#!/usr/bin/env bats
# The password that xwsh asks for again, on a real host: INSTALL's lines, and out again.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

teardown_file() {
    inside 'usermod --password "*" carol; rm -f /etc/pam.d/xwsh
        sed -i "/^reauthenticate = \|^lock-after = /d" /etc/xworlds/xworlds.conf'
}

# revert_with PASSWORD: as carol, on a terminal. Exits with the command's status.
revert_with() {
    expect -f - <<EXPECT
set timeout 120
spawn -noecho ssh -F $XW_VM/ssh_config -tt carol@vm revert firewall/web --yes
expect -re {Password: $} {} timeout { exit 99 } eof { exit 99 }
send "$1\r"
expect eof {} timeout { exit 99 }
exit [lindex [wait] 3]
EXPECT
}

@test "INSTALL's lines; a revert takes a terminal and the right password then" {
    run follow Passwords
    echo "$output"
    [ "$status" -eq 0 ]
    inside 'echo "carol:open sesame" | chpasswd'
    run as carol revert firewall/web
    echo "$output"
    [ "$status" -eq 77 ]
    run revert_with 'close sesame'
    echo "$output"
    [ "$status" -eq 77 ]
    [[ $output == *'that was not your password; nothing was changed'* ]]
    run revert_with 'open sesame'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'firewall/web: is pristine'* ]]
    inside 'journalctl --no-pager -q --grep "pam_unix.xwsh:auth.: authentication failure.*user=carol"'
}
