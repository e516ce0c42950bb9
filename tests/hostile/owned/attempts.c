#include "tests/hostile/owned/attempts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct attempt *const tables[] = {attempts_identity, attempts_kernel, attempts_files,
                                               attempts_sockets, attempts_processes};

const struct attempt *attempt_at(size_t index)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        size_t count = 0;
        while (tables[i][count].name)
            count++;
        if (index < count)
            return &tables[i][index];
        index -= count;
    }
    return NULL;
}

static const struct attempt *find(const char *name)
{
    const struct attempt *attempt;

    for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
        if (strcmp(attempt->name, name) == 0)
            break;
    }
    return attempt;
}

bool order_split(char *line, const char *words[6])
{
    size_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (count == 6)
            return false;
        words[count++] = word;
    }
    return count == 6;
}

bool order_read(const char *const words[6], struct order *order)
{
    for (size_t i = 0; i < 6; i++) {
        if (!words[i])
            return false;
    }
    order->name = words[0];
    order->scene = (struct scene){.part = (int)strtol(words[1], NULL, 10),
                                  .victim = (pid_t)strtol(words[2], NULL, 10),
                                  .caller = (pid_t)strtol(words[3], NULL, 10),
                                  .other = (uid_t)strtoul(words[4], NULL, 10),
                                  .uuid = words[5]};
    return true;
}

const char *order_carry_out(const struct order *order)
{
    static char text[32];
    const struct attempt *attempt = find(order->name);

    if (!attempt)
        return "unknown";
    int rc = attempt->run(&order->scene);
    if (rc == 0)
        return "had";
    if (rc == KEEPER_REFUSED)
        return "keeper";
    snprintf(text, sizeof(text), "refused %d", -rc);
    return text;
}

int outcome(long returned)
{
    return returned < 0 ? -errno : 0;
}

void tell_held(void (*report)(const char *text))
{
    char number[16];

    for (int fd = 0; fd < 1024; fd++) {
        struct pollfd one = {.fd = fd};
        if (poll(&one, 1, 0) == 1 && (one.revents & POLLNVAL))
            continue;
        snprintf(number, sizeof(number), "%d ", fd);
        report(number);
    }
}
