/*
 * A lab file as it was written: checked in itself, but groups, users and images are still names.
 * The steps from a file to the compiled records, each a module:
 *   tree.h          YAML to a tree of values with places       } in the confined child
 *   lab_read.c      the tree to a struct xw_lab                 }
 *   lab_times.c     the part of lab_read.c that is about the window
 *   lab_addresses.c what must be true between its parts         }
 *   lab_write.c     a struct xw_lab to lines for the parent     }
 *   lab_access.h    the part of lab_compile.c that is about who may use the lab
 *   lab_compile.h   those lines, with names looked up, to the records: the parent
 */
#ifndef XW_XWADM_LAB_H
#define XW_XWADM_LAB_H

#include <stdbool.h>
#include <stddef.h>

#include "common/names.h"
#include "common/record.h"
#include "common/request.h"
#include "xwadm/address.h"
#include "xwadm/buffer.h"
#include "xwadm/local_time.h"
#include "xwadm/problems.h"
#include "xwhelper/keeper/plan.h"

#define XW_GROUP_SIZE      256 /* a group's name with its end; what NSS gives may hold anything */
#define XW_MEMORY_LEAST    16  /* MiB */
#define XW_DESCRIPTION_MAX 16384
#define XW_ZONE_SIZE       64 /* the name of a time zone with its end */
#define XW_GRACE_MINUTES   (XW_GRACE_MAX / 60)

/* A name as it stands in the file: of a group or of a single user. */
struct xw_lab_group {
    struct xw_place at;
    char name[XW_GROUP_SIZE];
};

_Static_assert(XW_USERS_PER_LAB_MAX == XW_GROUPS_PER_LAB_MAX, "one list serves for both");

struct xw_lab_groups {
    size_t count;
    struct xw_lab_group items[XW_GROUPS_PER_LAB_MAX];
};

struct xw_lab_time {
    bool there;
    struct xw_place at;
    struct xw_local_time local;
};

struct xw_lab_interface {
    struct xw_place at; /* of the address, or of the interface where it has none */
    char segment[XW_NAME_SIZE];
    struct xw_address address; /* bits 0 where there is none */
    bool address_wrong;        /* it has been reported: no address is known, but one was meant */
};

struct xw_lab_machine {
    struct xw_place at;
    char name[XW_NAME_SIZE]; /* "" where the file's name is not one */
    struct xw_place image_at;
    char image[XW_NAME_SIZE];
    struct xw_place memory_at; /* of the machine where the file doesn't say */
    unsigned int memory;       /* MiB; 0 where the file doesn't say */
    unsigned int vcpus;
    unsigned int order;
    bool forward;
    bool graphics;
    struct xw_place gateway_at;
    struct xw_address gateway;
    size_t interface_count;
    struct xw_lab_interface interfaces[XW_INTERFACES_MAX];
};

struct xw_lab {
    char title[XW_TITLE_MAX + 1];
    struct xw_lab_groups students;
    struct xw_lab_groups users; /* single ones */
    struct xw_lab_groups teams;
    struct xw_lab_groups instructors;
    struct xw_lab_groups instructor_users;
    struct xw_place zone_at;
    bool zone_wrong;         /* it has been reported: the times are in no zone that is known */
    char zone[XW_ZONE_SIZE]; /* "": the host's */
    struct xw_lab_time opens;
    struct xw_lab_time closes;
    unsigned int grace;      /* minutes */
    struct xw_limits limits; /* 0 where the file doesn't say */
    bool says_suspend;
    unsigned int suspend_after; /* minutes; 0: never */
    bool says_copy_limit;
    unsigned int copy_limit; /* MiB; 0: nothing is copied */
    bool segments_wrong;     /* not all of them are here, so one that isn't may be right */
    size_t segment_count;
    char segments[XW_SEGMENTS_MAX][XW_NAME_SIZE];
    size_t machine_count;
    struct xw_lab_machine machines[XW_MACHINES_MAX];
};

struct xw_node;

/* Reads the tree of a lab file. What is wrong goes to problems; *lab holds what is right. */
void xw_lab_read(const struct xw_node *root, struct xw_lab *lab, struct xw_problems *problems);

/* Takes opens, closes, timezone and grace out of the mapping `access`. */
void xw_lab_take_times(const struct xw_node *access, struct xw_lab *lab,
                       struct xw_problems *problems);

/* Checks addresses and gateways against one another. */
void xw_lab_check_addresses(const struct xw_lab *lab, struct xw_problems *problems);

/* Writes the lines that xw_lab_compile() reads. */
void xw_lab_write(const struct xw_lab *lab, const struct xw_problems *problems,
                  struct xw_buffer *out);

/*
 * All of this: a lab file's text to those lines. Memory only, no I/O: made for a confined process.
 * out->failed tells that memory was short.
 */
void xw_lab_translate(const char *source, size_t length, struct xw_buffer *out);

#endif
