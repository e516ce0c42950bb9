/*
 * Calls of libc that a test makes fail. A test defines the functions that it wants to disturb
 * itself, so that they are linked before libc's, and asks in each whether it is its turn.
 */
#ifndef XW_TESTS_FAULTS_H
#define XW_TESTS_FAULTS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static struct {
    const char *call; /* NULL: none fails */
    int nth;          /* which call of it fails, from 1 */
    int number;       /* the errno */
    int count;
} xw_fault;

static inline void xw_fault_set(const char *call, int nth, int number)
{
    xw_fault.call = call;
    xw_fault.nth = nth;
    xw_fault.number = number;
    xw_fault.count = 0;
}

static inline bool xw_fault_strikes(const char *call)
{
    if (!xw_fault.call || strcmp(call, xw_fault.call) != 0 || ++xw_fault.count != xw_fault.nth)
        return false;
    errno = xw_fault.number;
    return true;
}

/* Defines a function of libc's that returns int and that fails when it is its turn. */
#define XW_FAULTY(name, parameters, ...)                                                           \
    int name parameters                                                                            \
    {                                                                                              \
        int(*libc) parameters = NULL;                                                              \
        *(void **)&libc = dlsym(RTLD_NEXT, #name);                                                 \
        return xw_fault_strikes(#name) ? -1 : libc(__VA_ARGS__);                                   \
    }                                                                                              \
    _Static_assert(true, "")

#endif
