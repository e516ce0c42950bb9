/*
 * The module as the unit tests load it: sanitized, and with the calls that it makes counted, kept
 * or made to fail. Calls of libpam and of the C library among themselves are not touched.
 */
#ifndef XW_TESTS_PAM_FAULTY_H
#define XW_TESTS_PAM_FAULTY_H

/* Each call of the module that can fail, and how it fails. */
#define XW_PAM_CALLS(X)                                                                            \
    X(pam_get_item)                                                                                \
    X(pam_modutil_getpwnam)                                                                        \
    X(pam_prompt)                                                                                  \
    X(pam_putenv)                                                                                  \
    X(getgrouplist)                                                                                \
    X(getgrnam_r)                                                                                  \
    X(malloc)                                                                                      \
    X(calloc)                                                                                      \
    X(open)                                                                                        \
    X(openat)                                                                                      \
    X(fstat)                                                                                       \
    X(read)                                                                                        \
    X(fdopendir)                                                                                   \
    X(readdir)                                                                                     \
    X(clock_gettime)                                                                               \
    X(socket)                                                                                      \
    X(setsockopt)                                                                                  \
    X(getsockopt)                                                                                  \
    X(connect)                                                                                     \
    X(getrandom)                                                                                   \
    X(send)                                                                                        \
    X(poll)

enum xw_pam_call {
#define XW_PAM_ENUM(name) XW_PAM_##name,
    XW_PAM_CALLS(XW_PAM_ENUM)
#undef XW_PAM_ENUM
        XW_PAM_CALL_COUNT
};

struct xw_pam_faults {
    int call;       /* which is to fail; XW_PAM_CALL_COUNT: none */
    int nth;        /* from 1 */
    int with_errno; /* instead of its own error, where it isn't 0 */
    int hit;
    int counts[XW_PAM_CALL_COUNT];
    char log[4096]; /* what went to syslog, line by line */
};

#define XW_PAM_FAULTS_SYMBOL "xw_pam_faults"

#endif
