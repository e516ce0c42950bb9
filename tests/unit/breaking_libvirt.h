/*
 * Calls of libvirt that a test makes fail, as faults.h does with those of libc.
 */
#ifndef XW_TESTS_BREAKING_LIBVIRT_H
#define XW_TESTS_BREAKING_LIBVIRT_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "tests/unit/faults.h"

/* Declares `real`, the library's own function. */
#define REAL(type, name, parameters)                                                               \
    type(*real) parameters = NULL;                                                                 \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

/* Fails as libvirt does, with an error that it remembers: a look-up of nothing gives one. */
static inline bool breaks(const char *call)
{
    REAL(virDomainPtr, virDomainLookupByID, (virConnectPtr, int));

    if (!xw_fault_strikes(call))
        return false;
    real(NULL, -1);
    return true;
}

#define BREAKING(type, failure, name, parameters, ...)                                             \
    type name parameters                                                                           \
    {                                                                                              \
        REAL(type, name, parameters);                                                              \
        return breaks(#name) ? failure : real(__VA_ARGS__);                                        \
    }                                                                                              \
    _Static_assert(true, "")

static inline void print_nothing(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

#endif
