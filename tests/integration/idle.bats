#!/usr/bin/env bats
# Idle worlds: suspended by tick, warned before, and going on where they were. No clock is waited for:
# what a pass has seen is made older in its file.
# shellcheck shell=bash disable=SC2016 # what guests are told has dollars of its own
bats_require_minimum_version 1.5.0
load lib/common

CONF=/etc/xworlds/xworlds.conf
LOOK=/var/lib/xworlds/idle/look
SAVES=/var/lib/libvirt/qemu/save

# setting LINE...: the configuration, with these lines.
setting() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    printf '%s\n' "$@" >>"$CONF"
}

# lab NAME [LINE...]: two machines on a segment.
lab() {
    local name=$1 line
    shift
    {
        printf 'xworlds: 1\ntitle: Lab %s\naccess: {students: [cs530]}\nsegments: [wire]\n' "$name"
        for line; do
            printf '%s\n' "$line"
        done
        printf 'machines:\n'
        for line in 1 2; do
            printf '  m%s:\n    image: tiny\n    memory: 96\n    interfaces:\n' "$line"
            printf '      - {segment: wire, address: 10.7.0.%s/24}\n' "$line"
        done
    } >"$BATS_FILE_TMPDIR/$name.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/$name.yaml"
}

setup_file() {
    local domain
    while read -r domain; do
        [[ -z $domain ]] || virsh -q destroy "$domain"
    done < <(virsh -q list --name)
    cp "$CONF" "$BATS_FILE_TMPDIR/xworlds.conf"
    xwadm image add build/images/tiny
    lab idle 'suspend-after: 30'
    lab awake 'suspend-after: never'
    xwadm deploy idle --user alice --user bob
    xwadm deploy awake --user alice
}

teardown_file() {
    local name
    tests/throwaway-host service status libvirtd >/dev/null || tests/throwaway-host service start libvirtd
    for name in idle awake; do
        xwadm destroy "$name" --all --force --yes
        xwadm lab remove "$name"
    done
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
}

teardown() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    [[ -z ${CONSOLE-} ]] || kill "$CONSOLE" 2>/dev/null || true
    exec 9>&-
    as alice stop idle --force || true
    as bob stop idle --force || true
    as alice stop awake --force || true
    rm -f "$LOOK"
}

guest() {
    tests/integration/lib/guest "$@"
}

tick() {
    run --separate-stderr xwadm tick "$@"
    # shellcheck disable=SC2154 # set by run
    printf 'tick %s: %s\n%s\n(%s)\n' "$*" "$status" "$output" "$stderr"
}

# state MACHINE [USER]: by the student's own list.
state() {
    as "${2-alice}" status idle | awk -v machine="$1" '$1 == machine { print $2 }'
}

# is STATE MACHINE...: of alice's world.
is() {
    local state=$1 machine
    shift
    for machine; do
        [ "$(state "$machine")" = "$state" ] || return 1
    done
}

# older SECONDS: the pass before was so much longer ago.
older() {
    local taken
    taken=$(awk '$1 == "taken" { print $2 }' "$LOOK")
    sed -i "s/^taken .*/taken $((taken - $1 * 1000))/" "$LOOK"
}

# idle_for MINUTES [USER]: as many have come together for the world, which was seen as it is.
idle_for() {
    sed -i "/^world idle ${2-alice}\$/{n;s/.*/idle $(($1 * 60000))/}" "$LOOK"
}

# The milliseconds that have come together for alice's world.
idle_of() {
    awk '$1 == "world" { here = $3 == "alice" } here && $1 == "idle" { print $2 }' "$LOOK"
}

# seen: a pass has looked at the world, idle for as good as half an hour; the next is a minute later.
seen() {
    rm -f "$LOOK"
    xwadm tick
    idle_for 29
    older 60
}

# asleep: alice's world is suspended.
asleep() {
    seen
    tick
    is suspended m1 m2
}

# A shell on m1 and m2, and nothing under way there: what IPv6 sends after a boot is over.
up() {
    local machine
    as alice start idle
    for machine in m1 m2; do
        guest alice "idle/$machine" 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done'
    done
}

cpu_of() {
    virsh -q domstats --cpu-total "xw:idle:alice:$1" | sed -n 's/ *cpu.time=//p'
}

# open_console MACHINE: over real ssh; keys go to descriptor 9, what is shown to $SCREEN.
open_console() {
    SCREEN=$BATS_TEST_TMPDIR/screen
    mkfifo "$BATS_TEST_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt alice@lab console "idle/$1" \
        <"$BATS_TEST_TMPDIR/keys" >"$SCREEN" 2>&1 3>&- &
    CONSOLE=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$SCREEN"
}

# T-L9
@test "an idle world is suspended as a whole, says so, and goes on where it was" {
    up
    guest alice idle/m1 '(i=0; while :; do i=$((i+1)); echo $i >/tmp/n; sleep 1; done) & echo $! >/tmp/pid'
    guest alice idle/m1 'sleep 2; cat /tmp/n'
    printf '# a pass of no work costs %s and %s ns of CPU before\n' "$(cpu_of m1)" "$(cpu_of m2)"
    tick
    [ -z "$output$stderr" ]
    [ "$(idle_of)" -eq 0 ]
    # Two passes one upon the other measure nothing.
    tick
    [ -z "$output$stderr" ]
    [ "$(idle_of)" -eq 0 ]
    older 60
    tick --dry-run
    [ "$(idle_of)" -eq 0 ]
    tick
    [ -z "$output$stderr" ]
    [ "$(idle_of)" -ge 60000 ]
    idle_for 29
    older 60
    tick --dry-run
    [ "$output" = $'idle/alice/m1: would be suspended\nidle/alice/m2: would be suspended' ]
    is running m1 m2
    idle_for 29
    older 60
    tick
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = $'idle/alice/m1: suspended\nidle/alice/m2: suspended' ]
    is suspended m1 m2
    [ "$(find "$SAVES" -name 'xw:idle:alice:*' | wc -l)" -eq 2 ]
    run as alice list
    [[ $output == *$'idle\talice\t2\t0\t'* ]]
    tick
    [ -z "$output$stderr" ]
    # The whole of it, with one word.
    run as alice start idle
    [ "$status" -eq 0 ]
    [[ $output == *'m1: goes on where it was'*'m2: goes on where it was'* ]]
    is running m1 m2
    run guest alice idle/m1 'sleep 2; echo "n is $(cat /tmp/n), $(kill -0 $(cat /tmp/pid) && echo the same)"; kill $(cat /tmp/pid)'
    [[ $output =~ n\ is\ ([0-9]+),\ the\ same ]]
    [ "${BASH_REMATCH[1]}" -ge 4 ]
    [ -z "$(find "$SAVES" -name 'xw:idle:alice:*')" ]
}

# T-L9
@test "a console lets the whole world go on, in about a second" {
    up
    guest alice idle/m2 'echo kept >/tmp/kept'
    asleep
    local began=$EPOCHREALTIME
    run guest alice idle/m2 'echo "it is $(cat /tmp/kept)"'
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "# console of a suspended world, command answered: %.1f s\n", b - a }' >&3
    [ "$status" -eq 0 ]
    [[ $output == *'it is kept'* ]]
    is running m1 m2
}

# T-L9
@test "what works is not suspended: CPU, network, console, a machine started again" {
    up
    local before
    # CPU: seen between two looks of virsh, so that no time is waited for.
    guest alice idle/m1 '(while :; do :; done) & echo $! >/tmp/pid'
    rm -f "$LOOK"
    xwadm tick
    before=$(cpu_of m1)
    burnt() { [ "$(cpu_of m1)" -gt $((before + 2000000000)) ]; }
    wait_for burnt
    idle_for 29
    older 15
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    [ "$(idle_of)" -eq 0 ]
    guest alice idle/m1 'kill $(cat /tmp/pid)'

    guest alice idle/m1 'ping 10.7.0.2 >/dev/null 2>&1 & echo $! >/tmp/pid'
    rm -f "$LOOK"
    xwadm tick
    before=$(sed -n 's/^network //p' "$LOOK" | head -n 1)
    bytes_of() { virsh -q domstats --interface xw:idle:alice:m1 | awk -F= '/[rt]x.bytes/ { sum += $2 } END { print sum }'; }
    talked() { [ "$(bytes_of)" -gt "$before" ]; }
    wait_for talked
    idle_for 29
    older 600
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    [ "$(idle_of)" -eq 0 ]
    guest alice idle/m1 'kill $(cat /tmp/pid)'

    # A byte on a console that nobody has open.
    guest alice idle/m1 '(sleep 8; echo now >/dev/ttyS0) & echo'
    before=$(stat -c %s /var/lib/xworlds/worlds/idle/alice/m1.log)
    rm -f "$LOOK"
    xwadm tick
    written() { [ "$(stat -c %s /var/lib/xworlds/worlds/idle/alice/m1.log)" -gt "$before" ]; }
    wait_for written
    sed -i "0,/^log .*/s//log $before/" "$LOOK"
    idle_for 29
    older 60
    tick
    [ -z "$output$stderr" ]
    is running m1 m2

    # Opened and left, without a key.
    seen
    open_console m1
    printf '\x1d' >&9
    wait "$CONSOLE"
    tick
    [ -z "$output$stderr" ]
    is running m1 m2

    seen
    as alice reboot idle/m2 --force
    as alice stop idle/m2 --force
    as alice start idle/m2
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    # Booted anew, it looks for routers again, which is traffic.
    up
    # The control: nothing of this, and it is suspended. bob's, which nobody has looked at before, is not.
    as bob start idle
    asleep
    [ "$(state m1 bob)" = running ]
}

# T-L9
@test "an open console is warned first; a key keeps the world on, silence does not" {
    up
    open_console m1
    printf '\r' >&9
    wait_for grep -qE 'login: |# ' "$SCREEN"
    rm -f "$LOOK"
    xwadm tick
    idle_for 23
    older 60
    tick
    [ -z "$output$stderr" ]
    refute grep -q 'suspended' "$SCREEN"
    older 60
    tick
    [ -z "$output$stderr" ]
    wait_for grep -q 'in 5 min it is suspended, unless you type something' "$SCREEN"
    is running m1 m2
    # However long it was idle: the warning has stood for a minute only.
    idle_for 600
    older 60
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    grep -q '^warned [0-9]' "$LOOK"
    # A key, that the guest does not even echo.
    printf '\x11' >&9
    local traffic
    traffic=$(sed -n '0,/^traffic /s/^traffic //p' "$LOOK")
    newest() { find /run/xworlds/console -name '*.notice' -printf '%T@\n' | sort -n | tail -n 1 | tr -d .; }
    typed_since() { [ "$(newest | cut -c 1-19)" -gt "$traffic" ]; }
    wait_for typed_since
    older 60
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    [ "$(idle_of)" -eq 0 ]
    refute grep -q '^warned' "$LOOK"
    # Warned once more, and this time nobody answers.
    idle_for 26
    older 60
    tick
    is running m1 m2
    idle_for 26
    older 240
    tick
    [ -z "$output$stderr" ]
    older 60
    tick
    [ "$output" = $'idle/alice/m1: suspended\nidle/alice/m2: suspended' ]
    wait "$CONSOLE" || true
    grep -q 'the world is being suspended' "$SCREEN"
    grep -q 'The console of idle/m1 has closed' "$SCREEN"
    refute grep -q 'the machine has stopped' "$SCREEN"
    is suspended m1 m2
}

# T-L9
@test "never, by the lab or by nobody's setting; the host's setting for other labs" {
    as alice start awake
    setting 'suspend-after = 1'
    xwadm tick
    sed -i '/^world awake alice$/{n;s/.*/idle 99999999/}' "$LOOK"
    older 600
    tick
    [ -z "$output$stderr" ]
    [ "$(virsh -q domstate xw:awake:alice:m1)" = running ]
    lab awake
    older 600
    sed -i '/^world awake alice$/{n;s/.*/idle 99999999/}' "$LOOK"
    tick
    lab awake 'suspend-after: never'
    [ "$output" = $'awake/alice/m1: suspended\nawake/alice/m2: suspended' ]
}

# T-L9
@test "a clock that jumps, a look that is lost or garbled: the time begins anew" {
    up
    seen
    sed -i 's/^taken .*/taken 9000000000000/' "$LOOK"
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
    [ "$(idle_of)" -eq 0 ]
    # A day is counted as five minutes.
    xwadm tick
    older 0
    local taken
    taken=$(awk '$1 == "taken" { print $2 }' "$LOOK")
    [ "$taken" -gt 1000 ]
    printf 'nonsense\n' >"$LOOK"
    tick
    [ "$status" -eq 0 ]
    [[ $stderr == *'what the pass before saw is lost'* ]]
    is running m1 m2
    [ "$(idle_of)" -eq 0 ]
    # The wall's clock, which the rule does not look at.
    idle_for 28
    older 60
    tick
    [ -z "$output$stderr" ]
    is running m1 m2
}

# T-L9
@test "a suspended machine takes no memory; to go on it is admitted like any other" {
    up
    asleep
    setting 'memory-per-user = 96'
    as alice start awake/m1
    run as alice start idle/m1
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *96* ]]
    is suspended m1 m2
    # A console doesn't get past it.
    run as alice console idle/m1
    echo "$output"
    [ "$status" -eq 4 ]
    is suspended m1 m2
    as alice stop awake/m1 --force
    run as alice start idle/m1
    [ "$status" -eq 0 ]
    [[ $output == *'m1: goes on where it was'* ]]
    is suspended m2
}

# T-L9
@test "a disk without room keeps the world on" {
    up
    setting 'disk-reserve = 1073741824'
    seen
    tick
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *'idle/alice: Saving the memory takes up to 192 MiB'* ]]
    is running m1 m2
    # Not each minute: only when it has been idle for as long again.
    older 60
    tick
    [ "$status" -eq 0 ]
}

# T-L9
@test "stop, reboot, revert and destroy of suspended machines" {
    up
    guest alice idle/m1 'echo mine >/root/mine; sync'
    asleep
    run as alice reboot idle/m1
    [ "$status" -eq 1 ]
    [[ $output == *'m1 is suspended; start it, and reboot it then'* ]]
    run as alice stop idle/m1
    [ "$status" -eq 0 ]
    [[ $output == *'m1: is suspended, and stays so'* ]]
    is suspended m1
    run as alice stop idle/m1 --force
    [ "$status" -eq 0 ]
    [[ $output == *'what was saved of it is thrown away, and it is off'* ]]
    is off m1
    is suspended m2
    run as alice start idle/m1
    [[ $output == *'m1: started'* ]]
    run guest alice idle/m1 'cat /root/mine'
    [[ $output == *mine* ]]
    # Old memory must not meet a reverted disk.
    run as alice revert idle/m2 --yes
    [ "$status" -eq 0 ]
    is off m2
    [ -z "$(find "$SAVES" -name 'xw:idle:alice:m2*')" ]
    as bob start idle/m1
    xwadm tick
    sed -i '/^world idle bob$/{n;s/.*/idle 99999999/}' "$LOOK"
    older 60
    xwadm tick
    [ "$(state m1 bob)" = suspended ]
    xwadm destroy idle --user bob --yes
    [ -z "$(find "$SAVES" -name 'xw:idle:bob:*')" ]
    refute grep -q xw:idle:bob <<<"$(virsh -q list --all --name)"
    xwadm deploy idle --user bob
}

# T-L9
@test "libvirtd killed in the middle of a save: the world goes on, or is suspended, and nothing else" {
    up
    guest alice idle/m1 'echo kept >/tmp/kept'
    seen
    xwadm tick >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    local pid=$! code=0
    saving() { [ -n "$(find "$SAVES" -name 'xw:idle:alice:*')" ]; }
    wait_for saving
    tests/throwaway-host service kill libvirtd
    wait "$pid" || code=$?
    cat "$BATS_TEST_TMPDIR/said"
    [ "$code" -eq 75 ]
    tests/throwaway-host service start libvirtd
    local machine
    for machine in m1 m2; do
        printf '# after the kill: %s is %s\n' "$machine" "$(state "$machine")" >&3
    done
    run as alice start idle
    [ "$status" -eq 0 ]
    is running m1 m2
    run guest alice idle/m1 'echo "it is $(cat /tmp/kept)"'
    [[ $output == *'it is kept'* ]]
    # What the cut-off save has left doesn't make it seem suspended.
    as alice stop idle --force
    is off m1 m2
    [ -z "$(find "$SAVES" -name 'xw:idle:alice:*')" ]
}
