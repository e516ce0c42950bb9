/*
 * What the sanitizers do in programs built with SANITIZE=1. The options are compiled in because the
 * gate and the keeper clear their environment.
 *
 * No search for leaks: LeakSanitizer stops the process with ptrace(2) from a thread of its own,
 * which no confined part may do; the unit tests search for leaks. An error ends in abort(3), so
 * that it can't be taken for one of the programs' own exit codes.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1:abort_on_error=1";
}
