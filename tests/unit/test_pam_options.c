/* links: pam/options.c common/config.c common/error.c common/lines.c common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/config.h"
#include "pam/options.h"

static struct xw_pam_options options;
static struct xw_error err;

static int read_one(const char *argument)
{
    err = (struct xw_error){0};
    return xw_pam_options_read(1, &argument, &options, &err);
}

static void nothing_is_the_defaults(void **state)
{
    (void)state;
    assert_int_equal(xw_pam_options_read(0, NULL, &options, &err), 0);
    assert_string_equal(options.groups, "xworlds");
    assert_string_equal(options.config, "/etc/xworlds/xworlds.conf");
    assert_false(options.config_named || options.maintenance || options.quiet || options.debug);
    assert_null(options.maintenance_text);
    assert_int_equal(options.prepare_timeout, 2);
}

static void each_option_is_taken(void **state)
{
    static const char *const all[] = {
        "maintenance=Back soon.", "quiet",       "debug",
        "prepare_timeout=60",     "config=/a/b", "groups=x,domain users"};

    (void)state;
    assert_int_equal(xw_pam_options_read(6, all, &options, &err), 0);
    assert_true(options.maintenance && options.quiet && options.debug && options.config_named);
    assert_string_equal(options.maintenance_text, "Back soon.");
    assert_int_equal(options.prepare_timeout, 60);
    assert_string_equal(options.config, "/a/b");
    assert_string_equal(options.groups, "x,domain users");
    assert_int_equal(read_one("maintenance"), 0);
    assert_true(options.maintenance);
    assert_null(options.maintenance_text);
    assert_int_equal(read_one("prepare_timeout=1"), 0);
}

static void what_is_wrong_is_refused_with_the_argument(void **state)
{
    static const char *const wrong[] = {"",
                                        "nonsense",
                                        "QUIET",
                                        "quiet=",
                                        "debug=1",
                                        "config",
                                        "config=",
                                        "config=a/b",
                                        "groups",
                                        "groups=",
                                        "groups=,",
                                        "groups=a,",
                                        "groups=,a",
                                        "groups=a,,b",
                                        "groups=a:b",
                                        "groups=a\nb",
                                        "prepare_timeout",
                                        "prepare_timeout=",
                                        "prepare_timeout=0",
                                        "prepare_timeout=61",
                                        "prepare_timeout=-1",
                                        "prepare_timeout=2.5",
                                        "prepare_timeout= 2",
                                        "maintenance=",
                                        "maintenance=\033[2J",
                                        "maintenance=a\nb",
                                        "=",
                                        "--quiet"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(read_one(wrong[i]), -EINVAL);
        assert_true(err.text[0] != '\0');
        assert_string_equal(options.groups, "xworlds");
        assert_int_equal(options.prepare_timeout, 2);
    }
}

/* So that a mistake beside it doesn't make the module apply to somebody whom it isn't for. */
static void the_groups_count_whatever_is_wrong_beside_them(void **state)
{
    static const char *const arguments[] = {"nonsense", "groups=cs530", "prepare_timeout=x"};

    (void)state;
    err = (struct xw_error){0};
    assert_int_equal(xw_pam_options_read(3, arguments, &options, &err), -EINVAL);
    assert_string_equal(options.groups, "cs530");
    assert_non_null(strstr(err.text, "\"nonsense\""));
}

static void the_list_of_groups(void **state)
{
    const char *rest = "one,two,three";
    char name[XW_PAM_GROUP_NAME_SIZE];
    char longest[XW_PAM_GROUP_NAME_SIZE + 8] = "groups=";

    (void)state;
    assert_true(xw_pam_group_next(&rest, name));
    assert_string_equal(name, "one");
    assert_true(xw_pam_group_next(&rest, name));
    assert_true(xw_pam_group_next(&rest, name));
    assert_string_equal(name, "three");
    assert_false(xw_pam_group_next(&rest, name));
    memset(longest + 7, 'g', XW_PAM_GROUP_NAME_SIZE - 1);
    assert_int_equal(read_one(longest), 0);
    longest[7 + XW_PAM_GROUP_NAME_SIZE - 1] = 'g';
    assert_int_equal(read_one(longest), -EINVAL);
}

/* The same sentence in xworlds.conf. */
static void maintenance_in_the_configuration(void **state)
{
    struct xw_config config;
    char text[300] = "maintenance = ";

    (void)state;
    xw_config_init(&config);
    assert_string_equal(config.maintenance, "");
    char line[] = "  maintenance = Back soon.   # or not\n";
    assert_int_equal(xw_config_line(&config, line, "conf", 1, &err), 0);
    assert_string_equal(config.maintenance, "Back soon.");
    char off[] = "maintenance = off";
    assert_int_equal(xw_config_line(&config, off, "conf", 2, &err), 0);
    assert_string_equal(config.maintenance, "");
    char none[] = "maintenance =";
    assert_int_equal(xw_config_line(&config, none, "conf", 3, &err), -EBADMSG);
    memset(text + strlen(text), 'x', XW_MAINTENANCE_MAX);
    char fits[300];
    memcpy(fits, text, sizeof(fits));
    assert_int_equal(xw_config_line(&config, fits, "conf", 4, &err), 0);
    assert_int_equal(strlen(config.maintenance), XW_MAINTENANCE_MAX);
    text[strlen(text)] = 'x';
    assert_int_equal(xw_config_line(&config, text, "conf", 5, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "conf:5: maintenance is off or one sentence"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_the_defaults),
        cmocka_unit_test(each_option_is_taken),
        cmocka_unit_test(what_is_wrong_is_refused_with_the_argument),
        cmocka_unit_test(the_groups_count_whatever_is_wrong_beside_them),
        cmocka_unit_test(the_list_of_groups),
        cmocka_unit_test(maintenance_in_the_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
