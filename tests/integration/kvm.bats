#!/usr/bin/env bats
# KVM on the real device and TCG, with a guest that fits one disk sector; which of the two is chosen,
# and that a changed xworlds.conf counts from the next start on.
# shellcheck shell=bash

CONF=/etc/xworlds/xworlds.conf
DOMAIN=xw:serial:alice:echo

as_alice() {
    ssh -F /run/throwaway/ssh_config alice@lab "$@"
}

# accelerator WORD: the setting of xworlds.conf, as an admin changes it.
accelerator() {
    sed -i '/^accelerator/d' "$CONF"
    echo "accelerator = $1" >>"$CONF"
}

require_kvm() {
    [ -c /dev/kvm ] || skip "this machine has no /dev/kvm"
}

# What the definition says, and what QEMU says.
defined_type() {
    virsh dumpxml "$DOMAIN" | sed -n "1s/^<domain type='\([a-z]*\)'.*/\1/p"
}

kvm_enabled() {
    virsh qemu-monitor-command "$DOMAIN" '{"execute":"query-kvm"}' | grep -o '"enabled":[a-z]*'
}

setup_file() {
    images/serial/build "$BATS_FILE_TMPDIR/serial"
    xwadm image add "$BATS_FILE_TMPDIR/serial"
    cat >"$BATS_FILE_TMPDIR/serial.yaml" <<'LAB'
xworlds: 1
title: One disk sector
access:
  students: [cs530]
machines:
  echo:
    image: serial
    memory: 16
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/serial.yaml"
}

teardown_file() {
    sed -i '/^accelerator/d' "$CONF"
    xwadm destroy serial --user alice --yes --force
    xwadm lab remove serial
    xwadm image remove serial
}

@test "accelerator = kvm: a guest on /dev/kvm says its line and echoes" {
    require_kvm
    accelerator kvm
    xwadm deploy serial --user alice
    [ "$(defined_type)" = kvm ]
    as_alice start serial
    [ "$(defined_type)" = kvm ]
    [ "$(kvm_enabled)" = '"enabled":true' ]
    tests/integration/lib/serial alice serial/echo round-trip
}

@test "a changed accelerator leaves a running machine alone and counts from its next start on" {
    require_kvm
    accelerator tcg
    as_alice start serial
    [ "$(kvm_enabled)" = '"enabled":true' ]
    as_alice stop serial --force
    as_alice start serial
    [ "$(defined_type)" = qemu ]
    [ "$(kvm_enabled)" = '"enabled":false' ]
    accelerator kvm
    as_alice stop serial --force
    as_alice start serial
    [ "$(kvm_enabled)" = '"enabled":true' ]
    # A revert starts a running machine again.
    accelerator tcg
    as_alice revert serial --yes
    [ "$(kvm_enabled)" = '"enabled":false' ]
}

@test "accelerator = tcg: the same guest under emulation, redefined by deploy" {
    accelerator kvm
    as_alice stop serial --force || true
    xwadm deploy serial --user alice
    [ "$(defined_type)" = kvm ]
    accelerator tcg
    xwadm deploy serial --user alice
    [ "$(defined_type)" = qemu ]
    as_alice start serial
    [ "$(kvm_enabled)" = '"enabled":false' ]
    tests/integration/lib/serial alice serial/echo round-trip
}

# What virt-host-validate(1) looks at, looked at by other means.
@test "accelerator = auto: kvm only where /dev/kvm opens and the processor has vmx or svm" {
    local expected=qemu
    ! { true <>/dev/kvm; } 2>/dev/null || ! grep -qwE 'flags.*(vmx|svm)' /proc/cpuinfo || expected=kvm
    accelerator auto
    as_alice stop serial --force
    as_alice start serial
    [ "$(defined_type)" = "$expected" ]
    tests/integration/lib/serial alice serial/echo automatic
}

@test "accelerator = xen: refused with the line, and nothing is started" {
    accelerator xen
    as_alice stop serial --force || true
    run as_alice start serial
    [ "$status" -ne 0 ]
    [[ $output == *"accelerator is auto, kvm or tcg"* ]]
    accelerator auto
    as_alice stop serial --force
}
