/*
 * A lab's plan: what the keeper must know to build a world (docs/protocols.md). xwadm writes it,
 * keeper and xwadm read it, the gate never sees it.
 */
#ifndef XW_KEEPER_PLAN_H
#define XW_KEEPER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config.h"
#include "common/error.h"
#include "common/names.h"
#include "common/request.h"

#define XW_SEGMENTS_MAX   64
#define XW_INTERFACES_MAX 16
#define XW_IMAGE_ID_LEN   64 /* hexadecimal digits of a SHA-256 */
#define XW_ADDRESS_SIZE   64 /* "address/prefix" or "-", with its end */
#define XW_MEMORY_MAX     1048576
#define XW_VCPUS_MAX      64
#define XW_ORDER_MAX      1000

/* What may run of a lab at the same time. */
#define XW_LIMIT_MACHINES_MAX 65536
#define XW_LIMIT_MEMORY_MAX   1073741824 /* MiB */
#define XW_LIMIT_VCPUS_MAX    65536

/* What is copied at a time, in MiB; where the lab doesn't say: the second. */
#define XW_COPY_LIMIT_MAX     4096
#define XW_COPY_LIMIT_DEFAULT 64

/* Of one machine; the record of a world has room for no more. */
#define XW_LIMIT_CHECKPOINTS_MAX 160

struct xw_plan_interface {
    char segment[XW_NAME_SIZE];
    char address[XW_ADDRESS_SIZE]; /* "10.1.0.1/24", or "" where there is none */
};

struct xw_plan_machine {
    char name[XW_NAME_SIZE];
    char image[XW_NAME_SIZE];
    char image_id[XW_IMAGE_ID_LEN + 1]; /* SHA-256 of the image's image.conf */
    unsigned int memory;                /* MiB */
    unsigned int vcpus;
    unsigned int order;            /* machines of a lower order start first */
    char gateway[XW_ADDRESS_SIZE]; /* an address, or "" */
    bool forward;                  /* routes between its interfaces */
    bool graphics;                 /* has a graphical console */
    size_t interface_count;
    struct xw_plan_interface interfaces[XW_INTERFACES_MAX];
};

struct xw_plan {
    char lab[XW_NAME_SIZE];
    struct xw_limits limits; /* of all worlds of the lab together */
    bool says_suspend;       /* suspend_after is the lab's, not the host's */
    unsigned int
        suspend_after; /* minutes without work after which a world is suspended; 0: never */
    unsigned int
        copy_limit; /* MiB that may be copied at a time, to a machine or from it; 0: none */
    size_t segment_count;
    char segments[XW_SEGMENTS_MAX][XW_NAME_SIZE];
    size_t machine_count;
    struct xw_plan_machine machines[XW_MACHINES_MAX];
};

/* Parses a plan's text; returns 0 or -EBADMSG with the line in the error. */
int xw_plan_parse(const char *text, size_t length, struct xw_plan *plan, struct xw_error *err);

/* Reads labs/LAB/plan below labs_fd (as xw_record_read() does) and checks that it is this lab's. */
int xw_plan_read(int labs_fd, const char *lab, struct xw_plan *plan, struct xw_error *err);

/* The minutes after which an idle world of this lab is suspended; 0: never. */
unsigned int xw_plan_suspend_after(const struct xw_plan *plan, const struct xw_config *config);

/* The machine of that name, or NULL. */
const struct xw_plan_machine *xw_plan_machine(const struct xw_plan *plan, const char *name);

#endif
