#!/usr/bin/env bats
# The optional PAM module on a real host, with logind: INSTALL's lines, a first login, and out again.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

# anew NAME WORD...: with a connection of its own; what sshd says before it refuses is shown.
anew() {
    local user=$1
    shift
    timeout 120 ssh -F "$XW_VM/ssh_config" -o ControlPath=none -o LogLevel=INFO "$user@vm" "$@"
}

setup_file() {
    tests/vm/host user dana
    tests/vm/host put "$XW_VM/keys/dana.pub" /root/dana.pub
    inside 'useradd -m -s /usr/local/bin/xwsh -G xworlds dana
        install -d -m 0700 -o dana -g dana /home/dana/.ssh
        install -m 0600 -o dana -g dana /root/dana.pub /home/dana/.ssh/authorized_keys'
}

teardown_file() {
    inside 'xwadm destroy firewall --user dana --yes || true; userdel -r dana 2>/dev/null; rm /root/dana.pub'
    inside "$(tests/install-commands Undoing | grep pam_xworlds)"
}

@test "INSTALL's lines; root still gets in" {
    run follow Logins
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^\(account\|session\).*pam_xworlds.so$' <<<"$output")" -eq 2 ]
    run anew root id -un
    [ "$output" = root ]
}

@test "who has no lab is told why; added to the group, she finds the world at her first login" {
    run anew dana list
    echo "$output"
    [ "$status" -eq 255 ]
    [[ $output == *'No lab is open to your account yet'* ]]
    inside 'gpasswd -a dana cs530'
    run anew dana list
    echo "$output"
    [ "$status" -eq 0 ]
    # An emulated machine may take longer than the bound; the keeper goes on.
    within 60 inside 'test -e /var/lib/xworlds/worlds/firewall/dana'
    run anew dana list
    [[ $output == $'firewall\tdana\t3\t'* ]]
    run inside 'journalctl --no-pager -q _COMM=sshd --grep "pam_xworlds.*dana: not let in"'
    [ "$status" -eq 0 ]
}
