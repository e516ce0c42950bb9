/*
 * Preloaded into a unit test that meets a mutant: its first failed assertion ends it. One is
 * enough, and what comes after it may wait for what the mutant keeps from happening.
 */
#include <stdio.h>
#include <unistd.h>

void _fail(const char *file, int line);

/* What cmocka's assertions call (cmocka.h). */
void _fail(const char *file, int line)
{
    fprintf(stderr, "%s:%d: failed\n", file, line);
    _exit(1);
}
