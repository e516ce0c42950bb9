#!/usr/bin/env bats
# The gate as it is built: what it is linked with, what it imports, how much there is to read.
# shellcheck shell=bash
load lib/common

readonly GATE=build/xwhelper

# code_lines FILE...: lines that are neither empty nor comment.
code_lines() {
    gcc -fpreprocessed -dD -E -P "$@" 2>/dev/null | grep -c '[^[:space:]]'
}

@test "the gate needs libaudit, libseccomp and the C library, and what these need is known" {
    run readelf -d "$GATE"
    [ "$status" -eq 0 ]
    [ "$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$output" | LC_ALL=C sort | xargs)" = \
        "libaudit.so.1 libc.so.6 libseccomp.so.2" ]
    refute grep -qE 'RPATH|RUNPATH|TEXTREL' <<<"$output"
    grep -q 'BIND_NOW' <<<"$output"
    [ "$(ldd "$GATE" | awk '{print $1}' | sed 's|.*/||' | LC_ALL=C sort | xargs)" = \
        "ld-linux-x86-64.so.2 libaudit.so.1 libc.so.6 libcap-ng.so.0 libseccomp.so.2 linux-vdso.so.1" ]
    # The control: a program of ours with libvirt shows it.
    readelf -d build/xwkeeper | grep -q 'libvirt.so'
}

@test "the gate imports exactly the functions listed in xwhelper/gate/imports" {
    nm -D --undefined-only "$GATE" | awk '{print $NF}' | sed -E 's/@.*//; s/^__(.*)_chk$/\1/' |
        LC_ALL=C sort -u >"$BATS_TEST_TMPDIR/imported"
    sed -E '/^(#|$)/d; s/ .*//' xwhelper/gate/imports | LC_ALL=C sort -u >"$BATS_TEST_TMPDIR/listed"
    diff -u "$BATS_TEST_TMPDIR/listed" "$BATS_TEST_TMPDIR/imported"
    grep -qx setresuid "$BATS_TEST_TMPDIR/imported"
    # No program is started, no name looked up, no file made: not even by way of the C library.
    refute grep -E '^(exec|fork|vfork|clone|popen|system|posix_spawn|getpw|getgr(nam|gid|ent)|dlopen|fopen|chmod|fchmod|unlink|rename|getenv|setlocale)' \
        "$BATS_TEST_TMPDIR/imported"
}

@test "the gate can be read in one sitting: under 700 lines of code" {
    local own all sources
    own=$(code_lines xwhelper/gate/*.c)
    mapfile -t sources < <(make --no-print-directory -s gate-sources)
    all=$(code_lines "${sources[@]}")
    echo "# xwhelper/gate: $own lines of code, with what it takes from common/: $all" >&3
    [ "$own" -gt 100 ]
    [ "$own" -lt 700 ]
    [ "$all" -lt 1815 ]
}
