# shellcheck shell=bash
# shellcheck disable=SC2154 # what is in capitals is bench/run's
# The student's seat, as it is at the other end of ssh: the echo of a key and the flow of output on a
# console, the way to the menu, the state of a large world, and what a hundred consoles cost.
# Whoever uses virsh instead needs libvirt's read-write socket, which no student reaches: here the
# user with the plain shell is given it.

readonly SEAT_ROUNDS=5 MENU_ROUNDS=15 STATUS_ROUNDS=15 STATUS_MACHINES=60 BIG=big
readonly REVERT_ROUNDS=7 SESSIONS_EACH=10 IDLE_SECONDS=10 SETTLE_LOOKS=120
readonly TTY=(/usr/bin/ssh -F /run/throwaway/ssh_config -tt)
# 64 KiB of output.
readonly FLOW="dd if=/dev/zero bs=1k count=64 2>/dev/null | tr '\\0' x;"

# --- echo and flow ----------------------------------------------------------------------------

ours_by_ssh() {
    "$PROGRAMS/keystrokes" "${@:2}" "${TTY[@]}" alice@lab console "$LAB/$TYPED_ON" >>"$SCRATCH/$1" ||
        die "typing on a console through ssh failed."
}

theirs_by_ssh() {
    "$PROGRAMS/keystrokes" "${@:2}" "${TTY[@]}" "$PLAIN@lab" exec virsh -q -c qemu:///system console \
        "$TWIN" >>"$SCRATCH/$1" || die "typing on virsh console through ssh failed."
}

ssh_keys_ours() {
    ours_by_ssh ssh-keys "$KEYS"
}

ssh_keys_theirs() {
    theirs_by_ssh ssh-virsh-keys "$KEYS"
}

flow_ours() {
    ours_by_ssh flow --command "$FLOW" 4
}

flow_theirs() {
    theirs_by_ssh virsh-flow --command "$FLOW" 4
}

measure_consoles_by_ssh() {
    local round
    say "A console through ssh: $SEAT_ROUNDS pairs of $KEYS keystrokes, and of 4 x 64 KiB of output"
    quietly "${SSH[@]}" alice@lab start "$LAB/$TYPED_ON"
    twin_runs || start_twin
    chgrp "$PLAIN" /run/libvirt/libvirt-sock
    chmod 0660 /run/libvirt/libvirt-sock
    # Logs in, and warms up.
    KEYS=40 ssh_keys_ours
    KEYS=40 ssh_keys_theirs
    rm -- "$SCRATCH/ssh-keys" "$SCRATCH/ssh-virsh-keys"
    for ((round = 0; round < SEAT_ROUNDS; round++)); do
        in_turn "$round" ssh_keys_ours ssh_keys_theirs
        in_turn "$round" flow_ours flow_theirs
    done
    keys_row ssh-keys ssh-virsh-keys 50 'median, by ssh' 1
    keys_row ssh-keys ssh-virsh-keys 99 '99th percentile, by ssh' 1.1
    ratio_row "64 KiB of a console's output, by ssh" flow virsh-flow 1000 0 ' ms' 1
}

# --- menu and status --------------------------------------------------------------------------

menu_ours() {
    "$PROGRAMS/keystrokes" --until "$LAB" q "${TTY[@]}" alice@lab >>"$SCRATCH/menu" ||
        die "the menu did not show."
}

menu_theirs() {
    "$PROGRAMS/keystrokes" --until '$ ' $'exit\r' "${TTY[@]}" "$PLAIN@lab" >>"$SCRATCH/prompt" ||
        die "the prompt of a shell did not show."
}

measure_menu() {
    local round
    say "The menu after a login: $MENU_ROUNDS pairs"
    for ((round = 0; round < MENU_ROUNDS; round++)); do
        in_turn "$round" menu_ours menu_theirs
    done
    difference_row "ssh host, to the menu - to a shell's prompt" menu prompt 100
}

status_ours() {
    timed status "${ALICE[@]}" /usr/local/bin/xwsh -c "status $BIG"
    [[ $(grep -c '^m[0-9]' "$SCRATCH/output") -eq $STATUS_MACHINES ]] || failed "status $BIG"
}

status_theirs() {
    timed bare-status "$PROGRAMS/bare-status" "${BIG_DOMAINS[@]}"
}

measure_status() {
    local round i
    say "The state of a world of $STATUS_MACHINES machines: $STATUS_ROUNDS pairs"
    {
        printf 'xworlds: 1\ntitle: Large\naccess:\n  students: [cs530]\nmachines:\n'
        for ((i = 1; i <= STATUS_MACHINES; i++)); do
            printf '  m%d: {image: tiny, memory: 128}\n' "$i"
        done
    } >"$SCRATCH/$BIG.yaml"
    quietly xwadm lab apply "$SCRATCH/$BIG.yaml"
    quietly xwadm deploy "$BIG" --user alice
    mapfile -t BIG_DOMAINS < <("${VIRSH[@]}" list --all --name | grep "^xw:$BIG:")
    ((${#BIG_DOMAINS[@]} == STATUS_MACHINES)) || die "the large world was not made."
    for ((round = 0; round < STATUS_ROUNDS; round++)); do
        in_turn "$round" status_ours status_theirs
    done
    ratio_row "status of $STATUS_MACHINES machines; libvirt's calls alone" status bare-status 1000 1 ' ms' 1.2
}

# A running machine back to a checkpoint that has its memory.
measure_revert() {
    local round
    say "A machine of 128 MiB back to a checkpoint with its memory: $REVERT_ROUNDS times"
    quietly "${ALICE[@]}" /usr/local/bin/xwsh -c "start $BIG/m1"
    quietly "$TOP/tests/integration/lib/guest" alice "$BIG/m1" true
    quietly "${ALICE[@]}" /usr/local/bin/xwsh -c "checkpoint create $BIG/m1 booted"
    for ((round = 0; round < REVERT_ROUNDS; round++)); do
        timed revert "${ALICE[@]}" /usr/local/bin/xwsh -c "revert $BIG/m1 booted --yes"
    done
    row "revert of 128 MiB, with memory" "$(scaled "$(quantile revert 50)" 1000 0 ' ms')" '' \
        "$(scaled "$(quantile revert 50)" 1000 0 ' ms')" "$(quartiles revert 1000 0 ' ms')" '<= 1000 ms' \
        "$(quantile revert 50)" 1000000
    quietly xwadm destroy "$BIG" --all --force --yes
}

# --- many consoles at once --------------------------------------------------------------------

# ours: the processes of the sessions: xwsh, the gate, the console's relay, what the keeper made.
ours() {
    pgrep -x 'xwsh|xwhelper|xwrelay' || true
}

# private_kib PID...: memory that is theirs alone. One that has ended has none.
private_kib() {
    local pid
    for pid; do
        cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
    done | awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum + 0 }'
}

# ticks PID...: of the processor (proc(5), utime and stime).
ticks() {
    local pid
    for pid; do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

# are_open COUNT: so many say how a console is left.
are_open() {
    [[ $(grep -l 'Press ^]' "$SCRATCH"/session.* | wc -l) -eq $1 ]]
}

# open_sessions: for each student some consoles of one machine; all of them read what nobody writes.
open_sessions() {
    local owner i
    for owner in "${OWNERS[@]}"; do
        quietly "${SSH[@]}" "$owner@lab" start "$LAB/$TYPED_ON"
        for ((i = 0; i < SESSIONS_EACH; i++)); do
            "${TTY[@]}" "$owner@lab" console "$LAB/$TYPED_ON" <&"$silence" >"$SCRATCH/session.$owner.$i" 2>&1 &
            pids+=($!)
            # sshd turns some away where more than ten log in at once (MaxStartups, sshd_config(5)).
            ((${#pids[@]} % 5)) || until are_open ${#pids[@]}; do sleep 0.2; done
        done
    done
}

# open_peer: one more, of virsh's; sets peer.
open_peer() {
    twin_runs || start_twin
    "${TTY[@]}" "$PLAIN@lab" exec virsh -q -c qemu:///system console "$TWIN" <&"$silence" >"$SCRATCH/virsh" 2>&1 &
    pids+=($!)
    until mapfile -t peer < <(pgrep -x -u "$PLAIN" virsh) && ((${#peer[@]})); do sleep 0.2; done
}

# settle PID...: until these have had no processor for a second: machines that boot and logins that end
# are over. What never comes to rest is measured as it is.
settle() {
    local look before after
    after=$(ticks "$@")
    for ((look = 0; look < SETTLE_LOOKS; look++)); do
        before=$after
        sleep 1
        after=$(ticks "$@")
        ((after > before)) || return 0
    done
}

measure_sessions() {
    local pids=() peer=() processes silence kib peer_kib spent count=$((${#OWNERS[@]} * SESSIONS_EACH))
    say "$count consoles at once"
    mkfifo "$SCRATCH/silence"
    exec {silence}<>"$SCRATCH/silence"
    open_sessions
    open_peer
    mapfile -t processes < <(ours)
    settle "${processes[@]}"
    kib=$(private_kib "${processes[@]}")
    peer_kib=$(private_kib "${peer[@]}")
    spent=$(ticks "${processes[@]}")
    sleep "$IDLE_SECONDS"
    spent=$((($(ticks "${processes[@]}") - spent) * 1000 / $(getconf CLK_TCK)))
    row "private memory of each of $count consoles" "$(scaled "$kib" $((1024 * count)) 2 ' MiB')" \
        "$(scaled "$peer_kib" 1024 2 ' MiB')" "$(scaled "$kib" $((peer_kib * count)) 2 x)" '' '<= 8 MiB' \
        "$((kib / count))" 8192
    row "processor for $count idle consoles, in $IDLE_SECONDS s" "$spent ms" '' "$spent ms" '' '0 ms' "$spent" 0
    kill "${pids[@]}"
    wait "${pids[@]}" || true
    exec {silence}>&-
}

measure_seat() {
    measure_consoles_by_ssh
    measure_menu
    measure_status
    measure_revert
    measure_sessions
}
