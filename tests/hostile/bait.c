/*
 * A library that leaves a file wherever it is loaded: tests/hostile/environment.c.
 */
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor)) static void loaded(void)
{
    int fd = open("/tmp/bait/loaded", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (fd >= 0)
        close(fd);
}
