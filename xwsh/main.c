/*
 * xwsh: the shell of a lab's students. It has no privilege and executes one program only, the gate;
 * where the password is asked for again, PAM executes unix_chkpwd(8) besides (reauth.h). This file
 * decides what was asked for; xwsh(1) describes the ways in which it is called.
 */
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/commands.h"
#include "xwsh/help.h"
#include "xwsh/menu.h"
#include "xwsh/prompt.h"
#include "xwsh/session.h"
#include "xwsh/settings.h"
#include "xwsh/words.h"

static bool is_own_name(const char *word)
{
    const char *slash = strrchr(word, '/');

    return strcmp(slash ? slash + 1 : word, "xwsh") == 0;
}

/* No command: the menu, the prompt where the terminal is too simple, or the usage without one. */
static enum xw_exit run_interactive(const struct xw_session *session)
{
    enum xw_exit code = XW_EXIT_OK;
    struct xw_settings settings;
    struct xw_error err = {0};

    if (!session->in_tty || !session->out_tty) {
        xw_help_overview(stderr);
        return XW_EXIT_USAGE;
    }
    if (xw_settings_read(XW_CONFIG_PATH, &settings, &err) < 0) {
        xw_session_complain(session, err.text);
        return XW_EXIT_TRY_AGAIN;
    }
    if (session->capable && xw_menu_run(session, &settings, &code) == 0)
        return code;
    return xw_prompt_run(session, &settings);
}

/* Runs the words of a command line, of which the first may be our own name. */
static enum xw_exit run_words(const struct xw_session *session, size_t count,
                              const char *const *word)
{
    static const char *const help[] = {"help"};
    static const char *const version[] = {"version"};

    if (count > 0 && is_own_name(word[0])) {
        count--;
        word++;
    }
    if (count == 0)
        return run_interactive(session);
    if (session->prepared != XW_PREPARED_READY)
        xw_session_complain(session, xw_prepared_text(session->prepared));
    if (count == 1 && strcmp(word[0], "--help") == 0)
        word = help;
    else if (count == 1 && strcmp(word[0], "--version") == 0)
        word = version;
    return xw_commands_run(session, count, word);
}

static enum xw_exit run_line(const struct xw_session *session, const char *line)
{
    struct xw_words words;
    struct xw_error err = {0};

    if (xw_words_split(line, &words, &err) < 0) {
        xw_session_complain(session, err.text);
        return XW_EXIT_USAGE;
    }
    return run_words(session, words.count, (const char *const *)words.word);
}

/*
 * What sshd's ForceCommand runs is our own path, directly or through us as the login shell; what
 * the user asked for is then in the environment. Anything else after -c is the command.
 */
static enum xw_exit run(const struct xw_session *session, int argc, char **argv)
{
    if (argc == 1 && session->has_original)
        return run_line(session, session->original);
    if (argc == 1)
        return run_interactive(session);
    if (strcmp(argv[1], "-c") != 0)
        return run_words(session, (size_t)argc - 1, (const char *const *)argv + 1);
    if (argc != 3) {
        xw_session_complain(session, "-c takes one command line");
        return XW_EXIT_USAGE;
    }
    if (session->has_original && is_own_name(argv[2]))
        return run_line(session, session->original);
    return run_line(session, argv[2]);
}

int main(int argc, char **argv)
{
    static struct xw_session session;
    struct xw_error err = {0};

    if (xw_session_start(&session, &err) < 0) {
        fprintf(stderr, "xwsh: %s\n", err.text);
        return XW_EXIT_FAILED;
    }
    enum xw_exit code = argc > 0 ? run(&session, argc, argv) : XW_EXIT_USAGE;
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == XW_EXIT_OK) {
        xw_session_complain(&session, "the output could not be written");
        code = XW_EXIT_FAILED;
    }
    return (int)code;
}
