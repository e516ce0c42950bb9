#include "xwhelper/keeper/checkpoint_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/lines.h"
#include "common/record.h"
#include "xwhelper/keeper/world.h"

#define SIZE_MAX_BYTES (1UL << 50) /* of a checkpoint: more than any disk here */

static const char *const states[] = {"kept", "making", "deleting"};

static void read_state(struct xw_record_lines *lines, struct xw_checkpoint *checkpoint)
{
    char word[16];

    if (!xw_record_text(lines, "state", word, sizeof(word)))
        return;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(word, states[i]) == 0) {
            checkpoint->state = (enum xw_checkpoint_state)i;
            return;
        }
    }
    xw_record_refuse_taken(lines, "the state is kept, making or deleting");
}

static bool read_flag(struct xw_record_lines *lines, const char *key)
{
    unsigned long flag = 0;

    return xw_record_number(lines, key, 0, 1, &flag) && flag == 1;
}

static void read_definition(struct xw_record_lines *lines, struct xw_checkpoint *checkpoint)
{
    uuid_t parsed;
    char again[UUID_STR_LEN];

    if (!xw_record_text(lines, "definition", checkpoint->definition,
                        sizeof(checkpoint->definition)))
        return;
    if (uuid_parse(checkpoint->definition, parsed) < 0) {
        xw_record_refuse_taken(lines, "a definition is told by a UUID");
        return;
    }
    uuid_unparse_lower(parsed, again);
    if (strcmp(again, checkpoint->definition) != 0)
        xw_record_refuse_taken(lines, "a definition is told by a UUID in lower case");
}

static void read_checkpoint(struct xw_record_lines *lines, struct xw_checkpoints *checkpoints)
{
    struct xw_checkpoint *checkpoint = &checkpoints->items[checkpoints->count];
    unsigned long number = 0;

    if (!xw_record_pair(lines, "checkpoint", checkpoint->machine, sizeof(checkpoint->machine),
                        checkpoint->name, sizeof(checkpoint->name)))
        return;
    if (!xw_name_ok(checkpoint->machine) || !xw_name_ok(checkpoint->name))
        xw_record_refuse_taken(lines, "a checkpoint is told by two names");
    if (xw_checkpoints_find(checkpoints, checkpoint->machine, checkpoint->name))
        xw_record_refuse_taken(lines, "the checkpoint is there twice");
    if (xw_record_number(lines, "made", 1, XW_TIME_MAX, &number))
        checkpoint->made = (time_t)number;
    read_state(lines, checkpoint);
    checkpoint->memory = read_flag(lines, "memory");
    number = 0;
    if (xw_record_number(lines, "size", 0, SIZE_MAX_BYTES, &number))
        checkpoint->size = number;
    read_definition(lines, checkpoint);
    if (xw_record_at(lines, "text") &&
        xw_record_text(lines, "text", checkpoint->text, sizeof(checkpoint->text)) &&
        !xw_text_ok(checkpoint->text))
        xw_record_refuse_taken(lines, "the text is not plain UTF-8 text");
    checkpoints->count++;
}

int xw_checkpoints_parse(const char *text, size_t length, struct xw_checkpoints *checkpoints,
                         struct xw_error *err)
{
    struct xw_record_lines lines;

    memset(checkpoints, 0, sizeof(*checkpoints));
    xw_record_begin(&lines, text, length, "xworlds-checkpoints 1", err);
    xw_record_name(&lines, "lab", xw_name_ok, checkpoints->lab);
    xw_record_name(&lines, "owner", xw_owner_ok, checkpoints->owner);
    while (xw_record_at(&lines, "checkpoint")) {
        if (checkpoints->count == XW_CHECKPOINTS_MAX)
            xw_record_refuse(&lines, "there are more than %d checkpoints", XW_CHECKPOINTS_MAX);
        else
            read_checkpoint(&lines, checkpoints);
    }
    int rc = xw_record_end(&lines);
    if (rc < 0)
        memset(checkpoints, 0, sizeof(*checkpoints));
    return rc;
}

int xw_checkpoints_read(const char *lab, const char *owner, struct xw_checkpoints *checkpoints,
                        struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;
    struct xw_error why = {0};

    memset(checkpoints, 0, sizeof(*checkpoints));
    XW_AUTO_CLOSE int fd = xw_world_open(lab, owner, err);
    if (fd < 0)
        return fd;
    int rc = xw_record_read(fd, "checkpoints", &text, &length, &why);
    if (rc == 0)
        rc = xw_checkpoints_parse(text, length, checkpoints, &why);
    if (rc == 0 && (strcmp(checkpoints->lab, lab) != 0 || strcmp(checkpoints->owner, owner) != 0)) {
        memset(checkpoints, 0, sizeof(*checkpoints));
        rc = xw_fail(&why, -EBADMSG, "it is about another world");
    }
    if (rc < 0 && rc != -ENOENT)
        return xw_fail(err, rc, "The record of the checkpoints of %s can't be used: %s", lab,
                       why.text);
    snprintf(checkpoints->lab, sizeof(checkpoints->lab), "%s", lab);
    snprintf(checkpoints->owner, sizeof(checkpoints->owner), "%s", owner);
    return 0;
}

static void print(const struct xw_checkpoints *checkpoints, FILE *file)
{
    fprintf(file, "xworlds-checkpoints 1\nlab %s\nowner %s\n", checkpoints->lab,
            checkpoints->owner);
    for (size_t i = 0; i < checkpoints->count; i++) {
        const struct xw_checkpoint *checkpoint = &checkpoints->items[i];

        fprintf(file,
                "checkpoint %s %s\nmade %lld\nstate %s\nmemory %d\nsize %llu\ndefinition %s\n",
                checkpoint->machine, checkpoint->name, (long long)checkpoint->made,
                states[checkpoint->state], checkpoint->memory, checkpoint->size,
                checkpoint->definition);
        if (checkpoint->text[0])
            fprintf(file, "text %s\n", checkpoint->text);
    }
    fputs("end\n", file);
}

/* Writes all of it and puts it on the disk. */
static int write_file(const char *path, const char *text, size_t length)
{
    XW_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int xw_checkpoints_write(const struct xw_checkpoints *checkpoints, struct xw_error *err)
{
    char world[PATH_MAX];
    char path[PATH_MAX + sizeof("/checkpoints")];
    char aside[PATH_MAX + sizeof("/checkpoints.new")];
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;
    int rc = xw_world_path(checkpoints->lab, checkpoints->owner, world, sizeof(world));
    FILE *file = rc == 0 ? open_memstream(&text, &length) : NULL;

    if (file)
        print(checkpoints, file);
    if (rc == 0 && (!file || fclose(file) != 0))
        rc = -ENOMEM;
    snprintf(path, sizeof(path), "%s/checkpoints", world);
    snprintf(aside, sizeof(aside), "%s/checkpoints.new", world);
    if (rc == 0)
        rc = write_file(aside, text, length);
    if (rc == 0 && rename(aside, path) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(aside);
        return xw_fail_errno(err, rc, "The checkpoints of %s can't be recorded", checkpoints->lab);
    }
    return xw_sync_parent(path, err);
}

struct xw_checkpoint *xw_checkpoints_find(struct xw_checkpoints *checkpoints, const char *machine,
                                          const char *name)
{
    for (size_t i = 0; i < checkpoints->count; i++) {
        struct xw_checkpoint *checkpoint = &checkpoints->items[i];
        if (strcmp(checkpoint->machine, machine) == 0 && strcmp(checkpoint->name, name) == 0)
            return checkpoint;
    }
    return NULL;
}

size_t xw_checkpoints_of(const struct xw_checkpoints *checkpoints, const char *machine)
{
    size_t count = 0;

    for (size_t i = 0; i < checkpoints->count; i++)
        count += strcmp(checkpoints->items[i].machine, machine) == 0;
    return count;
}

bool xw_checkpoints_making(const struct xw_checkpoints *checkpoints, const char *machine)
{
    for (size_t i = 0; i < checkpoints->count; i++) {
        if (checkpoints->items[i].state == XW_CHECKPOINT_MAKING &&
            strcmp(checkpoints->items[i].machine, machine) == 0)
            return true;
    }
    return false;
}

size_t xw_checkpoints_remove_unkept(struct xw_checkpoints *checkpoints)
{
    size_t kept = 0;
    size_t before = checkpoints->count;

    for (size_t i = 0; i < before; i++) {
        if (checkpoints->items[i].state == XW_CHECKPOINT_KEPT)
            checkpoints->items[kept++] = checkpoints->items[i];
    }
    checkpoints->count = kept;
    return before - kept;
}
