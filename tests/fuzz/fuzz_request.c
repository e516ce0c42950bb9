/* links: common/error.c common/names.c common/request.c */
/* The keeper's line: what is accepted is well-formed, and formatting it gives the line again. */
#include "common/request.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct xw_request *request)
{
    const struct xw_verb_info *verb = xw_verb_info(request->verb);

    const bool needs_owner = verb->scope >= XW_SCOPE_LAB || verb->role == XW_ROLE_ROOT;

    MUST(*request->owner ? xw_owner_ok(request->owner) && verb->scope != XW_SCOPE_ALL
                         : !needs_owner);
    MUST(xw_request_id_ok(request->id));
    MUST(request->until >= 0 && request->until <= XW_TIME_MAX);
    MUST(!request->until || verb->takes_time);
    MUST((verb->scope == XW_SCOPE_NONE) == (*request->lab == '\0'));
    MUST(!*request->lab || xw_name_ok(request->lab));
    MUST(request->machine_count <= XW_MACHINES_MAX);
    MUST(!request->force || verb->may_force);
    MUST(!*request->checkpoint || xw_name_ok(request->checkpoint));
    MUST(!*request->checkpoint || verb->naming != XW_NAMING_NONE);
    MUST(*request->checkpoint || verb->naming < XW_NAMING_MUST);
    MUST(!*request->note || verb->naming == XW_NAMING_NOTED);
    MUST(strlen(request->note) <= (size_t)2 * XW_NOTE_MAX && strlen(request->note) % 2 == 0);
    for (size_t i = 0; i < request->machine_count; i++)
        MUST(xw_name_ok(request->machines[i]));
    if (verb->scope == XW_SCOPE_ONE)
        MUST(request->machine_count == 1 && !request->whole_world);
    if (verb->scope == XW_SCOPE_SET)
        MUST((request->machine_count > 0) != request->whole_world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = fuzz_string(data, size);
    char again[XW_LINE_MAX];
    struct xw_request request = {0};

    if (line && xw_request_parse(line, &request) == 0) {
        check(&request);
        int length = xw_request_format(&request, again);
        MUST(length == (int)size + 1 && memcmp(again, line, size) == 0);
    }
    free(line);
    return 0;
}
