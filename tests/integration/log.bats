#!/usr/bin/env bats
# What a machine has printed, as text: through pipes, with what a guest would do to a terminal made
# visible, while it runs, as it comes, and when it is off.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # the guest expands; each test has its own PIDS
bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
    make_firewall alice
    as alice start firewall/web --wait
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

setup() {
    PIDS=()
}

teardown() {
    end_processes "${PIDS[@]}"
    wait_for no_relay
}

# says TEXT: the guest writes it to its console, as printf's format.
says() {
    tests/integration/lib/guest alice firewall/web "printf '$1'" >/dev/null
}

@test "log: lines of text, with carriage returns and cursor movements done and colours gone" {
    says '\033[1;31mred\033[0m words\r\nover 10%%\rover 99%%\r\n\033]0;a title\007plain\r\nkept\033[H\033[2Jcleared\r\n'
    as alice log firewall/web >"$BATS_TEST_TMPDIR/out"
    grep -qx 'red words' "$BATS_TEST_TMPDIR/out"
    grep -qx 'over 99%' "$BATS_TEST_TMPDIR/out"
    grep -qx 'plain' "$BATS_TEST_TMPDIR/out"
    grep -qx 'kept' "$BATS_TEST_TMPDIR/out"
    grep -qx 'cleared' "$BATS_TEST_TMPDIR/out"
    # From the boot on, to the line that has not ended.
    grep -q '^This is web\. Log in as root' "$BATS_TEST_TMPDIR/out"
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/out") == root@web* ]]
}

@test "T-H8: nothing of a guest's output that a terminal would act on gets through log" {
    says 'begin \342\200\256hidden\342\200\254 \302\233 31m \377 \033[6n\033]52;c;aGk=\007\033P$qm\033\\\\\016end\r\n'
    as alice log firewall/web >"$BATS_TEST_TMPDIR/out"
    grep -q '^begin \\u202ehidden\\u202c .*\\xff.*end$' "$BATS_TEST_TMPDIR/out"
    refute grep -q '[^[:print:]]' "$BATS_TEST_TMPDIR/out"
    # The control: the console's log has it.
    grep -qaF $'\033]52;c;aGk=' /var/lib/xworlds/worlds/firewall/alice/web.log
    # A string without an end hides no more than its line.
    says '\033]0;endless\nbehind it\r\n'
    as alice log firewall/web >"$BATS_TEST_TMPDIR/out"
    grep -qx 'behind it' "$BATS_TEST_TMPDIR/out"
}

@test "--lines, --json, and what doesn't go together" {
    says 'first-%s\r\nsecond\r\n'
    run -0 as alice log firewall/web --lines 3
    [ "${#lines[@]}" -eq 3 ]
    [ "${lines[1]}" = second ]
    run -0 as alice log firewall/web --lines=0
    [ -z "$output" ]
    run -0 as alice log firewall/web --lines 2 --json
    jq -e '.schema == 1 and .world == "firewall" and .machine == "web" and (.lines | length) == 2
        and .lines[0] == "second"' <<<"$output"
    run -2 as alice log firewall/web --lines many
    [[ $output == *'--lines takes a number'* ]]
    run -2 as alice log firewall/web --follow --json
    [[ $output == *'with --follow it has no end'* ]]
    run -2 as alice log firewall
    [[ $output == *'usage: log WORLD/MACHINE'* ]]
    run -2 as alice log firewall/web --wait
    run -3 as bob log firewall:alice/web
    run -3 as alice log firewall/nosuch
    run -0 as alice help log
    [[ $output == *'log firewall/web | less'* ]]
}

@test "--follow: what comes, the line that has not ended among it, until the machine stops" {
    local out=$BATS_TEST_TMPDIR/out
    as alice log firewall/web --lines 1 --follow >"$out" 2>"$out.err" 3>&- &
    PIDS+=("$!")
    wait_for grep -q 'root@web' "$out"
    says 'comes-%s\r\n'
    wait_for grep -qx 'comes-' "$out"
    # The prompt behind it has no end.
    wait_for eval '[[ $(tail -c 3 "$out") == "# "* || $(tail -c 2 "$out") == "#" || $(tail -c 1 "$out") == "#" ]]'
    as alice stop firewall/web --force
    wait "${PIDS[0]}"
    grep -q 'the machine has stopped' "$out.err"
    refute grep -q $'\033' "$out"
}

@test "a machine that is off: its log, and no console" {
    run -0 as alice log firewall/web
    [[ $output == *'This is web. Log in as root'* ]]
    [[ $output == *'comes-'* ]]
    run -1 as alice console firewall/web
    [[ $output == *'web is off; start it first'* ]]
    # Without a terminal, too, watching it says why nothing comes.
    run -0 as alice watch firewall/web
    [[ $output == *'The console of firewall/web has closed: the machine has stopped'* ]]
    # Nobody is in the way of what comes next.
    wait_for no_relay
    # One that has never run has none.
    run -1 as alice log firewall/client
    [[ $output == *'client is off; start it first'* ]]
    run -0 as alice log firewall/web --follow
    [[ $output == *'the machine has stopped'* ]]
    as alice start firewall/web --wait
    run -0 as alice log firewall/web --lines 1
    [[ $output == *'login:' ]]
}

ends_with_what_comes() {
    printf '\r' >&"$keys"
    ! kill -0 "${PIDS[1]}"
}

@test "who is at the console is told, and a reader that ends ends it" {
    local out=$BATS_TEST_TMPDIR/out
    mkfifo "$out.in"
    TERM=xterm ssh -F /run/throwaway/ssh_config -tt alice@lab console firewall/web \
        <"$out.in" >"$out" 2>&1 3>&- &
    PIDS+=("$!")
    exec {keys}>"$out.in"
    wait_for grep -qa 'Connected to' "$out"
    as alice log firewall/web >/dev/null
    wait_for grep -qaF '[firewall/web: alice is watching' "$out"
    wait_for grep -qaF '[firewall/web: alice has left' "$out"
    # Who has a reader that has ended ends with what comes next.
    mkfifo "$out.pipe"
    as alice log firewall/web --follow >"$out.pipe" 2>/dev/null 3>&- &
    PIDS+=("$!")
    head -n 1 "$out.pipe" >/dev/null
    wait_for ends_with_what_comes
    exec {keys}>&-
}
