/*
 * What stands in xworlds.conf(5). The keeper reads the file for its settings, the PAM module for
 * `maintenance`, xwsh for the password that it asks for again and for recordings; all refuse a file
 * that holds anything else than settings. No I/O.
 */
#ifndef XW_COMMON_CONFIG_H
#define XW_COMMON_CONFIG_H

#include <stdbool.h>

#include "common/error.h"
#include "common/names.h"

#define XW_MAINTENANCE_MAX     200   /* bytes */
#define XW_GROUPS_MAX          16    /* of no-password */
#define XW_KEEP_CLOSED_MAX     36500 /* days */
#define XW_SUSPEND_AFTER_MAX   10080 /* minutes: a week */
#define XW_SUSPEND_WARNING_MAX 60    /* minutes */
#define XW_RECORDING_SIZE_MAX  4096  /* MiB */

/* What may run at the same time, and be kept; 0 where there is no limit. */
struct xw_limits {
    unsigned int machines;
    unsigned int memory; /* MiB */
    unsigned int vcpus;
    unsigned int checkpoints; /* of one machine */
};

struct xw_config {
    char accelerator[8];      /* "auto", "kvm" or "qemu": what a domain's type is */
    bool audit_required;      /* what changes a world is refused while the kernel doesn't audit */
    unsigned int stop_grace;  /* seconds between the power button and the plug */
    unsigned int keep_closed; /* days that a world stays after its end, before it is purged */
    unsigned int per_user;    /* requests of one user at the same time, consoles included */
    unsigned int in_all;      /* requests at the same time */
    struct xw_limits user;    /* what one user's machines may use, of all labs together */
    unsigned int checkpoint_space; /* MiB: of a world's disks with its checkpoints; 0: no limit */
    unsigned int memory_reserve;   /* MiB of the host's memory that no start of a machine eats */
    unsigned int disk_reserve;     /* the same of the disk that holds the worlds */
    unsigned int disk_rate;        /* MiB a second, of one machine's disk; 0: no limit */
    unsigned int disk_operations;  /* a second, of one machine's disk; 0: no limit */
    unsigned int world_disk;       /* MiB of the host's disk that one world may take; 0: no limit */
    unsigned int recording_size;   /* MiB of one recording of a user's own; 0: there are none */
    unsigned int recording_space;  /* MiB of all of one user's recordings; 0: no limit */
    char maintenance[XW_MAINTENANCE_MAX + 1]; /* what is told to who logs in meanwhile, or "" */
    unsigned int
        suspend_after; /* minutes without work after which a world is suspended; 0: never */
    unsigned int suspend_warning; /* minutes that a warning stands on an open console before */
    unsigned int suspend_cpu;     /* percent of a processor up to which a machine has no work */
    bool suspend_on_logout;       /* a person's worlds, when nobody has them open any more */
    unsigned int reauthenticate;  /* 1 << enum xw_verb: before which xwsh asks for the password */
    unsigned int lock_after;      /* seconds without a key until xwsh locks its menu; 0: never */
    unsigned int no_password_count;
    char no_password[XW_GROUPS_MAX][XW_NAME_SIZE]; /* groups of accounts that have no password */
};

/* Sets every default. */
void xw_config_init(struct xw_config *config);

/*
 * Reads one line, which is changed: a comment, nothing, or "key = value". where and number are the
 * file's name and the line's number, for the error. Returns 0 or -EBADMSG.
 */
int xw_config_line(struct xw_config *config, char *line, const char *where, unsigned int number,
                   struct xw_error *err);

#endif
