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
    [[ $output == *$'firewall\tdana\t3\t'* ]]
    run inside 'journalctl --no-pager -q _COMM=sshd --grep "pam_xworlds.*dana: not let in"'
    [ "$status" -eq 0 ]
}

# What sshd, PAM and logind make of it: a session of its own, with the login's uid, in a scope.
@test "her session is logind's: a scope of its own below user.slice, and the login's uid" {
    mkfifo "$BATS_TEST_TMPDIR/keys"
    anew dana -tt <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local client=$! keys
    exec {keys}>"$BATS_TEST_TMPDIR/keys"
    within 120 inside 'loginctl list-sessions --no-legend | grep -w dana'
    run inside 'session=$(loginctl list-sessions --no-legend | awk "\$3 == \"dana\" { print \$1; exit }")
        loginctl show-session "$session" -p Name -p Service -p Class -p State -p Scope
        xwsh=$(pgrep -n -u dana xwsh)
        cut -d: -f3 "/proc/$xwsh/cgroup"
        [ "$(cat "/proc/$xwsh/loginuid")" = "$(id -u dana)" ] && echo "loginuid is hers"
        [ "$(cat "/proc/$xwsh/sessionid")" = "$session" ] && echo "and the session"'
    # The client itself, which the function's shell would leave behind.
    kill "$(pgrep -P "$client")"
    wait "$client" || true
    exec {keys}>&-
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *Name=dana* && $output == *Service=sshd* && $output == *Class=user* ]]
    [[ $output =~ /user\.slice/user-[0-9]+\.slice/session-[0-9]+\.scope ]]
    [[ $output == *'loginuid is hers'* && $output == *'and the session'* ]]
    within 60 inside '! pgrep -u dana xwsh'
}

@test "libvirt hangs: she is in, and told so; her world is made when it goes on" {
    inside 'xwadm destroy firewall --user dana --yes; virsh -q list
        systemctl kill --signal=STOP --kill-whom=main libvirtd.service'
    local began=$SECONDS
    run anew dana list
    local took=$((SECONDS - began)) told=$output code=$status
    inside 'systemctl kill --signal=CONT --kill-whom=main libvirtd.service'
    echo "# in after $took s, with libvirtd stopped" >&3
    echo "$told"
    [ "$code" -eq 0 ]
    [[ $told == *'xwsh: Your worlds are still being made; they appear in the list when they are ready.'* ]]
    ((took >= 2 && took < 60))
    within 120 inside 'grep -q "^lab firewall$" "/var/lib/xworlds/owners/$(id -u dana)"'
    run anew dana list
    [[ $output == *$'firewall\tdana\t3\t'* ]]
}

@test "out of the group she is refused, and her world is kept" {
    inside 'xwadm revoke firewall dana'
    run anew dana list
    echo "$output"
    [ "$status" -eq 255 ]
    [[ $output == *'No lab is open to your account yet'* ]]
    inside 'test -e /var/lib/xworlds/worlds/firewall/dana'
    inside 'xwadm grant firewall dana'
    run anew dana list
    [ "$status" -eq 0 ]
}
