#!/usr/bin/env bats
# Machines that boot, as the menu shows it: over real ssh, in a terminal of tmux's.
# shellcheck shell=bash disable=SC2016,SC2119
load lib/common
load lib/screen
load lib/menu

setup_file() {
    make_firewall alice
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

setup() {
    open_seat
}

teardown() {
    close_screen
    await nobody_there
}

# without_prompt MACHINE: from now on it boots up to its last words, and no further.
without_prompt() {
    tests/integration/lib/guest alice "firewall/$1" 'sed -i /getty/d /etc/inittab' \
        'echo "ttyS0::respawn:echo last words; sleep 1" >>/etc/inittab' sync >/dev/null
}

prompt_of_web() {
    [[ $(tail -c 7 /var/lib/xworlds/worlds/firewall/alice/web.log) == 'login: ' ]]
}

@test "after a start: a bar, the time, the last line; then that it is ready" {
    open_world
    keys Down s
    see 'firewall/web: started'
    see $'\\[[ =]{10}\\] firewall/web: booting, [0-9]+ s|firewall/web: started; ready'
    see 'firewall/web: started; ready \(login\) after [0-9]+ s'
    lacks 'booting'
    # Nobody watches it any more.
    await no_relay
    # The next key takes the line away as any other.
    keys Up
    see_without 'ready'
}

@test "a whole world: how many are ready" {
    open_world
    keys S
    see '\([0-2] of 2 ready\): booting|ready \(login\)'
    see 'firewall: done, 3 machines; ready \(login\) after [0-9]+ s'
}

@test "the last line of a boot that takes long is text; Esc ends the looking, not the boot" {
    without_prompt client
    open_world
    keys Down Down r
    see 'firewall/client: is rebooting'
    see 'booting, [0-9]+ s[[:space:]]+last words'
    keys Down
    see_without 'is rebooting'
    see 'booting, [0-9]+ s'
    keys Escape
    see_without 'booting'
    see $'\n client +running'
    await no_relay
    # With nothing to end it goes back as ever.
    keys Escape
    see 'firewall +3 of 3 run'
    keys q
    must_be_as_before
}

@test "the prompt of an earlier boot is none" {
    as alice stop firewall/web --force
    [[ $(as alice log firewall/web --lines 1) == *login: ]]
    open_world
    keys Down s
    see 'firewall/web: started'
    lacks 'ready'
    see 'firewall/web: started; ready \(login\) after [1-9][0-9]* s'
}

@test "where the console is behind the password, nothing of it is shown" {
    cp /etc/xworlds/xworlds.conf /run/xworlds.conf.before
    echo 'reauthenticate = console' >>/etc/xworlds/xworlds.conf
    as alice stop firewall/web --force
    open_world
    keys Down s
    see 'firewall/web: started'
    await prompt_of_web
    lacks 'booting|ready'
    cp /run/xworlds.conf.before /etc/xworlds/xworlds.conf
}
