# shellcheck shell=bash
# The services of a throwaway host: without systemd, each is a foreground process with a pid file
# and a log, and is up when it answers.

# In the order in which they need one another.
readonly SERVICES=(syslog dbus virtlogd libvirtd keeper sshd)

# These run when they are asked for ("service start NAME").
readonly OPTIONAL_SERVICES=(journald)

readonly KEEPER=/usr/local/libexec/xworlds/xwkeeper

# The path that systemd gives to services.
readonly SERVICE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# How long a service may take to answer or to end.
readonly SERVICE_SECONDS=30

# service_command NAME: sets SERVICE_COMMAND to what is executed.
service_command() {
    case $1 in
        syslog) SERVICE_COMMAND=(perl -e "$SYSLOG_PROGRAM") ;;
        journald) SERVICE_COMMAND=(/lib/systemd/systemd-journald) ;;
        dbus) SERVICE_COMMAND=(dbus-daemon --system --nofork --nopidfile --nosyslog) ;;
        virtlogd) SERVICE_COMMAND=(virtlogd) ;;
        libvirtd) SERVICE_COMMAND=(libvirtd) ;;
        keeper) SERVICE_COMMAND=("$KEEPER") ;;
        sshd) SERVICE_COMMAND=(/usr/sbin/sshd -D -e) ;;
        *) usage_error "there is no service '$1'; there are: ${SERVICES[*]} ${OPTIONAL_SERVICES[*]}." ;;
    esac
}

# PAM modules and sshd's children speak to syslog. This prints each datagram as a line.
# shellcheck disable=SC2016 # the dollar signs are perl's
readonly SYSLOG_PROGRAM='
    use IO::Socket::UNIX;
    umask 0;
    unlink "/dev/log";
    my $log = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log")
        or die "/dev/log: $!\n";
    $| = 1;
    while (defined $log->recv(my $line, 65536)) {
        $line =~ s/\s*\0*\z//;
        print "$line\n";
    }'

# service_answers NAME: libvirtd listens before it has taken up its domains again, and kills those
# that it is taking up when it has to end. Statistics wait for each domain's turn.
service_answers() {
    case $1 in
        syslog) listens "$1" unix /dev/log ;;
        journald) listens "$1" unix /run/systemd/journal/socket ;;
        dbus) listens "$1" unix /run/dbus/system_bus_socket ;;
        virtlogd) listens "$1" unix /run/libvirt/virtlogd-sock ;;
        libvirtd)
            listens "$1" unix /run/libvirt/libvirt-sock &&
                virsh -q -c qemu:///system domstats --balloon --list-active >/dev/null 2>&1
            ;;
        keeper) listens "$1" unix /run/xworlds/keeper.sock ;;
        sshd) listens "$1" tcp 0100007F:0016 ;;
    esac
}

# listens NAME unix|tcp ADDRESS: whether the service's own process has a listening socket of this
# address in the kernel's tables. Neither a file that a killed process left behind counts nor a
# socket that one of its children still holds. A stream socket listens with the flag
# __SO_ACCEPTCON (00010000) or in state TCP_LISTEN (0A); a datagram socket (type 2) just is.
listens() {
    local pid sockets
    pid=$(service_pid "$1")
    sockets=$(awk -v address="$3" -v unix="$([[ $2 == unix ]] && echo 1 || echo 0)" '
        unix && ($8 == address || $8 == "/var" address) && ($4 == "00010000" || $5 == "0002") {
            print "socket:[" $7 "]"
        }
        !unix && $2 == address && $4 == "0A" { print "socket:[" $10 "]" }' "/proc/net/$2")
    [[ -n $sockets ]] && grep -qxF "$sockets" <(readlink "/proc/$pid"/fd/*)
}

# --- starting ---------------------------------------------------------------------------------

start_services() {
    local name
    for name in "${SERVICES[@]}"; do
        [[ $name != keeper || $OPT_PRODUCT == yes ]] || continue
        # shellcheck disable=SC2153 # STATE is common.sh's
        : >"$STATE/log/$name.log" # --log-dir may hold that of another host
        start_service "$name"
    done
}

start_service() {
    local name=$1
    ! service_runs "$name" || die "$name runs already (process $(service_pid "$name"))."
    service_command "$name"
    command -v "${SERVICE_COMMAND[0]}" >/dev/null ||
        die "there is no ${SERVICE_COMMAND[0]} in this host."
    local log=$STATE/log/$name.log
    # A service has the environment that an init would give it, not the caller's, no descriptor of
    # the caller's (a test driver would wait for it) and default signals: a background job ignores
    # SIGINT, and what a login through sshd starts would too.
    (
        close_descriptors
        exec setsid env --ignore-environment --default-signal PATH="$SERVICE_PATH" LANG=C.UTF-8 \
            "${SERVICE_COMMAND[@]}"
    ) </dev/null >>"$log" 2>&1 &
    echo "$!" >"$STATE/$name.pid"
    # Not a job: bash would report on the terminal that it was killed.
    disown "$!"
    await_service "$name"
    say "$name is up"
}

# Closes everything but the standard descriptors and the one bash reads its script from, which is
# closed at exec.
close_descriptors() {
    local path descriptor
    for path in "/proc/$BASHPID"/fd/*; do
        descriptor=${path##*/}
        ((descriptor <= 2 || descriptor == 255)) || exec {descriptor}>&-
    done
}

await_service() {
    local name=$1 deadline=$((SECONDS + SERVICE_SECONDS))
    until service_answers "$name"; do
        service_runs "$name" || service_failed "$name" "$name ended while it was starting."
        ((SECONDS < deadline)) ||
            service_failed "$name" "$name has not answered for $SERVICE_SECONDS seconds."
        sleep 0.02
    done
}

# service_failed NAME MESSAGE
service_failed() {
    tail -n 20 "$STATE/log/$1.log" >&2
    die "$2 Above is the end of $STATE/log/$1.log."
}

# --- control ----------------------------------------------------------------------------------

# service_pid NAME: prints the process id, whether it runs or not; fails if it was never started.
service_pid() {
    local pid
    { read -r pid <"$STATE/$1.pid"; } 2>/dev/null && printf '%s\n' "$pid"
}

# A process that has ended but was not reaped yet (Z, X) does not run.
service_runs() {
    local pid state
    pid=$(service_pid "$1") && state=$(process_field "$pid" 3) && [[ $state != [ZX] ]]
}

# end_service NAME SIGNAL: returns when the process is gone. A service that is down already is fine.
end_service() {
    local name=$1 deadline=$((SECONDS + SERVICE_SECONDS))
    service_runs "$name" || return 0
    kill -s "$2" "$(service_pid "$name")" 2>/dev/null || true
    while service_runs "$name"; do
        ((SECONDS < deadline)) || die "$name (process $(service_pid "$name")) did not end within
$SERVICE_SECONDS seconds of SIG$2."
        sleep 0.02
    done
}

service_status() {
    if service_runs "$1"; then
        echo "running $(service_pid "$1")"
    else
        echo stopped
        exit 3
    fi
}

control_service() {
    (($# == 2)) || usage_error "service takes an action and a name."
    local action=$1 name=$2
    [[ -e $STATE/host ]] || die "'service' works inside a throwaway host only."
    service_command "$name"
    case $action in
        start) start_service "$name" ;;
        stop) end_service "$name" TERM ;;
        kill) end_service "$name" KILL ;;
        restart)
            end_service "$name" TERM
            start_service "$name"
            ;;
        status) service_status "$name" ;;
        *) usage_error "there is no action '$action'; see --help." ;;
    esac
}
