#!/usr/bin/env bats
# Which machines are on which segments: drawn and in sentences, by the command over real ssh, in the
# menu at several sizes, and by xwadm before there is a world.
# shellcheck shell=bash disable=SC2154 # output and status are bats'
load lib/common
load lib/screen
load lib/menu

setup_file() {
    make_firewall alice
    write_company "$BATS_FILE_TMPDIR/company.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/company.yaml"
    xwadm deploy company --user bob
    as alice start firewall/router
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
    xwadm destroy company --user bob --yes --force
    xwadm lab remove company
}

setup() {
    open_screen
}

teardown() {
    close_screen
    await nobody_of bob
    await nobody_of alice
}

nobody_of() {
    ! pgrep -u "$1"
}

# write_company FILE: seventeen machines on one segment, behind a gateway with three interfaces.
write_company() {
    local i
    cat >"$1" <<'YAML'
xworlds: 1
title: A company of seventeen
access:
  students: [cs530]
segments: [internet, management, office]
machines:
  gateway:
    image: tiny
    memory: 128
    interfaces:
      - segment: internet
        address: 198.51.100.1/24
      - segment: management
      - segment: office
        address: 10.9.0.1/16
YAML
    for i in {01..17}; do
        printf '  pc-%s:\n    image: tiny\n    memory: 128\n    interfaces:\n      - segment: office\n        address: 10.9.1.%d/16\n' \
            "$i" "$((10#$i))" >>"$1"
    done
}

# in_utf8 USER COMMAND...: as a client sends its locale.
in_utf8() {
    local user=$1
    shift
    LANG=C.UTF-8 ssh -F /run/throwaway/ssh_config -o SendEnv=LANG "$user@lab" "$@"
}

# firewall_drawn STATE: the world with its web server in that state, which takes 11 columns.
firewall_drawn() {
    cat <<'TEXT' | sed "s/@@@@@@@@@@@/$1/"
                outside                          inside
              10.1.0.0/24                     10.2.0.0/24
                   ║                               ║
┌─────────────┐    ║    ┌─────────────────────┐    ║    ┌─────────────┐
│ client      │    ║    │ router              │    ║    │ web         │
│ ○ off       │    ║    │ ● running           │    ║    │ @@@@@@@@@@@ │
│    10.1.0.2 ├────╫────┤ 10.1.0.1   10.2.0.1 ├────╫────┤ 10.2.0.2    │
└─────────────┘    ║    └─────────────────────┘    ║    └─────────────┘
                   ║                               ║
TEXT
}

# in_ascii: the same, as it is without UTF-8.
in_ascii() {
    LC_ALL=C.UTF-8 sed 's/[┌┐└┘├┤]/+/g; s/─/-/g; s/│/|/g; s/[║╫]/#/g; s/●/*/g; s/○/o/g'
}

firewall_told() {
    cat <<TEXT
2 segments, 3 machines.
Segment outside, 10.1.0.0/24: router at 10.1.0.1, client at 10.1.0.2.
Segment inside, 10.2.0.0/24: router at 10.2.0.1, web at 10.2.0.2.
Machine router, running: on outside at 10.1.0.1, on inside at 10.2.0.1.
Machine web, off: on inside at 10.2.0.2.
Machine client, off: on outside at 10.1.0.2.
TEXT
}

@test "status --topology draws the world: in UTF-8, in ASCII, and as machines start" {
    diff <(in_utf8 alice status firewall --topology) <(firewall_drawn '○ off      ')
    diff <(as alice status firewall --topology) <(firewall_drawn '○ off      ' | in_ascii)
    as alice start firewall/web
    diff <(in_utf8 alice status --topology firewall) <(firewall_drawn '● running  ')
    as alice stop firewall/web --force
    diff <(in_utf8 alice status firewall --topology) <(firewall_drawn '○ off      ')
}

@test "--plain tells the same in sentences; --json has it all" {
    diff <(as alice status firewall --topology --plain) <(firewall_told)
    as alice status firewall --topology --json | python3 -c '
import json, sys
document = json.load(sys.stdin)
assert document["segments"] == ["outside", "inside"], document
assert document["machines"][0]["interfaces"] == [
    {"segment": "outside", "address": "10.1.0.1/24"},
    {"segment": "inside", "address": "10.2.0.1/24"}], document'
    as bob status company --json | python3 -c '
import json, sys
document = json.load(sys.stdin)
assert document["segments"] == ["internet", "management", "office"], document
assert document["machines"][0]["interfaces"][1] == {"segment": "management", "address": None}
assert document["machines"][0]["addresses"] == ["198.51.100.1/24", "10.9.0.1/16"]'
}

@test "another's world and one that isn't there are refused alike; wrong usage is told" {
    run as alice status firewall --topology
    [ "$status" -eq 0 ]
    run as bob status firewall:alice --topology
    [ "$status" -eq 3 ]
    local refused=$output
    run as bob status nosuchlab --topology
    [ "$status" -eq 3 ]
    [ "$output" = "$refused" ]
    run as alice status firewall --plain
    [ "$status" -eq 2 ]
    [[ $output == 'usage: status WORLD [--topology] [--plain] [--json]' ]]
    run as alice list --topology
    [ "$status" -eq 2 ]
}

@test "on a terminal: drawn where it fits, else in sentences; on a dumb one in sentences" {
    type_line "clear; $SSH -o SendEnv=LANG -t alice@lab status firewall --topology"
    see $'├────╫────┤ 10\\.1\\.0\\.1   10\\.2\\.0\\.1 ├────╫────┤'
    screen resize-window -t lab -x 28 -y 24
    type_line "clear; $SSH -o SendEnv=LANG -t alice@lab status firewall --topology"
    see 'Drawn, this takes [0-9]+ columns'
    see 'Machine client, off: on'
    lacks '║'
    screen resize-window -t lab -x 80 -y 24
    type_line "clear; TERM=dumb $SSH -o SendEnv=LANG -t alice@lab status firewall --topology"
    see 'Machine client, off: on outside at 10\.1\.0\.2\.'
    lacks '║'
}

# log_in_utf8 USER
log_in_utf8() {
    type_line "clear; $SSH -o SendEnv=LANG -t $1@lab; echo \"ended \$?\""
}

@test "m draws the map and lists again; it follows what machines do, and keys act as in the list" {
    log_in_utf8 alice
    see 'firewall +[0-9] of 3 run'
    keys m
    see 'The map is on the page of a world'
    keys Enter
    see $'\n web +off'
    keys m
    see $'│ client      │    ║    │ router              │    ║    │ web         │\n │ ○ off       │    ║    │ ● running           │    ║    │ ○ off'
    see $'v revert  p checkpoints\nS T V all  m list$'
    as alice start firewall/web
    see $'║    │ ● running   │\n'
    as alice stop firewall/web --force
    see $'║    │ ○ off       │\n'
    keys Down s
    see 'firewall/web: started'
    see $'║    │ ● running   │\n'
    as alice stop firewall/web --force
    keys v
    see $'\nType web:'
    see '║'
    keys Escape
    see 'Nothing was changed'
    keys m
    see $'\n MACHINE +STATE'
    see $'\n web +off'
    keys q q
    see 'ended 0'
}

@test "the cursor of the map is on a machine's name, in reverse" {
    log_in_utf8 alice
    see 'firewall +[0-9] of 3 run'
    keys Enter
    see $'\n web +off'
    keys m Down
    await name_is_reversed web
    refute name_is_reversed router
    keys Up
    await name_is_reversed router
    refute name_is_reversed web
    keys q q
    see 'ended 0'
}

# name_is_reversed MACHINE: SGR 7 begins before it, with nothing but a space between.
name_is_reversed() {
    [[ $(screen capture-pane -e -p -t lab) =~ $'\e['([0-9]+\;)*7m' '"$1"' ' ]]
}

@test "a map at 80x24, 60x20, 44x9, 20x5 and 300x100: names stay at the top, the cursor in view" {
    log_in_utf8 bob
    see 'company +0 of 18 run'
    keys Enter
    see $'\n pc-01 +off'
    keys m
    see $'^[^\n]*company: A company[^\n]*\n The map is larger than the screen[^\n]*\n[^\n]*internet +management +office'
    see '│ gateway '
    lacks 'pc-17'
    keys End
    see '│ pc-17 +│'
    see 'management +office'
    lacks 'gateway'
    screen resize-window -t lab -x 60 -y 20
    see '│ pc-17 +│'
    see 'office'
    screen resize-window -t lab -x 44 -y 9
    see '│ pc-17 +│'
    screen resize-window -t lab -x 20 -y 5
    see 'pc-17'
    keys Home
    see 'gateway'
    screen resize-window -t lab -x 300 -y 100
    see '│ gateway '
    see '│ pc-17 '
    lacks 'larger than the screen'
    see 'no address'
    [ "$(picture | wc -l)" -eq 100 ]
    keys q q
    see 'ended 0'
}

@test "without UTF-8 the map is in ASCII" {
    log_in
    see 'firewall +[0-9] of 3 run'
    keys Enter
    see $'\n web +off'
    keys m
    see $'\\| client      \\|    #    \\| router              \\|    #    \\| web         \\|\n \\| o off       \\|    #    \\| \\* running'
    lacks '[│║●○]'
    keys q q
    see 'ended 0'
}

@test "the numbered prompt tells the topology in sentences" {
    type_line "clear; TERM=dumb $SSH -t alice@lab; echo \"ended \$?\""
    see 'worlds>'
    type_line 1
    see 'firewall>'
    type_line 'status --topology'
    see 'Machine client, off: on outside at 10\.1\.0\.2\.'
    type_line quit
    see 'ended 0'
}

@test "xwadm lab show draws a lab, lab check one that is not applied yet, --plain tells it" {
    local shown checked
    shown=$(LANG=C.UTF-8 xwadm lab show firewall --topology)
    [[ $shown == *'│ router              │'*'│ tiny, 128 MiB       │'*'┤ 10.1.0.1   10.2.0.1 ├'* ]]
    checked=$(LANG=C.UTF-8 xwadm lab check labs/firewall/lab.yaml --topology)
    [ "$(tail -n +2 <<<"$checked")" = "$shown" ]
    [ "$(LC_ALL=C xwadm lab show firewall --topology)" = "$(in_ascii <<<"$shown")" ]
    diff <(xwadm lab show firewall --topology --plain) <(firewall_told |
        sed -E 's/^(Machine [a-z]+), [a-z]+:/\1, tiny, 128 MiB:/')
    xwadm lab show company --topology --plain |
        grep -qx 'Machine gateway, tiny, 128 MiB: on internet at 198\.51\.100\.1, on management with no address, on office at 10\.9\.0\.1\.'
    run xwadm lab show firewall --plain
    [ "$status" -eq 2 ]
    run xwadm lab check labs/firewall/lab.yaml --plain
    [ "$status" -eq 2 ]
    sed 's/segment: inside/segment: insede/' labs/firewall/lab.yaml >"$BATS_TEST_TMPDIR/wrong.yaml"
    run xwadm lab check "$BATS_TEST_TMPDIR/wrong.yaml" --topology
    [ "$status" -eq 1 ]
    [[ $output != *router*║* ]]
}
