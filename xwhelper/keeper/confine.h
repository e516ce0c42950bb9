/*
 * The seccomp filters of the processes that the listener forks: what each kind may still ask of
 * the kernel once its request has been authorized. Anything else kills the process.
 */
#ifndef XW_KEEPER_CONFINE_H
#define XW_KEEPER_CONFINE_H

/* For the reader, after it has become xwread: libvirt's client and nothing else. */
void xw_confine_reader(void);

/* For a child that changes a world: libvirt's client, files of the world, bridges; no program. */
void xw_confine_child(void);

#endif
