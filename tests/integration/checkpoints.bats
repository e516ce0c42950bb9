#!/usr/bin/env bats
# Checkpoints over real ssh: with memory and without, of a machine and of a whole world; reverting,
# deleting, limits, what is another's, what was tampered with, and what was interrupted.
# shellcheck shell=bash
load lib/common

CONF=/etc/xworlds/xworlds.conf
readonly WORLD=/var/lib/xworlds/worlds/points/alice
readonly DOMAIN=xw:points:alice

# setting LINE...: the configuration, with these lines.
setting() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    printf '%s\n' "$@" >>"$CONF"
}

write_lab() {
    cat >"$BATS_FILE_TMPDIR/points.yaml" <<LAB
xworlds: 1
title: Checkpoints
access:
  students: [cs530]
${1-}
machines:
  web: {image: tiny, memory: ${2-96}}
  db: {image: tiny, memory: 80}
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/points.yaml"
}

setup_file() {
    cp "$CONF" "$BATS_FILE_TMPDIR/xworlds.conf"
    xwadm image add build/images/tiny
    write_lab
    xwadm deploy points --user alice --user bob
}

teardown_file() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    xwadm destroy points --all --force --yes
    xwadm lab remove points
}

teardown() {
    setting
}

state_of() {
    virsh -q domstate "$DOMAIN:$1"
}

# boot MACHINE: until it asks who logs in, so that there is something in its memory.
boot() {
    : >"$WORLD/$1.log"
    as alice start "points/$1"
    wait_for grep -q 'login:' "$WORLD/$1.log"
}

# inside MACHINE COMMAND...: as root at the machine's console, in the same shell each time.
inside() {
    local machine=$1
    shift
    tests/integration/lib/guest alice "points/$machine" "$@"
}

# n_of MACHINE: a variable of that shell, which lives in the guest's memory alone; then the file that
# is on its disk.
n_of() {
    # shellcheck disable=SC2016 # expanded by the guest
    inside "$1" 'echo "n is"-$n-$(cat /root/state)' | grep -oE 'n is-[0-9]*-[a-z]*' | tail -n 1
}

clean() {
    local machine name
    while IFS=$'\t' read -r machine name _; do
        as alice checkpoint delete "points/$machine" "$name" --yes </dev/null
    done < <(as alice checkpoint list points)
    as alice stop points --force
    as alice revert points --yes
}


snapshots_of() {
    qemu-img snapshot -U -l "$WORLD/$1.qcow2" | awk 'NR > 2 { print $2 }' | sort | xargs
}

known_to_libvirt() {
    virsh -q snapshot-list --name "$DOMAIN:$1" | xargs
}

@test "a running machine goes back with its file and its memory, and runs at once" {
    as alice start points/web
    inside web 'echo before >/root/state; sync' 'n=42'
    [ "$(n_of web)" = "n is-42-before" ]
    run as alice checkpoint create points/web works -m "'before I touch nginx'"
    [ "$status" -eq 0 ]
    [ "$output" = "points/web: is saved as works, with its memory" ]
    [ "$(state_of web)" = running ]
    inside web 'echo after >/root/state; sync' 'n=43'
    [ "$(n_of web)" = "n is-43-after" ]
    run as alice revert points/web works --yes
    [ "$status" -eq 0 ]
    [ "$output" = "points/web: is as it was at works, and runs" ]
    [ "$(state_of web)" = running ]
    [ "$(n_of web)" = "n is-42-before" ]
    # Nothing of it is left with libvirt, which would refuse to migrate the domain.
    [ -z "$(known_to_libvirt web)" ]
    [ "$(snapshots_of web)" = "cp-works pristine" ]
}

@test "the list has time, size and text, for people and for programs" {
    run as alice checkpoint list points/web
    [ "$status" -eq 0 ]
    local machine name made of size text
    IFS=$'\t' read -r machine name made of size text <<<"$output"
    [ "$machine $name $of $text" = "web works memory before I touch nginx" ]
    [[ $made =~ ^20[0-9-]+T[0-9:]+Z$ ]]
    ((size > 10000000))
    run as alice checkpoint list points --json
    [ "$status" -eq 0 ]
    [ "$(jq -r '.schema, .world, .checkpoints[0].machine, .checkpoints[0].checkpoint, .checkpoints[0].memory, .checkpoints[0].text' <<<"$output" | xargs)" = \
        "1 points web works true before I touch nginx" ]
    jq -e '.checkpoints[0] | (.size > 10000000) and (.time | fromdate > 1700000000)' <<<"$output"
    run as alice checkpoint list points/db --json
    [ "$(jq -c .checkpoints <<<"$output")" = '[]' ]
}

@test "pristine keeps checkpoints, and a machine that is off goes back to one with memory" {
    run as alice revert points/web --yes
    [ "$status" -eq 0 ]
    [ "$output" = "points/web: is pristine and starts again; its checkpoints are still there" ]
    [ "$(n_of web)" = "n is--" ]
    as alice stop points/web --force
    [ "$(state_of web)" = "shut off" ]
    as alice revert points/web works --yes
    [ "$(state_of web)" = running ]
    [ "$(n_of web)" = "n is-42-before" ]
}

@test "of a machine that is off the disk alone, and it is off afterwards" {
    as alice stop points/web --force
    run as alice checkpoint create points/web off
    [ "$status" -eq 0 ]
    [ "$output" = "points/web: is saved as off" ]
    as alice start points/web
    inside web 'echo after >/root/state; sync'
    run as alice revert points/web off --yes
    [ "$status" -eq 0 ]
    [ "$output" = "points/web: is as it was at off, and off" ]
    [ "$(state_of web)" = "shut off" ]
    # Not a start from what another checkpoint had in memory.
    as alice start points/web
    [ "$(n_of web)" = "n is--before" ]
    clean
}

@test "a whole world at one instant; both go back, and old memory meets no reverted disk" {
    as alice start points
    inside web 'n=1'
    inside db 'n=2'
    run as alice checkpoint create points both
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 2 ]
    [ "$(state_of web) $(state_of db)" = "running running" ]
    inside web 'n=11'
    inside db 'n=12'
    run as alice revert points both --yes
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 2 ]
    [ "$(n_of web) $(n_of db)" = "n is-1- n is-2-" ]
    # In whole or not at all: one that has the name already, or is suspended, refuses it for both.
    run as alice checkpoint create points both
    [ "$status" -eq 1 ]
    [[ $output == *"has a checkpoint both already"* ]]
    inside db 'n=22'
    virsh -q managedsave "$DOMAIN:db"
    run as alice checkpoint create points more
    [ "$status" -eq 1 ]
    [[ $output == *"db is suspended"* ]]
    [ "$(snapshots_of web)" = "cp-both pristine" ]
    as alice revert points/db both --yes
    [ "$(n_of db)" = "n is-2-" ]
    run as alice checkpoint delete points both --yes
    [ "$status" -eq 0 ]
    clean
}

@test "deleting gives the disk its room back, of a machine that runs, too" {
    local before with after
    boot web
    before=$(stat -c %b "$WORLD/web.qcow2")
    as alice checkpoint create points/web large
    with=$(stat -c %b "$WORLD/web.qcow2")
    ((with - before > 20000))
    as alice checkpoint delete points/web large --yes
    after=$(stat -c %b "$WORLD/web.qcow2")
    ((after - before < 4000))
    [ "$(snapshots_of web)" = pristine ]
    run as alice checkpoint delete points/web large --yes
    [ "$status" -eq 1 ]
    [[ $output == *"web has no checkpoint large"* ]]
    clean
}

@test "limits are told in words and with 4, and nothing has changed" {
    setting 'checkpoints-per-machine = 2'
    as alice checkpoint create points/db a
    as alice checkpoint create points/db b
    run as alice checkpoint create points c
    [ "$status" -eq 4 ]
    [[ $output == *"db has 2 checkpoints, and 2 is the most for a machine; delete one first (a, b)"* ]]
    [ "$(snapshots_of web)" = pristine ]
    as alice checkpoint create points/web c
    write_lab 'limits: {checkpoints: 1}'
    setting
    run as alice checkpoint create points/web d
    [ "$status" -eq 4 ]
    write_lab
    # Its memory is counted beforehand.
    as alice start points/web
    setting 'checkpoint-space = 90'
    run as alice checkpoint create points/web d
    [ "$status" -eq 4 ]
    [[ $output == *"needs up to 97 MiB"*"of the 90 MiB that they may"* ]]
    as alice stop points/web --force
    setting 'disk-reserve = 100000000'
    run as alice checkpoint create points/web d
    [ "$status" -eq 4 ]
    [[ $output == *"host's disk has 0 MiB left for it"* ]]
    setting
    as alice checkpoint create points/web d
    clean
}

@test "names and texts that are none" {
    local name
    for name in Works ../works a_b -a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "'a b'"; do
        run as alice checkpoint create points/db -- "$name"
        [ "$status" -eq 2 ]
    done
    run as alice checkpoint create points/db pristine
    [ "$status" -eq 1 ]
    run as alice checkpoint create points/db a -m "$(printf "'\033[2Jx'")"
    [ "$status" -eq 2 ]
    # Past xwsh: the keeper decodes what the gate has passed on, and looks at it.
    local gate=/usr/local/libexec/xworlds/xwhelper
    run setpriv --reuid alice --regid alice --init-groups $gate checkpoint-create points db checkpoint=a:1b5b324a
    [ "$status" -eq 1 ]
    [[ $output == *"one line of plain UTF-8"* ]]
    [ "$(snapshots_of db)" = pristine ]
    run setpriv --reuid alice --regid alice --init-groups $gate checkpoint-create points db checkpoint=a:6869
    [ "$status" -eq 0 ]
    # A number is no other snapshot's id.
    as alice checkpoint create points/db 1
    as alice revert points/db 1 --yes
    as alice checkpoint delete points/db 1 --yes
    [ "$(snapshots_of db)" = "cp-a pristine" ]
    clean
}

@test "T-E5: another's checkpoints are not found, as what doesn't exist" {
    local foreign missing command
    as bob checkpoint create points/db mine
    for command in "checkpoint list" "checkpoint delete --yes" "revert --yes" "checkpoint create"; do
        local name=mine
        [[ $command != "checkpoint list" ]] || name=
        # Of a lab in which nobody has given her a world, and of one that isn't there.
        rm -rf /var/lib/xworlds/owners.away
        mv "/var/lib/xworlds/owners/$(id -u alice)" /var/lib/xworlds/owners.away
        # shellcheck disable=SC2086
        run as alice $command points/db $name
        foreign="$status $output"
        mv /var/lib/xworlds/owners.away "/var/lib/xworlds/owners/$(id -u alice)"
        # shellcheck disable=SC2086
        run as alice $command nosuch/db $name
        missing="$status $output"
        [ "$foreign" = "$missing" ]
        [ "${foreign%% *}" = 3 ]
    done
    # Hers of the same lab know nothing of his.
    [ -z "$(as alice checkpoint list points)" ]
    run as alice revert points/db mine --yes
    [ "$status" -eq 1 ]
    [[ $output == *"db has no checkpoint mine"* ]]
    # His record in her place is refused; in its own it is taken.
    cp -p "${WORLD%/*}/bob/checkpoints" "$WORLD/checkpoints"
    run as alice revert points/db mine --yes
    [ "$status" -eq 1 ]
    [[ $output == *"another world"* ]]
    run as alice checkpoint list points
    [ "$status" -eq 1 ]
    rm "$WORLD/checkpoints"
    run as bob revert points/db mine --yes
    [ "$status" -eq 0 ]
    as bob checkpoint delete points mine --yes
}

@test "T-E5: who instructs the lab has the checkpoints of its worlds, and nobody else those of another" {
    write_lab '  instructors: [cs530-ta]'
    run as tina checkpoint create points:alice/db taught
    [ "$status" -eq 0 ]
    run as alice checkpoint list points
    [[ $output == "db"$'\t'"taught"$'\t'*$'\t'"disk"$'\t'* ]]
    [ "$(as tina checkpoint list points:alice)" = "$output" ]
    as tina revert points:alice/db taught --yes
    run as bob checkpoint list points:alice
    [ "$status" -eq 3 ]
    run as bob revert points:alice/db taught --yes
    [ "$status" -eq 3 ]
    as tina checkpoint delete points:alice taught --yes
    [ -z "$(as alice checkpoint list points)" ]
    # Without the role it is as another's.
    write_lab
    run as tina checkpoint create points:alice/db taught
    [ "$status" -eq 3 ]
}

@test "a team's checkpoints are those of all its members" {
    groupadd points-team
    usermod -aG points-team alice
    write_lab '  teams: [points-team]'
    xwadm deploy points --user @points-team
    as alice checkpoint create points:@points-team/db ours
    run as alice checkpoint list points:@points-team
    [[ $output == "db"$'\t'"ours"$'\t'*$'\t'"disk"$'\t'* ]]
    [ -z "$(as alice checkpoint list points:alice)" ]
    as alice revert points:@points-team/db ours --yes
    run as bob checkpoint list points:@points-team
    [ "$status" -eq 3 ]
    as alice checkpoint delete points:@points-team/db ours --yes
    xwadm destroy points --user @points-team --force --yes
    write_lab
    gpasswd -d alice points-team
    groupdel points-team
}

# What libvirt would start from, were it asked: with a host's directory and a command line of QEMU.
plant() {
    local file="/var/lib/libvirt/qemu/snapshot/$DOMAIN:web/cp-works.xml"
    mkdir -p "${file%/*}"
    {
        printf '<domainsnapshot><name>cp-works</name><state>running</state><creationTime>5</creationTime>'
        printf '<memory snapshot="internal"/><disks><disk name="vda" snapshot="internal"/></disks>\n'
        virsh dumpxml --inactive "$DOMAIN:web" | sed -e '/<uuid>/a <description>planted</description>' \
            -e "1s|<domain |<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' |" \
            -e "s|</domain>|<qemu:commandline><qemu:arg value='-name'/><qemu:arg value='planted'/></qemu:commandline></domain>|"
        printf '<active>0</active></domainsnapshot>\n'
    } >"$file"
    tests/throwaway-host service restart libvirtd
    [ "$(known_to_libvirt web)" = cp-works ]
}

@test "T-E5: a saved definition with another command line, a changed lab: never what is reverted to" {
    boot web
    as alice checkpoint create points/web works
    plant
    # The control: libvirt itself would take it.
    virsh -q snapshot-revert "$DOMAIN:web" cp-works --running --force
    virsh dumpxml "$DOMAIN:web" | grep -q planted
    as alice stop points/web --force
    virsh undefine "$DOMAIN:web" --snapshots-metadata
    xwadm deploy points --user alice
    plant
    run as alice revert points/web works --yes
    [ "$status" -eq 0 ]
    [ "$(state_of web)" = running ]
    refute grep -q planted <(virsh dumpxml "$DOMAIN:web")
    refute grep -q planted <(virsh dumpxml --inactive "$DOMAIN:web")
    refute grep -qz planted "/proc/$(pgrep -f "guest=$DOMAIN:web,")/cmdline"
    [ -z "$(known_to_libvirt web)" ]
    # Another definition than the keeper's of today: refused, and the machine runs on untouched.
    local pid
    pid=$(pgrep -f "guest=$DOMAIN:web,")
    write_lab '' 128
    run as alice revert points/web works --yes
    [ "$status" -eq 1 ]
    [[ $output == *"web is defined otherwise than when its checkpoint works was made"* ]]
    [ "$(pgrep -f "guest=$DOMAIN:web,")" = "$pid" ]
    write_lab
    sed -i "s/^definition .*/definition $(</proc/sys/kernel/random/uuid)/" "$WORLD/checkpoints"
    run as alice revert points/web works --yes
    [ "$status" -eq 1 ]
    [ "$(pgrep -f "guest=$DOMAIN:web,")" = "$pid" ]
    clean
}

keeper_child() {
    pgrep -P "$(</run/throwaway/keeper.pid)" | tail -n 1
}

@test "killed in the middle: it is as before, or the same command completes it; machines go on" {
    as alice start points
    for _ in 1 2 3; do
        as alice checkpoint create points killed >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
        wait_for grep -qs 'state making' "$WORLD/checkpoints"
        kill -9 "$(keeper_child)" || true
        wait $! || true
        # Whatever was reached: nothing half-made is listed or gone back to.
        run as alice checkpoint list points
        [ "$status" -eq 0 ]
        if ((${#lines[@]} == 0)); then
            run as alice revert points killed --yes
            [ "$status" -eq 1 ]
            run as alice checkpoint create points killed
            [ "$status" -eq 0 ]
        fi
        [ "$(as alice checkpoint list points | wc -l)" -eq 2 ]
        [ "$(state_of web) $(state_of db)" = "running running" ]
        as alice checkpoint delete points killed --yes
        [ "$(snapshots_of web)" = pristine ]
    done
    # A machine that was left paused is let go on by start.
    cat >"$WORLD/checkpoints" <<RECORD
xworlds-checkpoints 1
lab points
owner alice
checkpoint web half
made 5
state making
memory 1
size 0
definition $(</proc/sys/kernel/random/uuid)
end
RECORD
    virsh -q suspend "$DOMAIN:web"
    run as alice start points/web
    [ "$status" -eq 0 ]
    [[ $output == *"goes on; a checkpoint of it was never completed"* ]]
    [ "$(state_of web)" = running ]
    clean
}

@test "libvirtd killed and started again: checkpoints are still there, and gone back to" {
    as alice start points/web
    inside web 'n=5'
    as alice checkpoint create points/web works
    tests/throwaway-host service kill libvirtd
    run as alice checkpoint create points/web more
    [ "$status" -eq 75 ]
    run as alice checkpoint list points
    [ "$status" -eq 0 ]
    [[ $output == *works* ]]
    tests/throwaway-host service start libvirtd
    as alice revert points/web works --yes
    [ "$(n_of web)" = "n is-5-" ]
    clean
}

@test "the audit record and the journal name the checkpoint; the password may be asked before deleting" {
    as alice checkpoint create points/db works
    grep -q 'checkpoint-create points/alice/db' /run/throwaway/log/keeper.log
    setting 'reauthenticate = checkpoint-delete'
    run as alice checkpoint delete points/db works --yes
    [ "$status" -eq 77 ]
    [[ $output == *"ssh -t HOST checkpoint delete points/db works"* ]]
    setting
    clean
}

@test "a world with checkpoints is destroyed like any other" {
    as bob checkpoint create points works
    run xwadm destroy points --user bob --yes
    [ "$status" -eq 0 ]
    [ ! -e "${WORLD%/*}/bob" ]
    xwadm deploy points --user bob
    [ -z "$(as bob checkpoint list points)" ]
}
