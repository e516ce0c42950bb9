/*
 * What `xwadm purge` shows of the worlds that it would remove.
 */
#ifndef XW_XWADM_PURGE_LIST_H
#define XW_XWADM_PURGE_LIST_H

#include <json-c/json.h>
#include <stddef.h>
#include <time.h>

#include "common/access.h"
#include "xwadm/worlds.h"

struct xw_purge_world {
    struct xw_world_name name;
    struct xw_window window;
    unsigned long long bytes; /* that its files take on the disk */
    time_t last_use;          /* when one of them was last written; 0: it has none */
    const char *result;       /* a word, once something has been tried */
};

struct xw_purge_list {
    size_t count;
    struct xw_purge_world *items;
};

/* Adds a world, with a look at its files. Returns 0 or a negative errno. */
int xw_purge_list_add(struct xw_purge_list *list, const struct xw_world_name *name,
                      const struct xw_window *window, struct xw_error *err);

/* Prints a table, with a sum. */
void xw_purge_list_print(const struct xw_purge_list *list);

/* The same for programs, an array. */
struct json_object *xw_purge_list_json(const struct xw_purge_list *list);

void xw_purge_list_free(struct xw_purge_list *list);

#define XW_AUTO_PURGE_LIST __attribute__((cleanup(xw_purge_list_free))) struct xw_purge_list

#endif
