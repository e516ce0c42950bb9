#!/usr/bin/env bats
# A real host's clock: windows on the two days of the year when the clock is put forward and back, and
# a clock that somebody sets. Nothing is waited for: the clock is set to where it is interesting.
# shellcheck shell=bash disable=SC2016 # what is in single quotes is expanded inside
load helpers

setup_file() {
    inside 'timedatectl set-ntp false || true
        readlink /etc/localtime >/root/localtime
        ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
        systemctl stop xworlds-tick.timer'
}

teardown_file() {
    clock_is "@$(date +%s)"
    inside 'xwadm destroy clock --all --force --yes || true
        xwadm lab remove clock || true
        ln -sf "$(cat /root/localtime)" /etc/localtime
        systemctl start xworlds-tick.timer'
}

# clock_is TIME: by the host's own clock, or in UTC.
clock_is() {
    inside "date -s '$1' >/dev/null"
}

# lab OPENS CLOSES: as its file has them; a world of it is carol's.
lab() {
    inside "mkdir -p /root/clock
        printf '%s\n' 'xworlds: 1' 'title: The clock' 'access:' '  students: [cs530]' \
            '  instructors: [cs530-ta]' '  opens: $1' '  closes: $2' '  timezone: Europe/Berlin' \
            'machines:' '  box: {image: tiny, memory: 96}' >/root/clock/clock.yaml
        xwadm lab apply /root/clock/clock.yaml
        xwadm deploy clock --user carol"
}

# at TIME CODE [WORDS]: what carol gets then who resets her machine, which is always the same to do.
at() {
    clock_is "$1"
    run as carol revert clock/box --yes
    printf '%s: %s, %s\n' "$1" "$status" "$output"
    [[ $status -eq $2 && $output == *"${3-pristine}"* ]]
}

@test "the hour that isn't there, 28 March 2027: half past one to half past three is one hour" {
    lab '2027-03-28 01:30' '2027-03-28 03:30'
    at '2027-03-28 01:29:30' 4 'opens'
    at '2027-03-28 01:30:01' 0
    at '2027-03-28 01:59:58' 0
    at '2027-03-28 03:00:10' 0
    at '2027-03-28 03:29:00' 0
    at '2027-03-28 03:30:01' 4 'closed since Sun 28 Mar 03:30'
    # An hour after it opened, and no more.
    at '2027-03-28 01:29:00 UTC' 0
    at '2027-03-28 01:30:01 UTC' 4 'closed'
}

@test "the hour that is there twice, 31 October 2027: from the first half past two to the second" {
    lab '2027-10-31 02:30' '2027-10-31 02:30'
    at '2027-10-31 00:29:00 UTC' 4 'opens'
    at '2027-10-31 00:30:01 UTC' 0
    at '2027-10-31 01:29:00 UTC' 0
    at '2027-10-31 01:30:01 UTC' 4 'closed'
}

@test "a clock that is set forward closes a lab and ends its console; set back, all is as before" {
    lab '2027-06-01 08:00' '2027-06-02 08:00'
    clock_is '2027-06-01 12:00'
    as carol start clock/box
    open_console clock/box
    clock_is '2027-06-03 12:00'
    within 120 grep -q 'the lab has closed' "$SCREEN"
    wait "$CLIENT" || true
    run as carol revert clock/box --yes
    [[ $status -eq 4 && $output == *'closed since Wed 2 Jun 08:00'* ]]
    run inside 'xwadm tick'
    echo "$output"
    [[ $output == *clock/carol/box* ]]
    at '2027-06-01 11:00' 0
    at '2027-05-31 11:00' 4 'opens'
    at '2026-06-01 11:00' 4 'opens'
    at '2027-06-02 07:59' 0
}
