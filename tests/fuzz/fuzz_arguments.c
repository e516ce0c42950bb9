/* links: xwhelper/gate/audit.c xwhelper/gate/identity.c xwhelper/gate/policy.c xwhelper/gate/talk.c common/error.c common/names.c common/request.c common/record.c common/access.c common/clock.c common/lines.c common/policy.c common/landlock.c common/sanitizer_rules.c */
/*
 * The gate's arguments: what is accepted is a request that the keeper reads as the same. The input
 * is an argument vector, its strings parted by NUL, as execve(2) lays them out.
 */
#include "tests/fuzz/fuzz.h"

#define main gate_main
int gate_main(int argc, char *argv[]);
/* NOLINTNEXTLINE(bugprone-suspicious-include): its function for the arguments is its own */
#include "xwhelper/gate/main.c"
#undef main

enum { ARGUMENTS_MAX = 8 };

/* The strings of a text of `size` bytes with a NUL behind it; returns their number. */
static int split(char *text, size_t size, char *argv[ARGUMENTS_MAX + 1])
{
    int argc = 0;

    for (size_t at = 0; at <= size && argc < ARGUMENTS_MAX; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    argv[argc] = NULL;
    return argc;
}

static void check(const struct xw_request *request)
{
    char line[XW_LINE_MAX];
    struct xw_request again = {0};
    struct xw_request whole = *request;

    MUST(xw_verb_info(request->verb)->role != XW_ROLE_ROOT);
    /* Who is meant where nobody is named, main() finds out. */
    if (!*whole.owner && xw_verb_info(request->verb)->scope != XW_SCOPE_ALL)
        snprintf(whole.owner, sizeof(whole.owner), "alice");
    snprintf(whole.id, sizeof(whole.id), "0123456789abcdef");
    int length = xw_request_format(&whole, line);
    MUST(length > 0 && line[length - 1] == '\n');
    line[length - 1] = '\0';
    MUST(xw_request_parse(line, &again) == 0);
    MUST(again.verb == whole.verb && again.force == whole.force);
    MUST(strcmp(again.lab, whole.lab) == 0 && strcmp(again.owner, whole.owner) == 0);
    MUST(again.until == whole.until);
    MUST(strcmp(again.checkpoint, whole.checkpoint) == 0 && strcmp(again.note, whole.note) == 0);
    MUST(again.whole_world == whole.whole_world && again.machine_count == whole.machine_count);
    for (size_t i = 0; i < whole.machine_count; i++)
        MUST(strcmp(again.machines[i], whole.machines[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGUMENTS_MAX + 1];
    struct xw_request request = {0};
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (read_arguments(split(text, size, argv), argv, &request) == 0)
        check(&request);
    free(text);
    return 0;
}
