/* links: common/error.c common/names.c common/lines.c common/record.c xwhelper/keeper/plan.c */
/* The compiled records, owner, access and plan, as gate and keeper parse them. */
#include "common/lines.h"
#include "common/record.h"
#include "tests/fuzz/fuzz.h"
#include "xwhelper/keeper/plan.h"

static void try_owner(const char *text, size_t length)
{
    static struct xw_owner owner;

    if (xw_owner_parse(text, length, &owner, NULL) < 0) {
        MUST(owner.uid == 0 && owner.gid == 0 && owner.lab_count == 0);
        return;
    }
    MUST((owner.uid != 0) != (owner.gid != 0) && xw_owner_ok(owner.name));
    MUST(owner.uid != (uid_t)-1 && owner.gid != (gid_t)-1);
    MUST(xw_is_team(owner.name) == (owner.gid != 0));
    MUST(owner.instructed_count <= XW_LABS_PER_OWNER_MAX);
    for (size_t i = 0; i < owner.instructed_count; i++)
        MUST(xw_name_ok(owner.instructed[i]));
    MUST(owner.lab_count <= XW_LABS_PER_OWNER_MAX);
    for (size_t i = 0; i < owner.lab_count; i++)
        MUST(xw_name_ok(owner.labs[i]) && owner.until[i] >= 0 && owner.until[i] <= XW_TIME_MAX);
}

/* By uid in ascending order, none of them root. */
static void try_users(const struct xw_named *users, size_t count)
{
    uid_t last = 0;

    MUST(count <= XW_USERS_PER_LAB_MAX);
    for (size_t i = 0; i < count; i++) {
        MUST(users[i].uid > last && users[i].uid != (uid_t)-1);
        MUST(xw_owner_ok(users[i].name) && !xw_is_team(users[i].name));
        last = users[i].uid;
    }
}

static void try_access(const char *text, size_t length)
{
    static struct xw_access access;

    if (xw_access_parse(text, length, &access, NULL) < 0) {
        MUST(access.student_count == 0 && access.team_count == 0 && access.machine_count == 0);
        MUST(access.user_count == 0 && access.instructor_user_count == 0);
        return;
    }
    MUST(xw_name_ok(access.lab) && xw_text_ok(access.title));
    MUST(access.student_count + access.user_count + access.team_count > 0);
    try_users(access.users, access.user_count);
    try_users(access.instructor_users, access.instructor_user_count);
    MUST(access.student_count <= XW_GROUPS_PER_LAB_MAX);
    MUST(access.team_count <= XW_GROUPS_PER_LAB_MAX);
    MUST(access.opens >= 0 && access.opens <= XW_TIME_MAX);
    MUST(access.closes == 0 || (access.closes > access.opens && access.closes <= XW_TIME_MAX));
    MUST(access.grace == 0 || (access.closes && access.grace <= XW_GRACE_MAX));
    MUST(access.machine_count > 0 && access.machine_count <= XW_MACHINES_MAX);
    for (size_t i = 0; i < access.student_count; i++)
        MUST(access.students[i] != 0 && access.students[i] != (gid_t)-1);
    for (size_t i = 0; i < access.team_count; i++)
        MUST(access.teams[i] != 0 && access.teams[i] != (gid_t)-1);
    for (size_t i = 0; i < access.machine_count; i++)
        MUST(xw_name_ok(access.machines[i]));
}

static void try_plan(const char *text, size_t length)
{
    static struct xw_plan plan;

    if (xw_plan_parse(text, length, &plan, NULL) < 0)
        return;
    MUST(xw_name_ok(plan.lab) && plan.segment_count <= XW_SEGMENTS_MAX);
    MUST(plan.machine_count > 0 && plan.machine_count <= XW_MACHINES_MAX);
    for (size_t i = 0; i < plan.machine_count; i++) {
        const struct xw_plan_machine *machine = &plan.machines[i];
        MUST(xw_name_ok(machine->name) && xw_name_ok(machine->image));
        MUST(strlen(machine->image_id) == XW_IMAGE_ID_LEN);
        MUST(machine->interface_count <= XW_INTERFACES_MAX);
        MUST(machine->memory <= XW_MEMORY_MAX && machine->vcpus <= XW_VCPUS_MAX);
        MUST(xw_plan_machine(&plan, machine->name) == machine);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_owner((const char *)data, size);
    try_access((const char *)data, size);
    try_plan((const char *)data, size);
    return 0;
}
