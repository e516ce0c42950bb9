/*
 * A recording proxy in the place of libvirt's read-write socket: it passes everything on and
 * counts what is called (the procedure numbers of libvirt's remote protocol).
 */
#ifndef XW_HOSTILE_PROXY_H
#define XW_HOSTILE_PROXY_H

/* Puts itself in the socket's place, and puts the socket back. */
void proxy_start(void);
void proxy_stop(void);

/* What has gone over the read-write socket since the start. */
struct proxy_count {
    unsigned long connections;
    unsigned long calls;
    unsigned long mutating; /* calls that are not known to be questions */
};
struct proxy_count proxy_count(void);

#endif
