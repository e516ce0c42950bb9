# shellcheck shell=bash
# Reports of the sanitizers, where the product was built with SANITIZE=1: one file that each program
# maps at its start (tests/sanitizer_options.c). It begins with the number of bytes that follow.

readonly SANITIZER_REPORTS=$STATE/sanitizer

# Made before any program of the product runs; written by whatever uid a program has.
make_sanitizer_reports() {
    [[ -n ${SANITIZE-} ]] || return 0
    install -m 0666 /dev/null "$SANITIZER_REPORTS"
    truncate -s 1M "$SANITIZER_REPORTS"
}

# sanitizer_reports: prints what was reported; fails if anything was.
sanitizer_reports() {
    local used
    [[ -e $SANITIZER_REPORTS ]] || return 0
    used=$(od -An -tu4 -N4 "$SANITIZER_REPORTS")
    ((used > 0)) || return 0
    tail -c +5 "$SANITIZER_REPORTS" | head -c "$used"
    return 1
}
