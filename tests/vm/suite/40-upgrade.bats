#!/usr/bin/env bats
# Upgrading as INSTALL says, with a machine running and its console open.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

@test "an open console and a running machine outlive an upgrade" {
    local before after
    open_console firewall/router
    printf 'echo before $((40 + 1))\r' >&"$KEYS"
    within 60 grep -q 'before 41' "$SCREEN"
    before=$(inside 'systemctl show -p MainPID --value xworlds-keeper.service; echo "# mine" >>/etc/xworlds/xworlds.conf')
    run follow Upgrading
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    after=$(inside 'systemctl show -p MainPID --value xworlds-keeper.service')
    [ "$before" != "$after" ]
    printf 'echo still $((40 + 2))\r' >&"$KEYS"
    within 60 grep -q 'still 42' "$SCREEN"
    leave_console
    run as carol status firewall
    echo "$output"
    [ "$(grep -c running <<<"$output")" -eq 2 ]
    # What an administrator wrote stays.
    run inside 'tail -n 1 /etc/xworlds/xworlds.conf'
    [ "$output" = '# mine' ]
}
