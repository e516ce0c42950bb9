#!/usr/bin/env bats
# The timer on a real host: a lab closes, and its machines are off without anybody's doing.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

teardown_file() {
    inside 'xwadm lab apply /etc/xworlds/labs.d/firewall.yaml'
}

is_off() {
    inside '[ "$(virsh -q domstate xw:firewall:carol:client)" = "shut off" ]'
}

@test "the timer runs each minute, and what it starts has an exposure below 2.0" {
    run inside 'systemctl is-active xworlds-tick.timer
        systemctl show -p TimersCalendar --value xworlds-tick.timer
        systemd-analyze --no-pager security --threshold=19 xworlds-tick.service | tail -n 1'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == active ]]
    [[ ${lines[1]} == *'OnCalendar=*-*-* *:*:00'* ]]
}

@test "while the lab is open a pass does nothing; when it has closed, the next one stops its machines" {
    as carol start firewall/client
    run inside 'systemctl start xworlds-tick.service && journalctl --no-pager -q -o cat -u xworlds-tick.service --grep firewall || true'
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    run is_off
    [ "$status" -ne 0 ]
    # The file's name is the lab's.
    inside "mkdir -p /root/closed
        sed 's/^access:/&\n  closes: 2001-01-01 08:00/' /etc/xworlds/labs.d/firewall.yaml >/root/closed/firewall.yaml
        xwadm lab apply /root/closed/firewall.yaml"
    within 300 is_off
    run inside 'systemctl start xworlds-tick.service
        journalctl --no-pager -q -o cat -u xworlds-tick.service --grep firewall
        systemctl is-failed xworlds-tick.service || true
        ausearch --input-logs -m SECCOMP --raw 2>/dev/null | grep -F xwadm || true'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == 'firewall/carol/client: '*stopped* ]]
    [ "${lines[-1]}" = inactive ]
}
