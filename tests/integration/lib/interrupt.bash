# shellcheck shell=bash
# For tests that end libvirtd at a chosen moment, inside a throwaway host.

readonly HOOK=/etc/libvirt/hooks/qemu
readonly HOOK_STATE=/run/throwaway/hook

libvirtd_pid() {
    cat /run/throwaway/libvirtd.pid
}

# libvirtd asks its hook (libvirt.org/hooks.html) in the middle of what it does with a domain and
# waits for the answer. Once armed for a domain and a moment, this one says that the moment has
# come and answers only when its libvirtd is gone. libvirtd looks for hooks when it starts.
install_hook() {
    mkdir -p "${HOOK%/*}" "$HOOK_STATE"
    cat >"$HOOK" <<'HOOK'
#!/bin/bash
cat >/dev/null
state=/run/throwaway/hook
[[ -e $state/armed && $(<"$state/armed") == "$1 $2 $3" ]] || exit 0
mv "$state/armed" "$state/reached"
while [[ -e /proc/$PPID/exe ]]; do sleep 0.02; done
HOOK
    chmod 0755 "$HOOK"
    tests/throwaway-host service restart libvirtd
}

remove_hook() {
    rm -rf "$HOOK" "$HOOK_STATE"
    tests/throwaway-host service restart libvirtd
}

# arm DOMAIN MOMENT: MOMENT is an operation and a sub-operation, as "start begin".
arm() {
    rm -f "$HOOK_STATE/reached"
    printf '%s\n' "$1 $2" >"$HOOK_STATE/armed"
}

# kill_libvirtd_during USER WORDS...: runs the student's command and kills libvirtd at the armed
# moment. Sets status and output as bats' run does.
# shellcheck disable=SC2034 # they are the test's
kill_libvirtd_during() {
    local client said
    said=$BATS_TEST_TMPDIR/said
    as "$@" >"$said" 2>&1 3>&- &
    client=$!
    wait_for test -e "$HOOK_STATE/reached"
    tests/throwaway-host service kill libvirtd
    status=0
    wait "$client" || status=$?
    output=$(<"$said")
}

libvirtd_back() {
    tests/throwaway-host service start libvirtd
}

state_of() {
    virsh -q -c qemu:///system domstate "$1"
}

# How many processes run a domain.
processes_of() {
    pgrep -cf -- "guest=$1," || true
}
