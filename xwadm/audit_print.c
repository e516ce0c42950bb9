#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "xwadm/audit.h"
#include "xwadm/say.h"

enum { NOTE_MAX = 160 };

static void user_text(uid_t uid, char *text, size_t size)
{
    const struct passwd *user = getpwuid(uid);

    if (user && xw_owner_ok(user->pw_name))
        snprintf(text, size, "%s", user->pw_name);
    else
        snprintf(text, size, "%u", (unsigned int)uid);
}

static void local_time(uint64_t when, char *text, size_t size)
{
    time_t seconds = (time_t)(when / 1000000);
    struct tm parts;

    if (!localtime_r(&seconds, &parts) || strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        snprintf(text, size, "?");
}

static void utc_time(uint64_t when, char *text, size_t size)
{
    time_t seconds = (time_t)(when / 1000000);
    char whole[32];
    struct tm parts;

    if (!gmtime_r(&seconds, &parts) ||
        strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        whole[0] = '\0';
    snprintf(text, size, "%s.%06uZ", whole, (unsigned int)(when % 1000000));
}

void xw_audit_print_heading(void)
{
    xw_say("%-19s  %-12s %7s  %-8s %-28s %-11s %8s  %s", "TIME", "USER", "SESSION", "VERB",
           "WORLD/MACHINES", "RESULT", "SECONDS", "NOTE");
}

/* World and machines, and whose world it is where that isn't the user. */
static void target_text(const struct xw_audit_side *side, const char *user, char *text, size_t size)
{
    bool lab = strcmp(side->lab, "-") != 0;
    bool machines = strcmp(side->machines, "-") != 0;
    /* The gate's word for a user who has no world: nobody else is meant. */
    bool nobody = strcmp(side->owner, "-") == 0 || strcmp(side->owner, "_nobody") == 0;
    bool other = !nobody && strcmp(side->owner, user) != 0;

    snprintf(text, size, "%s%s%s%s%s",
             lab     ? side->lab
             : other ? ""
                     : "-",
             machines ? "/" : "", machines ? side->machines : "",
             other ? (lab ? " of " : "of ") : "", other ? side->owner : "");
}

void xw_audit_print_line(const struct xw_audit_event *event)
{
    const struct xw_audit_side *side = xw_audit_event_side(event);
    char when[32];
    char user[XW_NAME_SIZE];
    char session[24] = "-";
    char target[2 * XW_NAME_SIZE + 2400];
    char seconds[24];
    char note[NOTE_MAX];

    local_time(xw_audit_event_time(event), when, sizeof(when));
    user_text(side->uid, user, sizeof(user));
    if (event->session >= 0)
        snprintf(session, sizeof(session), "%ld", event->session);
    target_text(side, user, target, sizeof(target));
    snprintf(seconds, sizeof(seconds), "%.3f", (double)side->duration / 1e6);
    xw_audit_event_dispute(event, note, sizeof(note));
    xw_say("%-19s  %-12s %7s  %-8s %-28s %-11s %8s%s%s", when, user, session, side->op, target,
           xw_audit_event_result(event), seconds, *note ? "  " : "", note);
}

/* "-" is what isn't there. */
static void add_word(struct json_object *object, const char *key, const char *word)
{
    if (strcmp(word, "-") != 0)
        xw_json_text(object, key, word);
}

static struct json_object *side_json(const struct xw_audit_side *side)
{
    struct json_object *object = xw_json_need(json_object_new_object());
    char when[48];

    utc_time(side->when, when, sizeof(when));
    xw_json_text(object, "time", when);
    xw_json_number(object, "uid", side->uid);
    add_word(object, "verb", side->op);
    add_word(object, "lab", side->lab);
    add_word(object, "owner", side->owner);
    add_word(object, "machines", side->machines);
    xw_json_bool(object, "refused", side->refused);
    if (side->code >= 0)
        xw_json_number(object, "code", (unsigned long long)side->code);
    if (side->signal > 0)
        xw_json_number(object, "signal", (unsigned long long)side->signal);
    xw_json_number(object, "duration_usec", side->duration);
    return object;
}

static struct json_object *list_of(const char *joined)
{
    struct json_object *list = xw_json_need(json_object_new_array());

    for (const char *at = joined && strcmp(joined, "-") != 0 ? joined : NULL; at && *at;) {
        size_t length = strcspn(at, ",");
        json_object_array_add(list, xw_json_need(json_object_new_string_len(at, (int)length)));
        at += length + (at[length] == ',');
    }
    return list;
}

static void add_kernel_words(struct json_object *object, const struct xw_audit_event *event)
{
    char name[XW_NAME_SIZE];

    if (event->login != (uid_t)-1) {
        user_text(event->login, name, sizeof(name));
        xw_json_number(object, "login_uid", event->login);
        xw_json_text(object, "login_user", name);
    }
    if (event->session >= 0)
        xw_json_number(object, "session", (unsigned long long)event->session);
    if (*event->terminal && strcmp(event->terminal, "?") != 0)
        xw_json_text(object, "terminal", event->terminal);
}

struct json_object *xw_audit_to_json(const struct xw_audit_event *event)
{
    static const char *const phases[] = {"request", "open", "close", "malformed"};
    const struct xw_audit_side *side = xw_audit_event_side(event);
    struct json_object *object = xw_json_need(json_object_new_object());
    char text[NOTE_MAX];

    utc_time(xw_audit_event_time(event), text, sizeof(text));
    xw_json_text(object, "time", text);
    if (*event->id)
        xw_json_text(object, "request", event->id);
    xw_json_text(object, "phase", phases[event->phase]);
    user_text(side->uid, text, sizeof(text));
    xw_json_text(object, "user", text);
    xw_json_number(object, "uid", side->uid);
    add_word(object, "verb", side->op);
    add_word(object, "lab", side->lab);
    add_word(object, "owner", side->owner);
    json_object_object_add(object, "machines", list_of(side->machines));
    json_object_object_add(object, "domains", list_of(event->domains));
    xw_json_text(object, "result", xw_audit_event_result(event));
    xw_json_number(object, "duration_usec", side->duration);
    add_kernel_words(object, event);
    xw_audit_event_dispute(event, text, sizeof(text));
    if (*text)
        xw_json_text(object, "disagreement", text);
    if (event->side[XW_AUDIT_GATE].present)
        json_object_object_add(object, "audit_log", side_json(&event->side[XW_AUDIT_GATE]));
    if (event->side[XW_AUDIT_KEEPER].present)
        json_object_object_add(object, "journal", side_json(&event->side[XW_AUDIT_KEEPER]));
    return object;
}
