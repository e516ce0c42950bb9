# shellcheck shell=bash
# A power cut: at one step, every process of the host is killed; then it is started again.

# cut_power PID: everything but process 1 of the host and this shell (kill(2)), of which PID is a
# child. Returns when nothing else is there. Quietly: bash reports each of its jobs that is killed.
cut_power() {
    kill -KILL -1
    wait "$1" || true
    local status
    while :; do
        for status in /proc/[0-9]*/status; do
            [[ $status == /proc/@(1|$$)/status ]] || ! grep -q '^State:[[:space:]][^ZX]' "$status" ||
                continue 2
        done
        return 0
    done
} 2>/dev/null

# What a reboot empties, and what an init would start. The keeper is the one with the library.
power_up() {
    local bridge
    rm -rf /run/libvirt /run/xworlds /run/dbus /etc/ld.so.preload
    mkdir -p /run/dbus
    for bridge in $(ip -o link show type bridge | awk -F': ' '$2 ~ /^xw-/ { print $2 }'); do
        ip link delete "$bridge"
    done
    systemd-tmpfiles --create xworlds.conf
    local service
    for service in dbus virtlogd libvirtd; do
        tests/throwaway-host service start "$service"
    done
    start_keeper
}

# cut_of CASE: the steps of the undisturbed command.
cut_of() {
    local call count n
    counts_of "$1" >/run/counts || return
    while read -r call count; do
        is_among "$call" "$STEPS" || continue
        for ((n = 1; n <= count; n++)); do
            printf 'cut %s %d\n' "$call" "$n"
            ! is_among "$call" "$LONG" || printf 'amid-%d %s %d\n' 0 "$call" "$n" 150 "$call" "$n" \
                500 "$call" "$n"
        done
    done </run/counts
}

# try_cut CASE MODE CALL N: prints what is wrong, or nothing. MODE: cut, before the call, or
# amid-MILLISECONDS, so long after its beginning.
try_cut() {
    local case=$1 program command actor wrong=
    program=$(program_of "$case") command=$(command_of "$case")
    before "$command" || wrong='; the state before can not be made'
    "$STEER" "$program" "${2%-*}" "$3" "$4"
    (act "$command") &
    actor=$!
    ! "$STEER" await "$actor" || HITS=$((HITS + 1))
    [[ $2 == cut ]] || sleep "0.$(printf %03d "${2#*-}")"
    cut_power "$actor"
    "$STEER" off
    power_up
    : >/run/first
    # It is a working host without anybody's doing, whatever the world is.
    quietly xwadm status && quietly as alice status firewall || wrong+='; the host does not work'
    lies_in_between "$command" || wrong+='; the state is neither old nor new'
    wrong+=$(judge_again "$command")
    tell_wrong "$case" "$2 $3 $4" "$wrong"
}
