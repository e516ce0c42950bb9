#!/usr/bin/env bats
# A lab for single users, in no group of the course: real accounts, real ssh, real PAM.
# shellcheck shell=bash
load lib/common

readonly WORLDS=/var/lib/xworlds/worlds/byname
readonly OWNERS=/var/lib/xworlds/owners

make_lab() {
    apply_firewall_as byname "$@"
}

setup_file() {
    groupadd blue
    make_person dave xworlds
    make_person uma xworlds
    make_person erin xworlds --gid users
    make_person carol xworlds,blue
    make_person blue xworlds --gid users
    xwadm image add build/images/tiny
    make_lab 'users: [dave]' 'instructor-users: [uma]'
    pam_on
}

teardown_file() {
    pam_off
    xwadm destroy byname --all --force --yes || true
    xwadm lab remove byname
    remove_person dave uma erin carol blue mallory pete
    groupdel blue
}

setup() {
    make_lab 'users: [dave]' 'instructor-users: [uma]' >/dev/null
}

# refused USER WORD...: with the very answer that what doesn't exist gets.
refused() {
    local user=$1 nowhere
    shift
    nowhere=$(as_new_login "$user" status nosuch 2>&1) && return 1
    run as_new_login "$user" "$@"
    if [[ $status -ne 3 || $output != "$nowhere" ]]; then
        printf '%s: %s: %s %s\n' "$user" "$*" "$status" "$output"
        return 1
    fi
}

# why USER: the line of who-can about somebody.
why() {
    xwadm who-can byname | sed -nE "s/^$1 +//p"
}

@test "a user in no group of the course is named: the first login makes the world, and it works" {
    run as erin list
    [ "$status" -eq 255 ]
    [[ $(why dave) == "not yet "*"named in the lab's file; the world is made at the next login"* ]]
    run as dave list
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == $'byname\tdave\t3\t0\t'* && ${#lines[@]} -eq 1 ]]
    [ -d "$WORLDS/dave" ]
    run as dave start byname/web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(virsh -q -c qemu:///system domstate xw:byname:dave:web)" = running ]
    as dave stop byname --force
    [[ $(why dave) == "yes "*"named in the lab's file" ]]
    refused erin status byname:dave
    refused dave who-can byname
}

@test "who isn't in the group xworlds is no student of ours, whatever a lab's file says" {
    useradd --create-home --shell /bin/bash pete
    give_key pete /home/pete
    make_lab 'users: [dave, pete]' >/dev/null
    run as pete id -un
    [ "$output" = pete ]
    [ ! -e "$WORLDS/pete" ]
    gpasswd -a pete xworlds
    run as pete list
    echo "$output"
    [[ $output == $'byname\tpete\t3\t'* ]]
    xwadm destroy byname --user pete --yes --force
}

# T-E1
@test "a user and a group of one name are apart" {
    make_lab 'users: [blue]' >/dev/null
    run as blue list
    [ "$status" -eq 0 ]
    [[ $output == $'byname\tblue\t3\t'* && ${#lines[@]} -eq 1 ]]
    run as carol list
    [ "$status" -eq 255 ]
    refused carol status byname:blue
    refused carol status byname:@blue
    # The other way round: the group's members have it, and the user of that name hasn't.
    make_lab 'students: [blue]' >/dev/null
    run as carol list
    [ "$status" -eq 0 ]
    [[ $output == $'byname\tcarol\t3\t'* ]]
    refused blue status byname
    # And both at once, the group as a team: each their own.
    make_lab 'users: [blue]' 'teams: [blue]' >/dev/null
    run as carol list
    [[ $output == $'byname:@blue\t@blue\t3\t'* && ${#lines[@]} -eq 1 ]]
    run as blue list
    [[ $output == $'byname\tblue\t3\t'* && ${#lines[@]} -eq 1 ]]
    refused blue status byname:@blue
    refused carol status byname:blue
    xwadm destroy byname --user carol --user blue --user @blue --yes --force
}

@test "who is taken out of the file is refused at the next request, and the world stays" {
    as dave list
    run as_new_login dave status byname
    [ "$status" -eq 0 ]
    make_lab 'users: [erin]' >/dev/null
    refused dave status byname
    refused dave start byname/web
    run as dave list
    [ "$status" -eq 255 ]
    [ -d "$WORLDS/dave" ]
    [[ $(why dave) == "no "*"has a world, but is not named in the lab's file any more" ]]
    # The control: named again, it is as before.
    make_lab 'users: [erin, dave]' >/dev/null
    run as dave list
    [ "$status" -eq 0 ]
    run as_new_login dave status byname
    [ "$status" -eq 0 ]
}

@test "a single instructor looks after all worlds of the lab, until the file is changed" {
    as dave list
    run as uma list --lab byname
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *dave* ]]
    [ ! -e "$WORLDS/uma" ]
    run as uma status byname:dave
    [ "$status" -eq 0 ]
    run as uma who-can byname
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'user\tdave\tdave'* && $output == *$'instructor-user\tuma\tuma'* ]]
    run as uma who-can byname --json
    [[ $output == *'"role":"user","user":"dave","uid":'"$(id -u dave)"',"members":["dave"]'* ]]
    # For whom the lab is, worlds are made; for others they aren't.
    xwadm destroy byname --user dave --yes --force
    run as uma prepare byname dave
    echo "$output"
    [ "$status" -eq 0 ]
    [ -d "$WORLDS/dave" ]
    run as uma prepare byname erin
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'nor named in its file'* ]]
    [[ $(why uma) == "instructor "*"named in the lab's file" ]]
    xwadm what-can uma | grep -qE "^byname +instructor "
    grep -qx 'instructs byname' "$OWNERS/$(id -u uma)"
    make_lab 'users: [dave]' >/dev/null
    [ ! -e "$OWNERS/$(id -u uma)" ]
    refused uma status byname:dave
    refused uma who-can byname
}

@test "an account that was deleted, and its number given to another, lets nobody in" {
    local uid teacher
    as dave list
    uid=$(id -u dave)
    teacher=$(id -u uma)
    xwadm destroy byname --user dave --yes --force
    remove_person dave uma
    make_person mallory xworlds --uid "$uid"
    [[ $(why dave) == "no "*"named in the lab's file, but this host has no such user any more" ]]
    xwadm lab show byname | grep -qE '^Students: +dave \(user; not that account any more'
    run as mallory list
    [ "$status" -eq 255 ]
    [ ! -e "$WORLDS/mallory" ]
    xwadm what-can mallory | grep -qE "^byname +no +none +the lab's file names dave with the uid $uid, and"
    # The same name with another number is another account, too.
    make_person dave xworlds
    run as dave list
    [ "$status" -eq 255 ]
    remove_person mallory
    make_person mallory xworlds --uid "$teacher"
    refused mallory who-can byname
    remove_person mallory dave
    make_person uma xworlds --uid "$teacher"
    # The file can't be applied with names that are nobody's; with the account there, it is.
    run make_lab 'users: [dave]' 'instructor-users: [uma]'
    [ "$status" -eq 1 ]
    [[ $output == *'byname.yaml:10:11: this host has no user "dave"; make the account with adduser(8)'* ]]
    make_person dave xworlds --uid "$uid"
    make_lab 'users: [dave]' 'instructor-users: [uma]'
    run as dave list
    [ "$status" -eq 0 ]
    as uma who-can byname
}

@test "who can't be named is told by line and column, and the lab stays as it was" {
    local line
    for line in 'users: [root]|10:11: the user "root" is root, who has xwadm(8) and no worlds' \
        'users: [dave, nosuch]|10:17: this host has no user "nosuch"' \
        'users: [cs530]|10:11: this host has no user "cs530", but a group of that name; name groups in "students"' \
        'students: [erin]|10:14: this host has no group "erin", but a user of that name; name single users in "users"' \
        'users: [daemon]|10:11: "daemon" is a system user' \
        'users: []|10:10: users names nobody'; do
        run make_lab "${line%%|*}"
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == *"byname.yaml:${line#*|}"* ]]
    done
    run as dave status byname
    [ "$status" -eq 0 ]
}

@test "grant, revoke, deploy, lab show: what they say of users who are named" {
    run xwadm revoke byname dave
    echo "$output"
    [ "$status" -eq 3 ]
    [[ $output == *'its file names single users: change that, and apply it again'* ]]
    make_lab 'students: [cs530]' 'users: [dave]' 'instructors: [cs530-ta]' 'instructor-users: [uma]' >/dev/null
    run xwadm revoke byname dave --now
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'dave is named in the file of the lab byname, which lets them in'*'take the name out of "users"'*'nothing was changed'* ]]
    run xwadm revoke byname uma --instructor
    [ "$status" -eq 1 ]
    [[ $output == *'take the name out of "instructor-users"'* ]]
    run xwadm grant byname dave
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'dave: added to cs530'*'dave is named in the file of the lab'* ]]
    [[ $(why dave) == *"in cs530, and named in the lab's file"* ]]
    run xwadm revoke byname dave --group cs530
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'dave: taken out of cs530'*'dave: stays a student of the lab: named in its file'* ]]
    run xwadm lab show byname
    echo "$output"
    [[ $output == *'Students:     cs530'*'dave (user)'*'Instructors:  cs530-ta'*'uma (user)'* ]]
    xwadm lab show byname --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert [(u["name"], u["exists"]) for u in d["users"]] == [("dave", True)], d
assert [u["name"] for u in d["instructor_users"]] == ["uma"], d'
    make_lab 'users: [dave, erin]' >/dev/null
    run xwadm deploy byname --all
    echo "$output"
    [ "$status" -eq 0 ]
    [ -d "$WORLDS/erin" ] && [ -d "$WORLDS/dave" ]
    run xwadm prepare erin
    [ "$status" -eq 0 ]
    [[ $output == *byname* ]]
    xwadm destroy byname --user erin --yes --force
}
