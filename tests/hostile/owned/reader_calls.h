/*
 * What changes something, asked of libvirt over its read-only socket, as a client that does not
 * confess to being read-only.
 */
#ifndef XW_HOSTILE_OWNED_READER_CALLS_H
#define XW_HOSTILE_OWNED_READER_CALLS_H

#include <stdbool.h>

/* libvirt's client takes the socket from here, and what it may do from the kind of opening. */
#define READ_ONLY_SOCKET "qemu+unix:///system?socket=/run/libvirt/libvirt-sock-ro"

/*
 * Makes each call and reports a line for each: its name, then "denied", "had" or "error" with
 * libvirt's number; at the end "complete". control: only those that do no harm.
 */
void reader_calls(int peer, const char *uri, bool control, void (*report)(int, const char *));

#endif
