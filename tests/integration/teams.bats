#!/usr/bin/env bats
# Worlds that the members of a Unix group share: real groups, real ssh, real PAM, real guests.
# shellcheck shell=bash
load lib/common

readonly WORLDS=/var/lib/xworlds/worlds/shared

make_lab() {
    apply_firewall_as shared "$@"
}

setup_file() {
    groupadd blue
    groupadd red
    make_person carol xworlds,blue
    make_person dave xworlds,blue,red
    make_person blue xworlds,cs530 --gid users
    make_person erin xworlds
    # A login makes the worlds of every lab that there is.
    no_lab firewall
    xwadm image add build/images/tiny
    make_lab 'students: [cs530]' 'teams: [blue, red]' 'instructors: [cs530-ta]'
    pam_on
}

teardown_file() {
    pam_off
    xwadm destroy shared --all --force --yes || true
    xwadm lab remove shared
    remove_person carol dave blue erin
    groupdel blue
    groupdel red
}

setup() {
    PIDS=()
    cp -a /etc/group "$BATS_TEST_TMPDIR/group"
    make_lab 'students: [cs530]' 'teams: [blue, red]' 'instructors: [cs530-ta]' >/dev/null
}

teardown() {
    end_processes "${PIDS[@]}"
    cp -a "$BATS_TEST_TMPDIR/group" /etc/group
}

# overlay OWNER MACHINE: another one after each revert.
overlay() {
    stat -c '%i %Z' "$(virsh -c qemu:///system domblklist "xw:shared:$1:$2" --details |
        awk '/disk/ { print $4; exit }')"
}

runs() {
    [ "$(virsh -q -c qemu:///system domstate "xw:shared:$1:$2")" = running ]
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# refused USER WORD...: with the very answer that what doesn't exist gets.
refused() {
    local user=$1 nowhere
    shift
    nowhere=$(as_new_login "$user" status nosuch 2>&1) && return 1
    run as_new_login "$user" "$@"
    [ "$status" -eq 3 ] && [ "$output" = "$nowhere" ] || {
        printf '%s: %s: %s %s\n' "$user" "$*" "$status" "$output"
        return 1
    }
}

@test "the first login of a member makes the team's world; the others find it" {
    run as erin list
    [ "$status" -eq 255 ]
    [ ! -e "$WORLDS/@blue" ]
    run as carol list
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == $'shared:@blue\t@blue\t3\t0\t'* && ${#lines[@]} -eq 1 ]]
    [ -d "$WORLDS/@blue" ]
    [ ! -e "$WORLDS/carol" ]
    run as dave list
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'shared:@blue\t@blue\t3\t'* && $output == *$'shared:@red\t@red\t3\t'* ]]
}

@test "two members share it: one starts, the other sees it run, reverts, and stops" {
    # Where the only world of a lab is the team's, the lab's name is enough.
    run as carol start shared/web
    echo "$output"
    [ "$status" -eq 0 ]
    runs @blue web
    run as dave status shared:@blue
    [ "$status" -eq 0 ]
    [[ $output == *$'web\trunning\t'* ]]
    local before
    before=$(overlay @blue web)
    run as dave revert shared:@blue/web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(overlay @blue web)" != "$before" ]
    run as carol status shared --json
    [ "$status" -eq 0 ]
    [[ $output == *'"machine":"web","owner":"@blue"'* ]]
    run as carol stop shared --force
    [ "$status" -eq 0 ]
    refute runs @blue web
}

@test "of several worlds of one lab, one has to be named" {
    refused dave status shared
    run as dave status shared:@red
    [ "$status" -eq 0 ]
    # Who has one alone means that.
    gpasswd -a alice blue
    as alice list
    run as alice status shared --json
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'"owner":"alice"'* && $output != *@blue* ]]
    run as alice status shared:@blue --json
    [ "$status" -eq 0 ]
    [[ $output == *'"world":"shared:@blue"'*'"owner":"@blue"'* ]]
    run as alice status shared:alice
    [ "$status" -eq 0 ]
}

# T-E1
@test "the user blue and the group blue are apart" {
    run as blue list
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == $'shared\tblue\t3\t0\t'* && ${#lines[@]} -eq 1 ]]
    as carol list
    [ -d "$WORLDS/blue" ] && [ -d "$WORLDS/@blue" ]
    refused blue status shared:@blue
    refused blue start shared:@blue/web
    refused carol status shared:blue
    refused carol revert shared:blue/web
    refused erin status shared:@blue
    refused alice status shared:@blue
    as blue start shared/client
    runs blue client
    refute runs @blue client
    as carol start shared:@blue/router
    runs @blue router
    refute runs blue router
    as carol stop shared:@blue --force
    runs blue client
    run xwadm destroy shared --user blue --force --yes
    [ "$status" -eq 0 ]
    [ ! -e "$WORLDS/blue" ] && [ -d "$WORLDS/@blue" ]
    run as carol status shared:@blue
    [ "$status" -eq 0 ]
    as blue list
    [ -d "$WORLDS/blue" ]
}

@test "a member who was taken out is refused at the next login; the world stays, for the others" {
    run as dave status shared:@blue
    [ "$status" -eq 0 ]
    run xwadm revoke shared dave
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'dave: taken out of blue'*'dave: taken out of red'* ]]
    run as dave list
    [ "$status" -eq 255 ]
    refused dave status shared:@blue
    run xwadm who-can shared
    echo "$output"
    [[ $output != *dave* ]]
    run as carol status shared:@blue
    [ "$status" -eq 0 ]
    [ -d "$WORLDS/@blue" ]
    run xwadm grant shared dave --group blue
    [ "$status" -eq 0 ]
    run as dave status shared
    [ "$status" -eq 0 ]
}

# T-E4
@test "revoke --now ends the sessions of who is taken out, and not the team's others" {
    as carol start shared/web
    mkfifo "$BATS_TEST_TMPDIR/keys"
    TERM=xterm ssh -F /run/throwaway/ssh_config -tt dave@lab console shared:@blue/web \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/dave" 2>&1 3>&- &
    PIDS+=("$!")
    local keys
    exec {keys}>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q 'Connected to shared:@blue/web' "$BATS_TEST_TMPDIR/dave"
    run xwadm revoke shared dave --group blue
    echo "$output"
    [[ $output == *'have the group from a login that is open'* ]]
    kill -0 "${PIDS[0]}"
    run timeout 60 xwadm revoke shared dave --group blue --now
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'ended 1 console and'* ]]
    wait_for is_gone "${PIDS[0]}"
    run as dave status shared:@blue
    [ "$status" -eq 3 ]
    run as carol status shared
    [ "$status" -eq 0 ]
    [[ $output == *$'web\trunning\t'* ]]
    as carol stop shared --force
}

@test "xwadm knows teams: deploy, status, extend, purge, who-can, what-can, destroy" {
    make_lab 'teams: [blue, red]' 'closes: 2001-01-01 08:00'
    run as carol list
    [ "$status" -eq 255 ]
    run xwadm deploy shared --all
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'2 worlds: '* ]]
    run xwadm extend shared @blue '2100-01-01 08:00'
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '^until ' "/var/lib/xworlds/owners/g$(getent group blue | cut -d: -f3)"
    run as carol list
    [ "$status" -eq 0 ]
    run xwadm status shared
    echo "$output"
    [[ $output =~ shared\ +@blue\ +3\ +0\ +open\ until\ 2100 && $output =~ @red\ +3\ +0\ +closed\ since\ 2001 ]]
    run xwadm purge shared --dry-run
    echo "$output"
    [[ $output == *@red* && $output != *@blue* ]]
    run xwadm purge shared --user @red --yes
    [ "$status" -eq 0 ]
    [ ! -e "$WORLDS/@red" ]
    run xwadm who-can shared
    echo "$output"
    [[ $output =~ carol\ +yes\ +0\ of\ 3\ running\ +in\ the\ team\ blue ]]
    [[ $output =~ dave\ +yes\ +0\ of\ 3\ running\ +in\ the\ team\ blue,\ and\ red ]]
    run xwadm what-can carol
    [[ $output =~ shared\ +yes\ +0\ of\ 3\ running\ +in\ the\ team\ blue ]]
    run xwadm lab show shared
    [[ $output =~ Teams:\ +blue && $output =~ Extended:\ +@blue ]]
    run xwadm extend shared @nosuch 2d
    [ "$status" -eq 3 ]
    run xwadm extend shared @blue --none
    [ "$status" -eq 0 ]
    run as carol list
    [ "$status" -eq 255 ]
    run xwadm destroy shared --user @blue --yes
    [ "$status" -eq 0 ]
    [ ! -e "/var/lib/xworlds/owners/g$(getent group blue | cut -d: -f3)" ]
    run xwadm deploy shared --user @cs530
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'@cs530 is no team of the lab "shared"'* ]]
    xwadm destroy shared --user @cs530 --yes
}

@test "lab apply writes who looks after a lab into the groups' records, and takes it away" {
    local first second
    groupadd ta2
    first=/var/lib/xworlds/owners/g$(getent group cs530-ta | cut -d: -f3)
    second=/var/lib/xworlds/owners/g$(getent group ta2 | cut -d: -f3)
    grep -qx 'instructs shared' "$first"
    make_lab 'students: [cs530]' 'instructors: [cs530-ta, ta2]'
    grep -qx 'instructs shared' "$first"
    grep -qx 'instructs shared' "$second"
    [ "$(stat -c '%U:%G %a' "$second")" = 'root:xwhelper 640' ]
    make_lab 'students: [cs530]' 'instructors: [ta2]'
    refute grep -qx 'instructs shared' "$first"
    make_lab 'students: [cs530]'
    [ ! -e "$second" ]
    # A record that can't be read is somebody else's trouble.
    echo broken >"$second"
    run make_lab 'students: [cs530]' 'instructors: [cs530-ta]'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"owners/g"*"it is left as it is"* ]]
    rm "$second"
    groupdel ta2
    # A group whose name no record can have is refused, with its place.
    groupadd -g 64999 Upper || sed -i '$ a Upper:x:64999:' /etc/group
    run make_lab 'students: [cs530]' 'teams: [Upper]'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'the group "Upper" can'?'t be one of teams'* ]]
    grep -qx 'instructs shared' "$first"
}
