#!/usr/bin/env bats
# --wait and --timeout, over real ssh with guests that boot, don't boot, and stop instead.
# shellcheck shell=bash disable=SC2016 # the guest expands
bats_require_minimum_version 1.5.0
load lib/common

readonly LOGS=/var/lib/xworlds/worlds/firewall/alice

setup_file() {
    make_firewall alice
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

teardown() {
    wait_for no_relay
}

# prompts MACHINE: how many it has shown, in all its boots.
prompts() {
    grep -aoF 'login: ' "$LOGS/$1.log" | wc -l
}

# guest MACHINE COMMAND...: as root; the console is left logged in.
guest() {
    local machine=$1
    shift
    tests/integration/lib/guest alice "firewall/$machine" "$@" >/dev/null
}

@test "start --wait: it ends when each machine shows its login prompt, and says so" {
    run -0 --separate-stderr as alice start firewall --wait
    [[ $output == *'firewall/web: started'* ]]
    for machine in router web client; do
        [ "$(prompts "$machine")" -eq 1 ]
        [[ $stderr =~ firewall/$machine:\ login\ prompt\ after\ [0-9]+\ s ]]
    done
    [[ $output != *'login prompt'* ]]
}

@test "one that ran before: the prompt that stands there counts; where somebody is logged in the time ends" {
    run -0 --separate-stderr as alice start firewall/web --wait=login --timeout 60
    [[ $output == *'was running already'* ]]
    [[ $stderr == *'firewall/web: login prompt after 0 s'* ]]
    guest web true
    run -124 as alice start firewall/web --wait --timeout 2
    [[ $output == *'firewall/web: no login prompt on its console in time; it ran before'* ]]
    run -0 as alice start firewall/web --wait=running --timeout 30
}

@test "the prompt of an earlier boot is none, of which the log's end is full" {
    local before
    before=$(prompts client)
    as alice stop firewall/client --force
    [[ $(as alice log firewall/client --lines 1) == *login: ]]
    run -0 as alice start firewall/client --wait
    [ "$(prompts client)" -eq $((before + 1)) ]
    run -0 as alice reboot firewall/client --force --wait
    [ "$(prompts client)" -eq $((before + 2)) ]
    run -0 as alice revert firewall/client --yes --wait
    [ "$(prompts client)" -eq $((before + 3)) ]
    # Asked over ACPI the guest shuts down first, with its prompt on the screen.
    run -0 as alice reboot firewall/client --wait
    [ "$(prompts client)" -eq $((before + 4)) ]
}

@test "--json: what has come of the waiting, and nothing on standard error" {
    run -0 --separate-stderr as alice reboot firewall/client --force --wait --json
    [ -z "$stderr" ]
    jq -e '.results[0] | .machine == "client" and .result == "done" and .reached == true and
        (.seconds | type) == "number" and has("reason") == false' <<<"$output"
}

@test "no prompt in time: status 124, in words; the machine goes on" {
    guest client 'sed -i /getty/d /etc/inittab' sync
    run -124 --separate-stderr as alice reboot firewall/client --force --wait --timeout 4
    [[ $stderr == *'firewall/client: no login prompt on its console in time; it goes on'* ]]
    [[ $(as alice status firewall) == *$'client\trunning'* ]]
    run -124 --separate-stderr as alice reboot firewall/client --force --wait --timeout=2 --json
    jq -e '.results[0] | .result == "done" and .reached == false and
        (.reason | test("no login prompt"))' <<<"$output"
    # A machine that has shown its prompt, beside one that doesn't.
    run -124 --separate-stderr as alice reboot firewall/client,router --force --wait --timeout 60
    [[ $stderr == *'firewall/router: login prompt after'* ]]
    [[ $stderr == *'firewall/client: no login prompt'* ]]
}

@test "a machine that stops instead: status 1, in words" {
    as alice revert firewall/client --yes --wait
    guest client "printf '#!/bin/sh\npoweroff -f\n' >/etc/rc.local" 'chmod +x /etc/rc.local' sync
    as alice stop firewall/client --force
    run -1 as alice start firewall/client --wait --timeout 60
    [[ $output == *'firewall/client: the machine has stopped before it showed a login prompt'* ]]
}

@test "revert starts only what ran: of one that was off --wait says so" {
    run -1 as alice revert firewall/client --yes --wait
    [[ $output == *'firewall/client: it was not on, and revert starts none'* ]]
    run -0 as alice start firewall/client --wait
}

@test "stop --wait; and --timeout, which ends the waiting and not the stopping" {
    run -0 as alice stop firewall/client --force --wait=off
    [[ $(as alice status firewall) == *$'client\toff'* ]]
    run -0 as alice start firewall/client --wait
    # A guest without acpid has no use for the button; the grace time is longer than this.
    guest client 'sed -i /acpid/d /etc/inittab; kill -HUP 1; killall acpid'
    run -124 as alice stop firewall/client --wait --timeout 1
    [[ $output == *"what had begun goes on: 'status firewall' shows it"* ]]
    run -0 as alice stop firewall/client --force
}

@test "what doesn't go together is refused in words, and nothing is begun" {
    local words
    for words in 'start firewall --wait=off' 'stop firewall --wait=login' 'reboot firewall --wait=running' \
        'start firewall --wait=up'; do
        # shellcheck disable=SC2086 # several words
        run -2 as alice $words
        [[ $output == *"can't wait for"* ]]
    done
    run -2 as alice start firewall --timeout 5
    [[ $output == *'--timeout is how long --wait waits'* ]]
    for words in 0 -1 x 86401 1.5; do
        run -2 as alice start firewall --wait --timeout "$words"
    done
    [[ $output == *'--timeout takes whole seconds, 1 to 86400'* ]]
    run -2 as alice revert firewall/web nosuch --yes --wait
    [[ $output == *'a checkpoint brings a machine back as it was'* ]]
    run -2 as alice list --wait
    run -3 as bob start firewall:alice --wait
    [[ $(as alice status firewall) == *$'client\toff'* ]]
}
