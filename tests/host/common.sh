# shellcheck shell=bash
# What every part of the throwaway host uses.

# Files that describe a host, inside it.
# shellcheck disable=SC2034 # used by the other files
readonly STATE=/run/throwaway

# say MESSAGE: progress, shown with --verbose, with the seconds since the start.
say() {
    [[ ${OPT_VERBOSE-no} == yes ]] || return 0
    local now=${EPOCHREALTIME/[.,]/}
    : "${THROWAWAY_HOST_BEGAN:=$now}"
    export THROWAWAY_HOST_BEGAN
    printf 'throwaway-host: %7.3f s  %s\n' "$(((now - THROWAWAY_HOST_BEGAN) / 1000))e-3" "$1" >&2
}

# die MESSAGE: the host cannot be set up or a service failed.
die() {
    printf 'throwaway-host: %s\n' "$1" >&2
    exit 1
}

# lacking MESSAGE: this machine cannot carry a throwaway host; 77 is "skipped" for test drivers.
lacking() {
    printf 'throwaway-host: %s\n' "$1" >&2
    exit 77
}

# process_field PID N: field N of /proc/PID/stat as proc(5) counts them, from 3 (state) on. The
# second field is the name, which may hold blanks, so the count starts behind its parenthesis.
process_field() {
    local line fields
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -r -a fields <<<"${line##*) }"
    printf '%s\n' "${fields[$2 - 3]}"
}
