#!/usr/bin/env bats
# INSTALL's own commands, as far as they need no systemd; tests/vm runs them all on a real host.
# The host has the product already: run again, they change nothing that works.
# shellcheck shell=bash

readonly UNIT=/usr/local/lib/systemd/system/xworlds-keeper.service

setup_file() {
    ssh-keygen -q -t ed25519 -N '' -C carol -f /run/throwaway/keys/carol
    cp /run/throwaway/keys/carol.pub carol.pub
}

teardown_file() {
    xwadm destroy firewall --all --force --yes
    userdel -r carol
    rm -f carol.pub /run/throwaway/keys/carol{,.pub}
}

# follow STEP...
follow() {
    local command
    while IFS= read -r -u 5 command; do
        printf '# %s\n' "$command"
        bash -c "$command" 5>&- </dev/null || {
            printf 'status %d: %s\n' "$?" "$command"
            return 1
        }
    done 5< <(tests/install-commands --without-systemd "$@")
}

@test "every command of INSTALL is found, and each is for systemd or not" {
    local all with without
    all=$(tests/install-commands | wc -l)
    with=$(tests/install-commands --only-systemd | wc -l)
    without=$(tests/install-commands --without-systemd | wc -l)
    [ "$all" -eq "$(grep -cE '^[[:space:]]*[#$] ' INSTALL)" ]
    [ "$all" -eq $((with + without)) ]
    [ "$with" -gt 0 ]
    [ "$without" -gt 0 ]
}

@test "packages, programs, accounts, the table, sshd" {
    run follow 1 2 3 6
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output == *$'\nxwhelper:xwhelper 6111\n'* ]]
    [[ $output == *'xwhelper cap_audit_write=ep'* ]]
    [[ $output == *'iifname "xw-*" drop'* ]]
}

@test "an image, a lab, a student who then logs in" {
    run follow 7 8
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    run ssh -F /run/throwaway/ssh_config carol@lab list
    [ "$status" -eq 0 ]
    [[ $output == $'firewall\tcarol\t3\t'* ]]
}

@test "upgrading changes nothing that an administrator wrote" {
    echo '# mine' >>/etc/xworlds/xworlds.conf
    run follow Upgrading
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [ "$(tail -n 1 /etc/xworlds/xworlds.conf)" = '# mine' ]
    sed -i '$d' /etc/xworlds/xworlds.conf
    # The step that takes systemd elsewhere: from here on the keeper is the one just installed.
    tests/throwaway-host service restart keeper
    run ssh -F /run/throwaway/ssh_config carol@lab list
    [ "$status" -eq 0 ]
}

@test "the keeper's unit has an exposure below 2.0; without its bounded capabilities it has not" {
    run systemd-analyze security --offline=true --no-pager --threshold=19 "$UNIT"
    echo "$output" | grep -vF '✓'
    [ "$status" -eq 0 ]
    grep -v CapabilityBoundingSet "$UNIT" >"$BATS_TEST_TMPDIR/xworlds-keeper.service"
    run systemd-analyze security --offline=true --no-pager --threshold=19 "$BATS_TEST_TMPDIR/xworlds-keeper.service"
    [ "$status" -ne 0 ]
}

@test "a drop-in that sshd refuses doesn't stay: the one before does" {
    local drop_in=/etc/ssh/sshd_config.d/60-xworlds.conf shipped=/usr/local/share/xworlds/60-xworlds.conf
    cp "$shipped" "$BATS_TEST_TMPDIR/good"
    echo 'NoSuchOption yes' >>"$shipped"
    run contrib/install-host
    cp "$BATS_TEST_TMPDIR/good" "$shipped"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'sshd refused'* ]]
    # The one that was in force before is back.
    cmp "$drop_in" "$BATS_TEST_TMPDIR/good"
    run contrib/install-host
    [ "$status" -eq 0 ]
    [ -e "$drop_in" ]
}

@test "uninstalling is refused while worlds exist, and takes nothing away then" {
    run make uninstall
    [ "$status" -ne 0 ]
    [[ $output == *"'xwadm destroy' them first"* ]]
    [ -x /usr/local/bin/xwsh ]
}
