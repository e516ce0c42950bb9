#!/usr/bin/env bats
# The keeper's trail in a real journald, and xwadm audit, which joins it with the audit log. The
# kernel doesn't audit here (only the machine's own namespaces may switch that), so the log's text is
# made in the recorded form by lib/gate-record, from the journal of this run.
# shellcheck shell=bash
load lib/common

# entries [MATCH...]: what root's keeper wrote, as JSON lines.
entries() {
    journalctl -q --no-pager -o json _TRANSPORT=journal SYSLOG_IDENTIFIER=xwkeeper _UID=0 "$@"
}

count() {
    entries "$@" | wc -l
}

# has_entries NUMBER MATCH...
has_entries() {
    local number=$1
    shift
    [ "$(count "$@")" -eq "$number" ]
}

# field NAME: of the entry on standard input.
field() {
    perl -MJSON::PP -e '$v = decode_json(<STDIN>)->{$ARGV[0]}; print ref $v ? join("\n", @$v) : $v // "", "\n"' "$1"
}

# audit OPTION...: with the log that the tests write.
audit() {
    xwadm audit --since all --log "$BATS_FILE_TMPDIR/audit.log" "$@"
}

# none PATTERN: no line of the standard input has it.
none() {
    [ "$(grep -cE -- "$1")" -eq 0 ]
}

# Every request of a gate up to now gets its record.
record() {
    entries | tests/integration/lib/gate-record >"$BATS_FILE_TMPDIR/audit.log"
}

setup_file() {
    tests/throwaway-host service start journald
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
    alice=$(id -u alice)
    bob=$(id -u bob)
    export alice bob
}

teardown_file() {
    xwadm destroy firewall --user alice --user bob --yes --force
    tests/throwaway-host service stop journald
}

@test "a request leaves one entry, with what was asked, who asked and how it ended" {
    as alice start firewall/web
    wait_for has_entries 1 "XWORLDS_UID=$alice" XWORLDS_OP=start
    local entry
    entry=$(entries "XWORLDS_UID=$alice" XWORLDS_OP=start)
    [ "$(field XWORLDS_LAB <<<"$entry")" = firewall ]
    [ "$(field XWORLDS_OWNER <<<"$entry")" = alice ]
    [ "$(field XWORLDS_MACHINES <<<"$entry")" = web ]
    [ "$(field XWORLDS_DECISION <<<"$entry")" = allow ]
    [ "$(field XWORLDS_RESULT <<<"$entry")" = "done" ]
    [ "$(field XWORLDS_CODE <<<"$entry")" = 0 ]
    [ "$(field XWORLDS_PHASE <<<"$entry")" = request ]
    [ "$(field PRIORITY <<<"$entry")" = 6 ]
    [ "$(field XWORLDS_DURATION_USEC <<<"$entry")" -gt 1000 ]
    [[ $(field XWORLDS_REQUEST <<<"$entry") =~ ^[0-9a-f]{16}$ ]]
    [ "$(field XWORLDS_DOMAIN <<<"$entry")" = "$(virsh -c qemu:///system domuuid xw:firewall:alice:web | head -n 1)" ]
}

@test "a whole world's entry has every machine's domain" {
    as alice stop firewall --force
    wait_for has_entries 1 "XWORLDS_UID=$alice" XWORLDS_OP=stop
    local entry
    entry=$(entries "XWORLDS_UID=$alice" XWORLDS_OP=stop)
    [ "$(field XWORLDS_MACHINES <<<"$entry")" = "*" ]
    [ "$(field XWORLDS_FORCE <<<"$entry")" = 1 ]
    [ "$(field XWORLDS_DOMAIN <<<"$entry" | sort)" = "$(for m in router web client; do
        virsh -c qemu:///system domuuid "xw:firewall:alice:$m" | head -n 1; done | sort)" ]
}

@test "the keeper's refusal, what is no request, and a limit reached are told, too" {
    # The gate refuses first, so the keeper is asked without it, with the gate's group.
    local ask=(setpriv --reuid bob --regid xwhelper --init-groups socat -t 5 - UNIX-CONNECT:/run/xworlds/keeper.sock)
    "${ask[@]}" <<<'1 start firewall alice web - 00000000000000f1' | grep -q 'not found or not allowed'
    wait_for has_entries 1 XWORLDS_REQUEST=00000000000000f1
    [ "$(entries XWORLDS_REQUEST=00000000000000f1 | field XWORLDS_DECISION)" = refuse ]
    [ "$(entries XWORLDS_REQUEST=00000000000000f1 | field XWORLDS_RESULT)" = refused ]
    [ "$(entries XWORLDS_REQUEST=00000000000000f1 | field XWORLDS_UID)" = "$bob" ]
    [ "$(entries XWORLDS_REQUEST=00000000000000f1 | field PRIORITY)" = 5 ]
    # The control: his own, by the same way.
    "${ask[@]}" <<<'1 status firewall bob - - 00000000000000f2' | grep -q '^machine firewall bob web'
    wait_for has_entries 1 XWORLDS_REQUEST=00000000000000f2 XWORLDS_RESULT=done
    printf 'start\nMESSAGE=x\nXWORLDS_UID=0\n' | "${ask[@]}" | grep -q 'not found or not allowed'
    wait_for has_entries 1 XWORLDS_RESULT=malformed "XWORLDS_UID=$bob"
    has_entries 0 XWORLDS_UID=0
}

@test "a process that is killed is told with its request" {
    local daemon keeper
    daemon=$(cat /run/throwaway/libvirtd.pid)
    keeper=$(cat /run/throwaway/keeper.pid)
    kill -STOP "$daemon"
    as alice status firewall >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    local client=$!
    wait_for pgrep -P "$keeper" -u xwread >"$BATS_TEST_TMPDIR/reader"
    kill -SYS "$(tail -n 1 "$BATS_TEST_TMPDIR/reader")"
    local status=0
    wait "$client" || status=$?
    kill -CONT "$daemon"
    [ "$status" -eq 75 ]
    wait_for has_entries 1 XWORLDS_RESULT=killed
    [ "$(entries XWORLDS_RESULT=killed | field XWORLDS_SIGNAL)" = 31 ]
    [ "$(entries XWORLDS_RESULT=killed | field XWORLDS_OP)" = status ]
    [ "$(entries XWORLDS_RESULT=killed | field XWORLDS_OWNER)" = alice ]
    [ "$(entries XWORLDS_RESULT=killed | field PRIORITY)" = 2 ]
    as alice status firewall
}

@test "a console has an entry at each end" {
    as alice start firewall/client
    mkfifo "$BATS_TEST_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt alice@lab console firewall/client \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local client=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for has_entries 1 XWORLDS_OP=console XWORLDS_PHASE=open
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
    has_entries 0 XWORLDS_OP=console XWORLDS_PHASE=close
    printf '\035' >&9
    exec 9>&-
    wait "$client" || true
    wait_for has_entries 1 XWORLDS_OP=console XWORLDS_PHASE=close
    [ "$(entries XWORLDS_OP=console XWORLDS_PHASE=open | field XWORLDS_REQUEST)" = \
        "$(entries XWORLDS_OP=console XWORLDS_PHASE=close | field XWORLDS_REQUEST)" ]
    # One that does not open has one entry, which is no end of a console.
    run as alice console firewall/router
    [ "$status" -eq 1 ]
    wait_for has_entries 1 XWORLDS_OP=console XWORLDS_PHASE=request XWORLDS_RESULT=failed
}

@test "a student can't write into the keeper's trail" {
    record
    local before
    before=$(audit --user alice | wc -l)
    cat >"$BATS_TEST_TMPDIR/lie" <<'LIE'
MESSAGE=lie
SYSLOG_IDENTIFIER=xwkeeper
XWORLDS_REQUEST=00000000000000e1
XWORLDS_PHASE=request
XWORLDS_OP=revert
XWORLDS_LAB=firewall
XWORLDS_OWNER=alice
XWORLDS_MACHINES=*
XWORLDS_DECISION=allow
XWORLDS_RESULT=done
XWORLDS_CODE=0
XWORLDS_DURATION_USEC=1
_UID=0
LIE
    echo "XWORLDS_UID=$alice" >>"$BATS_TEST_TMPDIR/lie"
    send() {
        setpriv --reuid "$1" --regid "$1" --clear-groups socat -u - UNIX-SENDTO:/run/systemd/journal/socket
    }
    has_lie() {
        journalctl -q -o cat XWORLDS_REQUEST="$1" | grep -q lie
    }
    send "$bob" <"$BATS_TEST_TMPDIR/lie"
    wait_for has_lie 00000000000000e1
    [ "$(audit --user alice | wc -l)" -eq "$before" ]
    # The control: the same text from root is shown, as a disagreement.
    sed 's/e1$/e2/' "$BATS_TEST_TMPDIR/lie" | socat -u - UNIX-SENDTO:/run/systemd/journal/socket
    wait_for has_lie 00000000000000e2
    [ "$(audit --user alice | wc -l)" -eq $((before + 1)) ]
    audit --user alice | grep -q 'revert .*in the journal, not in the audit log'
}

@test "xwadm audit: the trails agree on everything that came through the gate" {
    record
    run audit --user alice --json
    [ "$status" -eq 0 ]
    # The one exception is the entry that the test before has forged as root.
    run audit --user alice --disagreements
    [ "$(grep -c ' alice ' <<<"$output")" -eq 1 ]
    [[ $output == *" revert "* ]]
    [[ $output == *"the two trails disagree 1 time"* ]]
    audit --user alice | grep -qE ' alice +7 +start +firewall/web +done '
    audit --user alice | grep -qE ' alice +7 +stop +firewall/\* +done '
    audit --user alice | grep -qE ' alice +7 +console +firewall/client +opened '
}

@test "xwadm audit: a record that lies, and one that is missing, are found" {
    record
    # The gate of alice's start says that it was bob's; the record of her stop is gone.
    sed -i -E "/op=xworlds-start .*machines=\"web\"/s/caller=$alice/caller=$bob/; /op=xworlds-stop/d" \
        "$BATS_FILE_TMPDIR/audit.log"
    run audit --disagreements
    [ "$status" -eq 0 ]
    [[ $output == *"uid: the audit log says $bob, the journal $alice"* ]]
    grep -qE ' stop .*in the journal, not in the audit log' <<<"$output"
    # And one for something that the keeper was never asked.
    sed -n '/op=xworlds-start .*machines="client"/s/request=[0-9a-f]*/request=00000000000000d1/p' \
        "$BATS_FILE_TMPDIR/audit.log" >"$BATS_TEST_TMPDIR/more"
    cat "$BATS_TEST_TMPDIR/more" >>"$BATS_FILE_TMPDIR/audit.log"
    audit --disagreements | grep -qE ' start .*in the audit log, not in the journal'
    # A record of another program's uid is no record of the gate's.
    sed "s/ uid=[0-9]*/ uid=$alice/; s/d1 /d2 /" "$BATS_TEST_TMPDIR/more" >>"$BATS_FILE_TMPDIR/audit.log"
    [ "$(audit --disagreements | grep -c 'not in the journal')" -eq 1 ]
}

@test "xwadm audit: --refused, --lab, --machine, --session, --since and --until choose" {
    record
    run audit --refused
    [ "$status" -eq 0 ]
    [ "$(grep -cE ' (refused|malformed) ' <<<"$output")" -eq 2 ]
    none ' done ' <<<"$output"
    audit --machine client | grep -q ' start .*firewall/client'
    audit --machine client | grep -q ' stop .*firewall/\*'
    audit --machine client | none firewall/web
    audit --lab firewall | grep -q firewall/web
    audit --lab nosuchlab | none firewall/web
    audit --session 7 | grep -q firewall/web
    audit --session 8 | none firewall/web
    audit --until 2026-01-01 | none firewall/web
    audit --since 1d | grep -q firewall/web
    run audit --since tomorrow-ish
    [ "$status" -eq 2 ]
    run audit --user nosuchuser
    [ "$status" -eq 3 ]
}

@test "xwadm audit --json is JSON, with a schema, UTC times and both trails" {
    record
    audit --user alice --lab firewall --json | perl -MJSON::PP -0777 -e '
        my $all = decode_json(<STDIN>);
        die "schema" unless $all->{schema} == 1 && $all->{has_audit_log} && $all->{has_journal};
        my ($start) = grep { $_->{verb} eq "start" && $_->{machines}[0] eq "web" } @{$all->{requests}};
        die "no start" unless $start;
        die "time" unless $start->{time} =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
        die "sides" unless $start->{audit_log}{uid} == $start->{journal}{uid} && $start->{session} == 7;
        die "domain" unless $start->{domains}[0] =~ /^[0-9a-f-]{36}$/;
        die "disagrees" if exists $start->{disagreement};'
}

@test "xwadm audit --follow shows what happens, and has no privilege while it does" {
    xwadm audit --follow --user bob --json >"$BATS_TEST_TMPDIR/follow" 2>&1 3>&- &
    local follower=$!
    as bob list
    wait_for grep -q '"verb":"list"' "$BATS_TEST_TMPDIR/follow"
    [ "$(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/$follower/status")" = "65534 65534 65534" ]
    [ "$(awk '/^CapEff:|^CapPrm:/ { print $2 }' "/proc/$follower/status" | sort -u)" = 0000000000000000 ]
    # What parses the trails is a process of its own, which may do less: a filter, nothing to execute,
    # three descriptors of its own at most besides the trails.
    local reader
    reader=$(pgrep -P "$follower")
    [ "$(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/$reader/status")" = "65534 65534 65534" ]
    [ "$(awk '/^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):/ { print $1 $2 }' "/proc/$reader/status" | grep -c -x -e 'CapPrm:0*' -e 'CapEff:0*' -e NoNewPrivs:1 -e Seccomp:2)" -eq 4 ]
    [ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$follower/status")" = 0 ]
    refute readlink -e "/proc/$reader/fd/0"
    refute readlink -e "/proc/$reader/fd/2"
    kill -INT "$follower"
    local status=0
    wait "$follower" || status=$?
    [ "$status" -eq 0 ]
    [ ! -e "/proc/$reader" ]
}

@test "xwadm audit: a reader of the trails that is killed is told, and what it said is no answer" {
    xwadm audit --follow >"$BATS_TEST_TMPDIR/follow" 2>&1 3>&- &
    local follower=$! status=0
    wait_for pgrep -P "$follower"
    wait_for test -s "$BATS_TEST_TMPDIR/follow"
    kill -SYS "$(pgrep -P "$follower")"
    wait "$follower" || status=$?
    [ "$status" -eq 1 ]
    grep -q 'the reader of the trails tried something that it may not do' "$BATS_TEST_TMPDIR/follow"
}

# The state that the kernel doesn't tell counts as off; a throwaway host is set to go on with that.
@test "auditing off: what changes a world is refused, unless the lab goes on without, and is told" {
    local conf=/etc/xworlds/xworlds.conf
    as alice stop firewall/router --force
    sed -i 's/^audit = prefer$/audit = require/' "$conf"
    run as alice start firewall/router
    local refused=$status said=$output
    run as alice console firewall/client
    local console=$status
    run as alice list
    local listed=$status
    sed -i 's/^audit = require$/audit = prefer/' "$conf"
    [ "$refused" -eq 75 ]
    [[ $said == *"auditing is off"* ]]
    [ "$console" -eq 75 ]
    [ "$listed" -eq 0 ]
    [ "$(virsh -c qemu:///system domstate xw:firewall:alice:router | head -n 1)" = "shut off" ]
    wait_for has_entries 1 XWORLDS_MACHINES=router XWORLDS_OP=start XWORLDS_AUDITING=unknown XWORLDS_RESULT=try-again
    # The control: the same with the other setting.
    as alice start firewall/router
    wait_for has_entries 1 XWORLDS_MACHINES=router XWORLDS_OP=start XWORLDS_AUDITING=unknown XWORLDS_RESULT=done
    grep -q "the kernel's auditing is unknown: requests go on" /run/throwaway/log/keeper.log
}

@test "without journald the keeper goes on, and tells its log instead" {
    tests/throwaway-host service stop journald
    as alice list
    wait_for grep -q 'xwkeeper: uid .*: list .*decision=allow result=done' /run/throwaway/log/keeper.log
    tests/throwaway-host service start journald
    local before
    before=$(count XWORLDS_OP=list)
    as alice list
    wait_for has_entries $((before + 1)) XWORLDS_OP=list
}
