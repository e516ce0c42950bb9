# shellcheck shell=bash
# shellcheck disable=SC2154 # PROGRAMS and LAB are bench/run's
# What one busy world costs others (thesis, chapter 6.3, in small): neighbours of one machine each type
# through ssh while another world burns the processors with one of its machines, and with all three.
# In turn, on the same host: worlds in partitions of the same weight, and machines side by side, as
# libvirt starts them by itself.

readonly FAIRNESS_ROUNDS=5 FAIRNESS_KEYS=40 FAIRNESS_COMMANDS=4
# What is asked of a neighbour's shell besides: a little work of its own.
# shellcheck disable=SC2016 # the guest expands it
readonly WORK='i=0; while [ $i -lt 6000 ]; do i=$((i+1)); done;'
readonly PARENTS=(/sys/fs/cgroup/{cpu,cpuacct,cpuset,memory,devices,freezer,blkio}/machine/xw.partition)
declare -rA BUSY=([fair]=grace [flat]=judy)
declare -rA NEIGHBOURS=([fair]='heidi ivan' [flat]='erin frank')

# start_side SIDE: its machines; those of the busy world burn, and are paused.
start_side() {
    local owner machine
    for owner in ${NEIGHBOURS[$1]}; do
        quietly "${SSH[@]}" "$owner@lab" start "$LAB/$TYPED_ON"
    done
    quietly "${SSH[@]}" "${BUSY[$1]}@lab" start "$LAB"
    for machine in router web client; do
        quietly "$TOP/tests/integration/lib/guest" "${BUSY[$1]}" "$LAB/$machine" 'while :; do :; done &'
        quietly "${VIRSH[@]}" suspend "xw:$LAB:${BUSY[$1]}:$machine"
    done
}

# busy_with ACTION SIDE MACHINE...: suspend or resume.
busy_with() {
    local action=$1 side=$2 machine
    shift 2
    for machine; do
        quietly "${VIRSH[@]}" "$action" "xw:$LAB:${BUSY[$side]}:$machine"
    done
}

# type_as OWNER SERIES: keystrokes and commands of one neighbour.
type_as() {
    local console=(/usr/bin/ssh -F /run/throwaway/ssh_config -tt "$1@lab" console "$LAB/$TYPED_ON")
    "$PROGRAMS/keystrokes" "$FAIRNESS_KEYS" "${console[@]}" >>"$SCRATCH/$2.keys.$1" &&
        "$PROGRAMS/keystrokes" --command "$WORK" "$FAIRNESS_COMMANDS" "${console[@]}" >>"$SCRATCH/$2.work.$1"
}

# beside SIDE NUMBER: all neighbours type while so many of the busy world's machines burn.
beside() {
    local side=$1 series=$1.$2 owner pids=() pid machines=(router web client)
    rm -f -- "$SCRATCH/$series".*
    busy_with resume "$side" "${machines[@]:0:$2}"
    for owner in ${NEIGHBOURS[$side]}; do
        type_as "$owner" "$series" 2>>"$SCRATCH/output" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed "typing beside $2 busy machines, $side"
    done
    busy_with suspend "$side" "${machines[@]:0:$2}"
    cat -- "$SCRATCH/$series".keys.* >"$SCRATCH/now"
    quantile now 50 >>"$SCRATCH/keys-$series"
    cat -- "$SCRATCH/$series".work.* >"$SCRATCH/now"
    quantile now 50 >>"$SCRATCH/work-$series"
}

# told_row WHAT SERIES-OF-3 SERIES-OF-1: a ratio without an aim.
told_row() {
    paste -- "$SCRATCH/$2" "$SCRATCH/$3" | awk '{ print $1 / $2 }' >"$SCRATCH/ratio"
    # shellcheck disable=SC2059
    printf "$ROW" "$1" "$(scaled "$(quantile "$2" 50)" 1000 1 ' ms')" \
        "$(scaled "$(quantile "$3" 50)" 1000 1 ' ms')" "$(scaled "$(quantile ratio 50)" 1 2 x)" \
        "$(quartiles ratio 1 2 x)" '' '' >>"$SCRATCH/table"
}

measure_fairness() {
    local round side
    say "Neighbours beside a busy world: $FAIRNESS_ROUNDS rounds of 1 and 3 machines, in partitions and without"
    # Without the cgroup above all worlds' the keeper starts machines as libvirt does by itself.
    "${VIRSH[@]}" list --name | sed '/^$/d' | xargs -r -n 1 "${VIRSH[@]}" destroy >/dev/null
    find "${PARENTS[@]}" -depth -mindepth 1 -type d -exec rmdir {} + 2>/dev/null || true
    rmdir -- "${PARENTS[@]}"
    start_side flat
    "$TOP/tests/throwaway-host" service restart keeper
    start_side fair
    for ((round = 0; round < FAIRNESS_ROUNDS; round++)); do
        for side in fair flat; do
            beside "$side" $((round % 2 ? 3 : 1))
            beside "$side" $((round % 2 ? 1 : 3))
        done
    done
    ratio_row "a neighbour's work: beside 3 busy machines; 1" work-fair.3 work-fair.1 1000 1 ' ms' 1.25
    told_row "  the same without partitions" work-flat.3 work-flat.1
    ratio_row "a neighbour's echo: beside 3 busy machines; 1" keys-fair.3 keys-fair.1 1000 2 ' ms' 1.5
    told_row "  the same without partitions" keys-flat.3 keys-flat.1
}
