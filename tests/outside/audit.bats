#!/usr/bin/env bats
# The audit trails with the real kernel: its auditing on, off, and on again. This takes the machine's
# own pid namespace, so it runs beside the throwaway host, in a mount namespace (lib/audit-host).
# T-J3, T-K1, T-K2, T-K3, T-K4
# shellcheck shell=bash

export FORGED=f0f0f0f0f0f0f0f0

setup_file() {
    before=$(auditctl -s | sed -n 's/^enabled //p')
    export before
    [[ -n $before ]] || skip "the kernel does not say here whether it audits"
    [[ $before != 2 ]] || skip "the kernel's auditing is locked until the next boot"
    timeout 120 unshare --mount --propagation private tests/outside/lib/audit-host "$BATS_FILE_TMPDIR"
}

# out NAME: what the gate said; code NAME: how it ended; id NAME: the request's id.
out() {
    cat "$BATS_FILE_TMPDIR/$1"
}

code() {
    out "$1.status"
}

id() {
    sed -n 's/^xworlds 1 //p' "$BATS_FILE_TMPDIR/$1"
}

# records NAME: how many audit records a request has.
records() {
    grep -c "request=$(id "$1") " "$BATS_FILE_TMPDIR/audit.log" || true
}

record() {
    grep "request=$(id "$1") " "$BATS_FILE_TMPDIR/audit.log"
}

entries() {
    grep -c "\"XWORLDS_REQUEST\":\"$(id "$1")\"" <(tr -d ' ' <"$BATS_FILE_TMPDIR/journal") || true
}

@test "the machine's auditing is as it was" {
    [ "$(auditctl -s | sed -n 's/^enabled //p')" = "$before" ]
}

@test "with auditing on each request has one record, refused and malformed ones too" {
    local name
    for name in start status console hostile malformed list foreign last; do
        [ "$(records "$name")" -eq 1 ] || { echo "$name: $(records "$name")"; false; }
    done
    [[ $(record start) == *'op=xworlds-start phase=request'*'lab="firewall" owner="alice" machines="web,router"'*'decision=allow code=75 usec='* ]]
    [[ $(record foreign) == *'decision=refuse code=3'*'res=failed'* ]]
    [[ $(record malformed) == *'phase=malformed'*'decision=refuse code=2'* ]]
    [[ $(record list) == *'op=xworlds-list'*'decision=allow code=0'*'res=success'* ]]
}

@test "who it was is the kernel's word: uid, login and session" {
    [[ $(record start) == *" uid=64990 auid=64991 ses="*"caller=64991 "* ]]
    [[ $(record foreign) == *" uid=64990 auid=64992 ses="*"caller=64992 "* ]]
    # Every login has a session of its own.
    [ "$(record start | grep -o ' ses=[0-9]*')" != "$(record foreign | grep -o ' ses=[0-9]*')" ]
    [[ $(record start) != *ses=4294967295* ]]
}

@test "a name that ends a value, a line or the record does neither" {
    [ "$(record hostile | wc -l)" -eq 1 ]
    [ "$(record hostile | grep -o ' res=[a-z]*')" = " res=failed" ]
    [ "$(code hostile)" -eq 3 ]
}

@test "with auditing off what changes a world is refused and what looks is not; prefer goes on" {
    [ "$(code off-start)" -eq 75 ]
    [[ $(out off-start) == *"auditing is off"* ]]
    # No libvirt is here: that this is what failed shows that the request has gone on.
    [[ $(out off-status) == *"libvirt is not answering"* ]]
    [[ $(out prefer-start) == *"libvirt is not answering"* ]]
    # The control: the same request with auditing on.
    [[ $(out last) == *"libvirt is not answering"* ]]
    [ "$(records off-start)" -eq 0 ]
    [ "$(records prefer-start)" -eq 0 ]
}

# T-J3: what a gate that has been taken over can write leads to its student.
@test "a forged record carries its writer's login, and the journal has no such request" {
    [ "$(out forged)" = had ]
    local record
    record=$(grep "request=$FORGED " "$BATS_FILE_TMPDIR/audit.log")
    [ "$(wc -l <<<"$record")" -eq 1 ]
    [[ $record == *" uid=64990 auid=64991 ses="*"caller=64992 "* ]]
    [ "$(grep -c "$FORGED" "$BATS_FILE_TMPDIR/journal")" -eq 0 ]
}

@test "the journal has them all, with the state of auditing" {
    local name
    for name in start status console off-start off-status prefer-start last; do
        [ "$(entries "$name")" -eq 1 ] || { echo "$name: $(entries "$name")"; false; }
    done
    state() {
        grep "$(id "$1")" "$BATS_FILE_TMPDIR/journal" |
            perl -MJSON::PP -e 'print decode_json(<STDIN>)->{XWORLDS_AUDITING} // "unasked"'
    }
    [ "$(state start)" = on ]
    [ "$(state off-start)" = off ]
    [ "$(state prefer-start)" = off ]
    [ "$(state off-status)" = unasked ]
}

@test "xwadm audit joins them, and what it calls a disagreement is what was not audited" {
    perl -MJSON::PP -0777 -e '
        my $all = decode_json(<STDIN>);
        my %off = map { $_ => 1 } @ARGV;
        my ($joined, $disputed) = (0, 0);
        for my $request (@{$all->{requests}}) {
            my $odd = $request->{disagreement} // "";
            die "$request->{request}: \"$odd\"" if ($odd ne "") != exists $off{$request->{request}};
            die "$request->{request}: session" if $request->{audit_log} && !$request->{session};
            $disputed++ if $odd ne "";
            $joined++ if $request->{audit_log} && $request->{journal};
        }
        die "joined $joined, disputed $disputed" unless $joined == 4 && $disputed == 4;' \
        "$(id off-start)" "$(id off-status)" "$(id prefer-start)" "$FORGED" <"$BATS_FILE_TMPDIR/json"
    grep -q 'the two trails disagree 4 times' "$BATS_FILE_TMPDIR/table"
    [ "$(grep -c ' refused ' "$BATS_FILE_TMPDIR/refused")" -eq 2 ]
    [ "$(grep -cE ' (done|try-again) ' "$BATS_FILE_TMPDIR/refused")" -eq 0 ]
}
