/* links: common/error.c common/names.c common/lines.c common/record.c xwhelper/keeper/plan.c xwsh/suggest.c xwadm/address.c xwadm/buffer.c xwadm/lab_access.c xwadm/lab_addresses.c xwadm/lab_compile.c xwadm/lab_read.c xwadm/lab_take.c xwadm/lab_times.c xwadm/lab_write.c xwadm/local_time.c xwadm/problems.c xwadm/tree.c */
/*
 * A lab file from its YAML to the compiled records. Whatever the file is, the lines for the parent
 * are such as the parent reads, and there are either problems, each with a place, or two records
 * that gate and keeper will read.
 */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "xwadm/lab.h"
#include "xwadm/lab_compile.h"

static int any_group(const char *name, gid_t *gid, struct xw_error *err)
{
    (void)err;
    *gid = 1000 + (gid_t)(unsigned char)name[0];
    return name[0] == 'z' ? -ENOENT : 0;
}

/* Two of them have one uid, some can't be a lab's. */
static int any_user(const char *name, uid_t *uid, struct xw_error *err)
{
    (void)err;
    *uid = name[0] == 'r' ? 0 : 990 + (uid_t)(unsigned char)(name[0] / 2);
    return name[0] == 'y' ? -ENOENT : 0;
}

static int any_image(const char *name, char *id, unsigned int *memory_min, struct xw_error *err)
{
    (void)err;
    memset(id, 'a', XW_IMAGE_ID_LEN);
    id[XW_IMAGE_ID_LEN] = '\0';
    *memory_min = name[0] == 'b' ? 64 : 0;
    return name[0] == 'z' ? -ENOENT : 0;
}

/* Such as the clocks of real places do: none, one or two of a time. */
static int any_time(const char *zone, const struct xw_local_time *local, time_t *first,
                    time_t *last, struct xw_error *err)
{
    MUST(zone && local->month >= 1 && local->month <= 12 && local->day >= 1 && local->day <= 31);
    *first = (local->year - 1970) * 31556952L + local->month * 2678400L + local->day * 86400L +
             local->hour * 3600L + local->minute * 60L;
    *last = *first + (local->minute == 30 ? 3600 : 0);
    if (local->minute == 45)
        return xw_fail(err, -EIO, "no answer");
    return local->minute == 15 ? 0 : local->minute == 30 ? 2 : 1;
}

static void check_problems(const struct xw_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        MUST(problems->items[i].at.line > 0 && problems->items[i].at.column > 0);
        MUST(problems->items[i].text[0] != '\0');
    }
}

static void compile(const struct xw_buffer *lines)
{
    static const char *const images[] = {"tiny"};
    static struct xw_lab_compiled compiled;
    static struct xw_problems problems;
    static struct xw_access access;
    static struct xw_plan plan;
    static const char *const zones[] = {"Europe/Berlin", "UTC"};
    const struct xw_lab_lookup lookup = {.group = any_group,
                                         .user = any_user,
                                         .image = any_image,
                                         .time = any_time,
                                         .zones = zones,
                                         .zone_count = 2,
                                         .images = images,
                                         .image_count = 1};
    struct xw_error err = {0};

    memset(&compiled, 0, sizeof(compiled));
    memset(&problems, 0, sizeof(problems));
    int rc =
        xw_lab_compile("firewall", lines->text, lines->length, &lookup, &compiled, &problems, &err);
    MUST(rc != -EBADMSG);
    check_problems(&problems);
    if (rc == 0) {
        MUST(problems.count == 0);
        MUST(xw_access_parse(compiled.access_text.text, compiled.access_text.length, &access,
                             NULL) == 0);
        MUST(xw_plan_parse(compiled.plan_text.text, compiled.plan_text.length, &plan, NULL) == 0);
    } else {
        MUST(problems.count > 0 || err.code < 0);
    }
    xw_buffer_free(&compiled.access_text);
    xw_buffer_free(&compiled.plan_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    XW_AUTO_BUFFER lines = {0};

    xw_lab_translate((const char *)data, size, &lines);
    MUST(lines.text && !lines.failed);
    compile(&lines);
    return 0;
}
