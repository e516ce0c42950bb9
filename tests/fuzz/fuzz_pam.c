/* links: pam/options.c common/config.c common/error.c common/lines.c common/names.c common/request.c */
/*
 * The PAM module's arguments, one a line, and, behind an empty line, the lines of xworlds.conf.
 * Whatever is refused, the groups stay usable: it depends on them whom the module leaves alone.
 */
#include "common/config.h"
#include "common/lines.h"
#include "pam/options.h"
#include "tests/fuzz/fuzz.h"

enum { ARGUMENTS_MAX = 64 };

static void check_options(const struct xw_pam_options *options, int rc, const struct xw_error *err)
{
    char name[XW_PAM_GROUP_NAME_SIZE];
    const char *rest = options->groups;
    int count = 0;

    while (xw_pam_group_next(&rest, name)) {
        MUST(*name && !strpbrk(name, ",:\n") && xw_text_ok(name));
        count++;
    }
    MUST(count > 0 && *rest == '\0');
    MUST(options->config[0] == '/');
    MUST(options->prepare_timeout >= 1 && options->prepare_timeout <= XW_PAM_WAIT_MAX);
    MUST(!options->maintenance_text ||
         (options->maintenance && xw_text_ok(options->maintenance_text) &&
          strlen(options->maintenance_text) <= XW_MAINTENANCE_MAX));
    MUST((rc == 0) == (err->code == 0));
    MUST(rc == 0 || *err->text);
    MUST(!strpbrk(err->text, "\n\033"));
}

static void check_config(char *text)
{
    struct xw_config config;
    char *line;

    xw_config_init(&config);
    for (unsigned int number = 1; (line = strsep(&text, "\n")) != NULL; number++) {
        struct xw_error err = {0};
        int rc = xw_config_line(&config, line, "conf", number, &err);
        MUST((rc == 0) == (err.code == 0));
        MUST(!*config.maintenance || xw_text_ok(config.maintenance));
        MUST(config.per_user >= 1 && config.in_all >= 1 && config.stop_grace >= 1);
        MUST(strcmp(config.accelerator, "auto") == 0 || strcmp(config.accelerator, "kvm") == 0 ||
             strcmp(config.accelerator, "qemu") == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    const char *arguments[ARGUMENTS_MAX];
    struct xw_pam_options options;
    struct xw_error err = {0};
    int count = 0;

    if (!text)
        return 0;
    char *rest = text;
    while (rest && *rest != '\n' && count < ARGUMENTS_MAX)
        arguments[count++] = strsep(&rest, "\n");
    int rc = xw_pam_options_read(count, arguments, &options, &err);
    check_options(&options, rc, &err);
    if (rest)
        check_config(rest);
    free(text);
    return 0;
}
