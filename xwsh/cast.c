#include "xwsh/cast.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwsh/json_build.h"
#include "xwsh/json_text.h"
#include "xwsh/safe_text.h"
#include "xwsh/tty.h"

enum { VERSION = 2, SECOND = 1000000, BEGUN_MAX = 3 };

struct xw_cast {
    int fd;
    int64_t began;
    int64_t last; /* event's time */
    uint64_t limit;
    uint64_t size;
    size_t begun_count; /* the beginning of a character, whose rest has still to come */
    char begun[BEGUN_MAX];
};

/* A line as text, to be freed. */
static int format(struct json_object *line, char **text, size_t *size)
{
    const char *json = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
    FILE *stream = json ? open_memstream(text, size) : NULL;

    if (!stream)
        return -ENOMEM;
    xw_json_put_ascii(stream, json);
    putc('\n', stream);
    bool failed = ferror(stream) != 0;
    return fclose(stream) != 0 || failed ? -ENOMEM : 0;
}

/* Takes the line over; NULL is one that there was no memory for. */
static int put(struct xw_cast *cast, struct json_object *line, bool limited)
{
    XW_AUTO_FREE char *text = NULL;
    size_t size = 0;
    int rc = line ? format(line, &text, &size) : -ENOMEM;

    json_object_put(line);
    if (rc == 0 && limited && (cast->size > cast->limit || size > cast->limit - cast->size))
        rc = -EFBIG;
    if (rc < 0)
        return rc;
    rc = xw_write_all(cast->fd, text, size);
    if (rc == 0)
        cast->size += size;
    else if (ftruncate(cast->fd, (off_t)cast->size) < 0)
        rc = -errno;
    return rc;
}

static struct json_object *whole(struct json_object *object, bool ok)
{
    if (ok)
        return object;
    json_object_put(object);
    return NULL;
}

/* NULL without memory. */
static struct json_object *make_head(const struct xw_cast_head *head)
{
    struct json_object *line = json_object_new_object();
    bool ok = line && xw_json_add(line, "version", json_object_new_int(VERSION)) &&
              xw_json_add(line, "width", json_object_new_int(head->columns)) &&
              xw_json_add(line, "height", json_object_new_int(head->rows)) &&
              xw_json_add(line, "timestamp", json_object_new_int64(head->when)) &&
              xw_json_add(line, "title", json_object_new_string(head->title));

    if (ok && *head->term) {
        struct json_object *variables = json_object_new_object();
        ok = xw_json_add(line, "env", variables) &&
             xw_json_add(variables, "TERM", json_object_new_string(head->term));
    }
    return whole(line, ok);
}

/* The time is given as it is to be written: a double has no six places for sure. */
static struct json_object *make_event(struct xw_cast *cast, int64_t now, const char *what,
                                      const char *data, size_t count)
{
    char seconds[32];
    struct json_object *line = json_object_new_array();

    if (now > cast->last)
        cast->last = now;
    int64_t since = cast->last - cast->began;
    snprintf(seconds, sizeof(seconds), "%lld.%06lld", (long long)(since / SECOND),
             (long long)(since % SECOND));
    bool ok = line &&
              xw_json_append(line, json_object_new_double_s((double)since / SECOND, seconds)) &&
              xw_json_append(line, json_object_new_string(what)) &&
              xw_json_append(line, json_object_new_string_len(data, (int)count));
    return whole(line, ok);
}

int xw_cast_begin(int fd, const struct xw_cast_head *head, uint64_t limit, int64_t now,
                  struct xw_cast **cast)
{
    struct xw_cast *made = calloc(1, sizeof(*made));

    *cast = NULL;
    if (!made)
        return -ENOMEM;
    *made = (struct xw_cast){.fd = fd, .began = now, .last = now, .limit = limit};
    int rc = put(made, make_head(head), true);
    if (rc < 0)
        xw_cast_free(made);
    else
        *cast = made;
    return rc;
}

int xw_cast_output(struct xw_cast *cast, int64_t now, const char *bytes, size_t count)
{
    size_t begun = cast->begun_count;
    size_t size = begun + count;
    char *data = malloc(size + 1);

    if (!data)
        return -ENOMEM;
    memcpy(data, cast->begun, begun);
    memcpy(data + begun, bytes, count);
    cast->begun_count = xw_utf8_unfinished(data, size);
    size -= cast->begun_count;
    memcpy(cast->begun, data + size, cast->begun_count);
    struct json_object *line = size > 0 ? make_event(cast, now, "o", data, size) : NULL;
    free(data);
    return size > 0 ? put(cast, line, true) : 0;
}

int xw_cast_resize(struct xw_cast *cast, int64_t now, int columns, int rows)
{
    char size[32];
    int length = snprintf(size, sizeof(size), "%dx%d", columns, rows);

    return put(cast, make_event(cast, now, "r", size, (size_t)length), true);
}

int xw_cast_mark(struct xw_cast *cast, int64_t now, const char *words)
{
    return put(cast, make_event(cast, now, "m", words, strlen(words)), true);
}

int xw_cast_end(struct xw_cast *cast, int64_t now)
{
    static const char words[] = "end of the recording";
    int rc = 0;

    if (cast->begun_count > 0)
        rc = put(cast, make_event(cast, now, "o", cast->begun, cast->begun_count), false);
    cast->begun_count = 0;
    return rc == 0 ? put(cast, make_event(cast, now, "m", words, strlen(words)), false) : rc;
}

uint64_t xw_cast_size(const struct xw_cast *cast)
{
    return cast->size;
}

void xw_cast_free(struct xw_cast *cast)
{
    free(cast);
}
