/*
 * What the sanitizers do in programs built with SANITIZE=1, and how it becomes known. The options
 * are compiled in because the gate and the keeper clear their environment.
 *
 * No search for leaks: LeakSanitizer stops the process with ptrace(2) from a thread of its own,
 * which no confined part may do; the unit tests search for leaks. No names of functions, no walk
 * over the stack that reads /proc, no question whether there is a terminal: they would be killed,
 * too. An error ends in
 * abort(3), so that it can't be taken for one of the programs' own exit codes.
 *
 * A confined process can open no file for its report, and its standard error may be anybody's. So
 * each program maps one file, if it is there, before it does anything else, and a report is copied
 * into the mapping, for which no system call is needed. The throwaway host makes the file and fails
 * if something is in it (tests/host/sanitizer.sh). It holds the number of bytes that follow.
 */
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sanitizer.h"

/* The hooks are called with the runtime's locks held, in the middle of an error. */
#define PLAIN __attribute__((no_sanitize("address", "undefined")))

enum { LINE = 512 };

struct reports {
    atomic_uint used;
    char text[];
};

static struct reports *reports;
static size_t room;
static uintptr_t program_begin;

extern char __executable_start; /* of the linker */
extern char end;

const char *__asan_default_options(void);
void __asan_on_error(void);

PLAIN const char *__asan_default_options(void)
{
    return "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:symbolize=0:"
           "color=never:handle_segv=2:handle_sigbus=2:handle_sigfpe=2";
}

PLAIN static void add_text(const char *text)
{
    unsigned int length = 0;

    while (text[length])
        length++;
    if (!reports)
        return;
    unsigned int at = atomic_fetch_add(&reports->used, length);
    for (unsigned int i = 0; i < length && at + i < room; i++)
        reports->text[at + i] = text[i];
}

/* One line, before the runtime prints its own: whatever becomes of that, this is known. */
PLAIN static void add_line(const char *what, const char *where, unsigned long number)
{
    char line[LINE];

    snprintf(line, sizeof(line), "%s[%d]: %s at %s%#lx\n", program_invocation_short_name,
             (int)getpid(), what, where, number);
    add_text(line);
}

PLAIN void __asan_on_error(void)
{
    uintptr_t pc = (uintptr_t)__asan_get_report_pc();
    bool ours = pc >= program_begin && pc < (uintptr_t)&end;

    add_line(__asan_get_report_description(), ours ? "the program's " : "",
             ours ? pc - program_begin : pc);
}

/*
 * The undefined behaviour sanitizer's runtime gets itself ready at its first report, by opening
 * files: too late here. So these are its handlers, all that it takes where nothing is recovered
 * from. What each is called with begins with the place in the source.
 */
struct place {
    const char *file;
    unsigned int line;
    unsigned int column;
};

PLAIN static _Noreturn void undefined(const char *what, const struct place *place)
{
    char text[LINE];
    int n = snprintf(text, sizeof(text), "%s[%d]: undefined behaviour, %s at %s:%u\n",
                     program_invocation_short_name, (int)getpid(), what, place->file, place->line);

    add_text(text);
    if (n > 0 && write(STDERR_FILENO, text, strlen(text)) < 0)
        abort();
    abort();
}

#define HANDLER(name)                                                                              \
    _Noreturn void __ubsan_handle_##name(const struct place *place);                               \
    PLAIN _Noreturn void __ubsan_handle_##name(const struct place *place)                          \
    {                                                                                              \
        undefined(#name, place);                                                                   \
    }
HANDLER(add_overflow_abort)
HANDLER(sub_overflow_abort)
HANDLER(mul_overflow_abort)
HANDLER(negate_overflow_abort)
HANDLER(divrem_overflow_abort)
HANDLER(shift_out_of_bounds_abort)
HANDLER(out_of_bounds_abort)
HANDLER(pointer_overflow_abort)
HANDLER(type_mismatch_v1_abort)
HANDLER(vla_bound_not_positive_abort)
HANDLER(load_invalid_value_abort)
HANDLER(float_cast_overflow_abort)
HANDLER(nonnull_arg_abort)
HANDLER(invalid_builtin_abort)
HANDLER(builtin_unreachable)
HANDLER(missing_return)

__attribute__((constructor)) static void map_reports(void)
{
    struct stat info;
    int fd = open(XW_SANITIZER_REPORTS, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    program_begin = (uintptr_t)&__executable_start;
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && info.st_size > (off_t)sizeof(*reports)) {
        void *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapping != MAP_FAILED) {
            reports = mapping;
            room = (size_t)info.st_size - sizeof(*reports);
            __asan_set_error_report_callback(add_text);
        }
    }
    close(fd);
}
