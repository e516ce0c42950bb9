#include "tests/hostile/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* Whether the kernel's acknowledgement of an audit record is there at the first look is timing. */
static bool is_waiting(long number)
{
    return number == SYS_poll || number == SYS_recvfrom;
}

/* A sanitizer's allocator: when it maps and gives back depends on addresses, which are random. */
static bool is_runtimes(long number)
{
    return getenv("SANITIZE") &&
           (number == SYS_mmap || number == SYS_munmap || number == SYS_madvise);
}

char *signature(const struct drive_result *result, bool paths)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        abort();
    for (size_t i = 0; i < result->syscall_count; i++) {
        const struct drive_syscall *call = &result->syscalls[i];
        if (is_waiting(call->number) || is_runtimes(call->number) || (paths && !*call->text))
            continue;
        fprintf(stream, "%ld %s %ld\n", call->number, call->text,
                call->result < 0 && call->result > -4096 ? call->result : 0);
    }
    if (fclose(stream) != 0)
        abort();
    return text;
}

unsigned int signature_difference(const char *left, const char *right)
{
    unsigned int line = 1;

    for (; *left && *left == *right; left++, right++)
        line += *left == '\n';
    return *left == *right ? 0 : line;
}

void signature_line(const char *text, unsigned int number, char *line, size_t size)
{
    while (--number > 0 && (text = strchr(text, '\n')) != NULL)
        text++;
    snprintf(line, size, "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
}
