#include "xwsh/console_keys.h"

enum xw_console_key xw_console_key(const char *bytes, size_t count, enum xw_verb verb)
{
    if (count != 1)
        return XW_CONSOLE_STAYS;
    switch (bytes[0]) {
    case 'd':
    case ']' - '@':
        return XW_CONSOLE_LEAVES;
    case ']':
        return XW_CONSOLE_LITERAL;
    case 'w':
        return XW_CONSOLE_WHO;
    case 'b':
        return XW_CONSOLE_BREAK;
    case 'r':
        return XW_CONSOLE_RECORDS;
    case '?':
        return XW_CONSOLE_HELP;
    case 'g':
        return verb == XW_VERB_TAKE ? XW_CONSOLE_GIVES : XW_CONSOLE_STAYS;
    case 't':
        return verb == XW_VERB_TAKE ? XW_CONSOLE_STAYS : XW_CONSOLE_TAKES;
    default:
        return XW_CONSOLE_STAYS;
    }
}

const char *xw_console_menu(enum xw_verb verb, bool recording)
{
    static const char *const menus[2][2] = {
        {"leaving; d now, w who is here, r record, ] send ^], ? more",
         "leaving; d now, w who is here, r ends recording, ? more"},
        {"leaving; d now, w who is here, g give back, r record, ? more",
         "leaving; d now, w who is here, g give back, r ends recording, ? more"}};

    return menus[verb == XW_VERB_TAKE][recording];
}

const char *xw_console_help(enum xw_verb verb)
{
    return verb == XW_VERB_TAKE ? "after ^], within two seconds:\n"
                                  "d or ^]  leave; the machine goes on\n"
                                  "w        who else is here\n"
                                  "r        record what is shown here, or end that\n"
                                  "g        let the others type again, and watch\n"
                                  "b        about sending a break\n"
                                  "]        send ^] to the machine\n"
                                  "another key stays, and no key leaves\n"
                                : "after ^], within two seconds:\n"
                                  "d or ^]  leave; the machine goes on\n"
                                  "w        who else is here\n"
                                  "r        record what is shown here, or end that\n"
                                  "b        about sending a break\n"
                                  "t        take over (instructors): nobody else's keys count\n"
                                  "]        send ^] to the machine\n"
                                  "another key stays, and no key leaves\n";
}

const char *xw_console_break(void)
{
    return "a break can't be sent on this kind of console; what break and KEY do, root in a Linux "
           "machine does with: echo KEY >/proc/sysrq-trigger";
}
