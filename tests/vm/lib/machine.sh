# shellcheck shell=bash
# Boots a machine from its disk, speaks to it, ends it. What describes a running machine is in the
# directory $XW_VM: ssh_config, keys/USER, console.log, monitor (QEMU's, a socket), qemu.pid.

readonly BOOT_SECONDS=${XW_VM_BOOT_SECONDS:-300}

# boot_machine DIRECTORY
boot_machine() {
    XW_VM=$1
    export XW_VM
    mkdir -m 0700 -- "$XW_VM/keys"
    install -m 0600 "$VM_BASE/key" "$XW_VM/keys/root"
    cp -- "$VM_BASE/known_hosts" "$XW_VM/known_hosts"
    qemu-img create -q -f qcow2 -F raw -b "$VM_BASE/disk.raw" "$XW_VM/disk.qcow2"
    start_qemu
    write_ssh_config "$(forwarded_port)"
    say "booting"
    await_ssh
    say "the machine is up"
}

# KVM where the processor has it for guests of a distribution's kernel, emulation elsewhere.
accelerator() {
    if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
        echo kvm
    else
        echo tcg,thread=multi
    fi
}

# The network is QEMU's own: it lets connections in, through a port of this machine's loopback that
# the kernel picks, and none out (restrict).
start_qemu() {
    # shellcheck disable=SC2054 # QEMU's commas
    local arguments=(
        -name "xworlds-vm-$$" -machine q35 -accel "$(accelerator)" -cpu max -smp 2 -m "$OPT_MEMORY"
        -nodefaults -no-user-config -display none
        -kernel "$VM_BASE/vmlinuz" -initrd "$VM_BASE/initrd.img"
        -append "root=LABEL=root rw console=ttyS0 ${RECIPE_CMDLINE[*]}"
        -drive "if=none,id=disk,file=$XW_VM/disk.qcow2,format=qcow2,cache=unsafe"
        -device virtio-blk-pci,drive=disk
        -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22"
        -device virtio-net-pci,netdev=net,addr=2
        -device virtio-rng-pci
        -serial "file:$XW_VM/console.log"
        -monitor "unix:$XW_VM/monitor,server=on,wait=off"
    )
    # Should this shell be killed, the machine is, too.
    setpriv --pdeathsig KILL qemu-system-x86_64 "${arguments[@]}" </dev/null >"$XW_VM/qemu.log" 2>&1 &
    QEMU_PID=$!
    echo "$QEMU_PID" >"$XW_VM/qemu.pid"
}

# monitor COMMAND: asks QEMU.
monitor() {
    printf '%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$XW_VM/monitor"
}

forwarded_port() {
    local port
    for _ in {1..100}; do
        kill -0 "$QEMU_PID" 2>/dev/null || qemu_failed
        if [[ -S $XW_VM/monitor ]]; then
            port=$(monitor 'info usernet' | awk '/HOST_FORWARD/ { print $4 }')
            [[ -z $port ]] || { echo "$port" && return; }
        fi
        sleep 0.1
    done
    qemu_failed
}

qemu_failed() {
    cat "$XW_VM/qemu.log" >&2
    die "QEMU did not start; above is what it said."
}

write_ssh_config() {
    cat >"$XW_VM/ssh_config" <<CONF
Host vm
    HostName 127.0.0.1
    Port $1
    HostKeyAlias vm
# A handshake takes an emulated processor a second or more, and root asks often.
Match originalhost vm user root
    ControlMaster auto
    ControlPath $XW_VM/control
    ControlPersist yes
    ServerAliveInterval 15
Host *
    BatchMode yes
    ConnectTimeout 30
    GlobalKnownHostsFile /dev/null
    HostKeyAlgorithms ssh-ed25519
    IdentitiesOnly yes
    IdentityFile $XW_VM/keys/%r
    LogLevel ERROR
    StrictHostKeyChecking yes
    UpdateHostKeys no
    UserKnownHostsFile $XW_VM/known_hosts
CONF
}

# in_machine ARGUMENT...: as root, inside; each argument arrives as it is.
in_machine() {
    ssh -F "$XW_VM/ssh_config" root@vm -- "$(printf '%q ' "$@")"
}

# await_ssh [BOOT-ID]: until the machine answers, as another boot than the one named.
await_ssh() {
    local deadline=$((SECONDS + BOOT_SECONDS)) id
    local pid
    pid=$(<"$XW_VM/qemu.pid")
    while :; do
        kill -0 "$pid" 2>/dev/null || qemu_failed
        if id=$(timeout 60 ssh -F "$XW_VM/ssh_config" root@vm cat /proc/sys/kernel/random/boot_id 2>/dev/null </dev/null) &&
            [[ -n $id && $id != "${1-}" ]]; then
            return
        fi
        close_connection
        if ((SECONDS >= deadline)); then
            tail -n 30 "$XW_VM/console.log" >&2
            die "the machine did not answer for $BOOT_SECONDS seconds; above is its console."
        fi
        sleep 0.3
    done
}

reboot_machine() {
    local id
    id=$(in_machine cat /proc/sys/kernel/random/boot_id)
    # The connection may end before the answer.
    in_machine systemctl reboot || true
    close_connection
    await_ssh "$id"
}

# Root's shared connection to the machine.
close_connection() {
    ssh -F "$XW_VM/ssh_config" -O exit root@vm 2>/dev/null || true
}

# End it as one pulls a plug: its disk is thrown away.
end_machine() {
    [[ -n ${QEMU_PID-} ]] || return 0
    close_connection
    kill -KILL "$QEMU_PID" 2>/dev/null || true
    wait "$QEMU_PID" 2>/dev/null || true
    QEMU_PID=''
}

# --- the source tree --------------------------------------------------------------------------

# put_source DIRECTORY BUILT: the files that git tracks or would track, as they are now, as root's.
# With BUILT=yes also what was compiled here, so that make finds it up to date.
put_source() {
    cd -- "$REPOSITORY" || exit
    # shellcheck disable=SC2016 # expanded inside
    {
        git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
            [[ ! -e $file ]] || printf '%s\0' "$file"
        done
        [[ $2 != yes ]] || find build/flags build/obj build/pam-obj build/pam_xworlds.so build/xw* -type f -print0
    } | tar -c -z --null --no-recursion --owner=0 --group=0 -T - |
        in_machine sh -c 'umask 022; mkdir -p "$1" && tar -x -z -C "$1"' sh "$1"
}
