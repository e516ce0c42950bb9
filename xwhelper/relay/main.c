/*
 * The relay: moves bytes of a machine's, with nothing but the descriptors that the keeper opened
 * for it. No libvirt, no file, no socket of its own. Of a serial console there is one that has the
 * guest's end, and one for each viewer, which has what the viewer gave; where each viewer has an
 * end of the machine's alone, a stream's has both.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/exitcode.h"
#include "xwhelper/relay/policy.h"
#include "xwhelper/relay/relay.h"

static const struct kind {
    const char *name;
    const char *process; /* its name in lists of processes, where not the program's */
    const struct xw_policy *policy;
    void (*run)(void);
} kinds[] = {
    {"viewer", NULL, &xw_relay_viewer_policy, xw_relay_viewer},
    {"console", "xwrelay-console", &xw_relay_console_policy, xw_relay_console},
    {"stream", NULL, &xw_relay_stream_policy, xw_relay_stream},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* Whether the word is VERB=MIB. */
static bool is_copy(const char *word, const char *verb, unsigned int *limit)
{
    const size_t length = strlen(verb);

    if (strncmp(word, verb, length) != 0 || word[length] != '=')
        return false;
    *limit = (unsigned int)strtoul(word + length + 1, NULL, 10);
    return *limit > 0;
}

int main(int argc, char *argv[])
{
    unsigned int limit = 0;
    const bool put = argc == 2 && is_copy(argv[1], "copy-to", &limit);
    const bool copies = put || (argc == 2 && is_copy(argv[1], "copy-from", &limit));
    const struct kind *kind = argc == 2 ? find_kind(copies ? "stream" : argv[1]) : NULL;

    if (!kind)
        return XW_EXIT_USAGE;
    if (kind->process && prctl(PR_SET_NAME, kind->process) < 0)
        abort();
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        abort();
    xw_policy_enter(kind->policy);
    if (copies)
        xw_relay_copy(put, limit);
    else
        kind->run();
    return XW_EXIT_OK;
}
