#!/usr/bin/env bats
# Reverting and stopping, under AppArmor and as libvirt's DAC driver labels files.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

# overlay MACHINE: the clusters that were written since the image, and whose the file is.
overlay() {
    inside "file=/var/lib/xworlds/worlds/firewall/carol/$1.qcow2
        qemu-img map -U --output=json \"\$file\" | grep -c '\"depth\": 0.*\"data\": true' || true
        stat -c '%U:%G %a' \"\$file\""
}

@test "she reverts a running machine: it runs again, on a pristine overlay, in its profile" {
    # The control: booting wrote something.
    run overlay client
    echo "client, before: $output"
    ((lines[0] > 0))
    run as carol stop firewall/client --force
    [ "$status" -eq 0 ]
    run as carol revert firewall
    echo "$output"
    [ "$status" -eq 0 ]
    run as carol status firewall
    echo "$output"
    [ "$(grep -c running <<<"$output")" -eq 1 ]
    run overlay client
    echo "client: $output"
    [ "${lines[0]}" -eq 0 ]
    # (Its own command line has no name in it, or pgrep would find it, too.)
    run inside 'name=router; uuid=$(virsh -q domuuid "xw:firewall:carol:$name")
        cat "/proc/$(pgrep -f "guest=xw:firewall:carol:$name,")/attr/current"; echo "libvirt-$uuid (enforce)"'
    echo "$output"
    [ "${lines[0]}" = "${lines[1]}" ]
}

# bats test_tags=full
@test "the file is gone" {
    run guest firewall/router "ls /root/note"
    echo "$output" | tail -n 5
    [ "$status" -eq 0 ]
    [[ $output == *"No such file"* ]]
}

@test "she stops everything" {
    run as carol stop firewall --force
    echo "$output"
    [ "$status" -eq 0 ]
    run as carol status firewall
    [ "$(grep -c running <<<"$output")" -eq 0 ]
}
