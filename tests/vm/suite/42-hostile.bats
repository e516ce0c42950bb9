#!/usr/bin/env bats
# Hostile callers on the real host: its kernel, its auditd, the unit's sandbox.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

# Tests that take no other host than the one they are on; see tests/hostile/run.
CHOSEN=(T-A1 T-A2 T-A6 T-C1 T-C2 T-E6)
[[ -z ${XW_FULL-} ]] || CHOSEN=(arguments environment ownership inherited files)

# What a throwaway host has and these tests look for.
setup_file() {
    tests/vm/host put build/hostile /root/xworlds/build
    inside 'for group in cs530 group1 group10 cs530-ta cs999-ta; do groupadd -f "$group"; done
        person() { useradd --no-user-group --gid users --groups "$2" "$1"; }
        person alice cs530,group1,xworlds; person bob cs530,group10,xworlds
        person eve cs530,xworlds; person sven cs530,xworlds
        person tina cs530-ta,xworlds; person hank cs999-ta,xworlds; person oscar xworlds
        mkdir /run/throwaway; touch /run/throwaway/host
        cp /etc/xworlds/xworlds.conf /root/xworlds.conf
        # KVM in an emulated processor has panicked the kernel with a guest of one disk sector.
        echo "accelerator = tcg" >>/etc/xworlds/xworlds.conf
        systemctl show -p MainPID --value xworlds-keeper.service >/run/throwaway/keeper.pid'
}

@test "hostile callers of tests/hostile: each is refused as in a throwaway host" {
    run inside "cd $SOURCE; XW_SEED=${XW_SEED:-$RANDOM} tests/hostile/inside ${CHOSEN[*]} 2>&1"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok ' <<<"$output")" -ge ${#CHOSEN[@]} ]
    [ "$(grep -c '^not ok ' <<<"$output")" -eq 0 ]
    [[ ${lines[-1]} == 1..* ]]
}

teardown_file() {
    inside 'cd /root
        for lab in $(ls /var/lib/xworlds/labs); do
            [ "$lab" != firewall ] || continue
            xwadm destroy "$lab" --all --yes --force || true
            xwadm lab remove "$lab"
        done
        xwadm image remove serial
        for name in alice bob eve ruth tina hank oscar walt wendy; do userdel "$name"; done
        cp /root/xworlds.conf /etc/xworlds/xworlds.conf
        rm -r /run/throwaway' >&2
}
