/*
 * The commands: one table, used by the command line, the numbered prompt and the help.
 */
#ifndef XW_XWSH_COMMANDS_H
#define XW_XWSH_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/model.h"
#include "xwsh/session.h"

/* Options of the whole command set; a command takes some of them. */
enum xw_option {
    XW_OPTION_JSON = 1 << 0,
    XW_OPTION_FORCE = 1 << 1,
    XW_OPTION_YES = 1 << 2,
    XW_OPTION_TAKE = 1 << 3,
    XW_OPTION_NONE = 1 << 4,
    XW_OPTION_LAB = 1 << 5,     /* takes a value */
    XW_OPTION_TEXT = 1 << 6,    /* takes a value */
    XW_OPTION_WAIT = 1 << 7,    /* may have a value, behind a "=" */
    XW_OPTION_TIMEOUT = 1 << 8, /* takes a value */
    XW_OPTION_LINES = 1 << 9,   /* takes a value */
    XW_OPTION_FOLLOW = 1 << 10,
    XW_OPTION_TOPOLOGY = 1 << 11,
    XW_OPTION_PLAIN = 1 << 12,
    XW_OPTION_RECORD = 1 << 13,
    XW_OPTION_TAR = 1 << 14
};

struct xw_arguments {
    unsigned int options; /* enum xw_option */
    const char *lab;      /* with XW_OPTION_LAB */
    const char *text;     /* with XW_OPTION_TEXT */
    const char *wait;     /* with XW_OPTION_WAIT; "" where it has no value */
    const char *timeout;  /* with XW_OPTION_TIMEOUT */
    const char *lines;    /* with XW_OPTION_LINES */
    size_t count;
    const char *operand[XW_WORDS_MAX];
};

struct xw_command {
    const char *name;
    const char *operands; /* as in the usage line, "" for none */
    size_t operands_min;
    size_t operands_max;
    unsigned int options; /* enum xw_option */
    enum xw_verb verb;    /* what is asked of the gate, if anything */
    bool teaching;        /* for who looks after others' worlds */
    const char *summary;  /* a few words */
    const char *details;  /* sentences and examples, lines ended by \n */
    enum xw_exit (*run)(const struct xw_session *session, const struct xw_command *command,
                        const struct xw_arguments *arguments);
};

/* The table and its size. */
const struct xw_command *xw_commands(size_t *count);

/* The command of this exact name, or NULL. */
const struct xw_command *xw_command_find(const char *name);

/* Says that there is no command of this name, and which one may be meant. Returns XW_EXIT_USAGE. */
enum xw_exit xw_command_unknown(const struct xw_session *session, const char *name);

/*
 * Runs the command that the words are, word[0] being its name; says what is wrong with it on
 * standard error. Returns the exit code.
 */
enum xw_exit xw_commands_run(const struct xw_session *session, size_t count,
                             const char *const *word);

/*
 * Runs a command's request, shows its progress and, with results, what has come of it as that
 * comes, and complains about its failure. What is told goes into *model.
 */
enum xw_exit xw_command_ask(const struct xw_session *session, const struct xw_request *request,
                            bool results, struct xw_model *model);

/* The same until a moment of the monotonic clock in milliseconds (-1: for ever): XW_EXIT_TIMEOUT
 * then. */
enum xw_exit xw_command_ask_until(const struct xw_session *session,
                                  const struct xw_request *request, bool results, int64_t deadline,
                                  struct xw_model *model);

/* Makes the request of a command. Returns XW_EXIT_OK, or the code with the reason printed. */
enum xw_exit xw_command_request(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments, struct xw_request *request);

/* Complains about a name that can't be one, which is answered as what does not exist. */
enum xw_exit xw_command_refuse(const struct xw_session *session);

/* Complains where a JSON document couldn't be made (rc < 0); returns code else. */
enum xw_exit xw_command_check_json(const struct xw_session *session, enum xw_exit code, int rc);

#endif
