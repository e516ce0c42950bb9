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

struct xw_fault {
    const char *call; /* NULL: none fails */
    int nth;          /* which call of it fails, from 1 */
    int number;       /* the errno */
    int count;
};

static struct xw_fault xw_fault, xw_second_fault;

/* One call fails. */
static inline void xw_fault_set(const char *call, int nth, int number)
{
    xw_fault = (struct xw_fault){.call = call, .nth = nth, .number = number};
    xw_second_fault.call = NULL;
}

/* Another one, too: what is done about the first may fail as well. */
static inline void xw_fault_also(const char *call, int nth, int number)
{
    xw_second_fault = (struct xw_fault){.call = call, .nth = nth, .number = number};
}

static inline bool xw_fault_is_due(struct xw_fault *fault, const char *call)
{
    if (!fault->call || strcmp(call, fault->call) != 0 || ++fault->count != fault->nth)
        return false;
    errno = fault->number;
    return true;
}

static inline bool xw_fault_strikes(const char *call)
{
    return xw_fault_is_due(&xw_fault, call) || xw_fault_is_due(&xw_second_fault, call);
}

/* Defines a function of libc's that fails when it is its turn. */
#define XW_FAULTY_AS(type, failure, name, parameters, ...)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        type(*libc) parameters = NULL;                                                             \
        *(void **)&libc = dlsym(RTLD_NEXT, #name);                                                 \
        return xw_fault_strikes(#name) ? failure : libc(__VA_ARGS__);                              \
    }                                                                                              \
    _Static_assert(true, "")

/* One that returns int. */
#define XW_FAULTY(name, parameters, ...) XW_FAULTY_AS(int, -1, name, parameters, __VA_ARGS__)

/* A lock that can't be had: the call "lock". */
#define XW_FAULTY_LOCK                                                                             \
    int fcntl(int fd, int command, ...)                                                            \
    {                                                                                              \
        int (*libc)(int, int, ...) = NULL;                                                         \
        va_list arguments;                                                                         \
        *(void **)&libc = dlsym(RTLD_NEXT, "fcntl");                                               \
        va_start(arguments, command);                                                              \
        void *argument = va_arg(arguments, void *);                                                \
        va_end(arguments);                                                                         \
        return command == F_OFD_SETLKW && xw_fault_strikes("lock") ? -1                            \
                                                                   : libc(fd, command, argument);  \
    }                                                                                              \
    _Static_assert(true, "")

/* The stream in memory that a definition is written to. */
#define XW_FAULTY_MEMORY                                                                           \
    XW_FAULTY_AS(FILE *, NULL, open_memstream, (char **text, size_t *size), text, size)

#endif
