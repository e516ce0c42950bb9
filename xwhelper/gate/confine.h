/*
 * The gate's seccomp filter: what it may still ask of the kernel when it begins to read what its
 * caller said. Anything else kills the process.
 */
#ifndef XW_GATE_CONFINE_H
#define XW_GATE_CONFINE_H

/* Loads the filter, with no_new_privs. Aborts when that fails. */
void xw_gate_confine(void);

#endif
