/* links: xwhelper/keeper/host.c common/config.c common/config_file.c common/error.c common/lines.c common/names.c common/request.c */
/*
 * Which accelerator is chosen, with made-up devices and processors, and what xworlds.conf says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xwhelper/keeper/host.h"

static char directory[] = "/tmp/xw-accelerator.XXXXXX";
static char device[64];
static char cpuinfo[64];
static char conf[64];

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(device, sizeof(device), "%s/kvm", directory);
    snprintf(cpuinfo, sizeof(cpuinfo), "%s/cpuinfo", directory);
    snprintf(conf, sizeof(conf), "%s/conf", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(device);
    unlink(cpuinfo);
    unlink(conf);
    return rmdir(directory);
}

static const char *choose(const char *text)
{
    write_file(device, "");
    write_file(cpuinfo, text);
    return xw_accelerator_choose(device, cpuinfo);
}

static void device_and_flag_are_kvm(void **state)
{
    (void)state;
    assert_string_equal(choose("processor\t: 0\nflags\t\t: fpu vmx sse\n"), "kvm");
    assert_string_equal(choose("flags\t\t: fpu sse svm\n"), "kvm");
    assert_string_equal(choose("flags\t\t: fpu\nflags\t\t: vmx\n"), "kvm");
}

static void without_flag_is_tcg(void **state)
{
    (void)state;
    assert_string_equal(choose("flags\t\t: fpu sse\n"), "qemu");
    assert_string_equal(choose(""), "qemu");
    assert_string_equal(choose("flags\t\t: fpu svm_lock vmxe\n"), "qemu");
    assert_string_equal(choose("vmx flags\t: vnmi ept\nflags\t\t: fpu\n"), "qemu");
    assert_string_equal(choose("model name\t: vmx svm\n"), "qemu");
}

static void without_device_is_tcg(void **state)
{
    (void)state;
    choose("flags\t\t: vmx\n");
    assert_string_equal(xw_accelerator_choose(device, cpuinfo), "kvm");
    assert_int_equal(unlink(device), 0);
    assert_string_equal(xw_accelerator_choose(device, cpuinfo), "qemu");
}

static void without_cpuinfo_is_tcg(void **state)
{
    (void)state;
    choose("flags\t\t: vmx\n");
    assert_int_equal(unlink(cpuinfo), 0);
    assert_string_equal(xw_accelerator_choose(device, cpuinfo), "qemu");
}

static void real_files(void **state)
{
    const char *chosen = xw_accelerator_choose("/dev/kvm", "/proc/cpuinfo");

    (void)state;
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        assert_string_equal(chosen, "qemu");
    assert_true(strcmp(chosen, "kvm") == 0 || strcmp(chosen, "qemu") == 0);
}

static void the_setting_decides(void **state)
{
    struct xw_config config;
    struct xw_error err = {0};

    (void)state;
    write_file(conf, "# a comment\naccelerator = kvm # always\n");
    assert_int_equal(xw_config_read(conf, &config, &err), 0);
    assert_string_equal(config.accelerator, "kvm");
    write_file(conf, "accelerator=tcg\n");
    assert_int_equal(xw_config_read(conf, &config, &err), 0);
    assert_string_equal(config.accelerator, "qemu");
    write_file(conf, "stop-grace = 7\naccelerator = auto\n");
    assert_int_equal(xw_config_read(conf, &config, &err), 0);
    assert_string_equal(config.accelerator, xw_accelerator_choose("/dev/kvm", "/proc/cpuinfo"));
    assert_int_equal(config.stop_grace, 7);
}

static void another_word_is_refused(void **state)
{
    static const char *const words[] = {"xen", "KVM", "", "kvm tcg", "qemu"};
    struct xw_config config;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct xw_error err = {0};
        char text[64];

        snprintf(text, sizeof(text), "\naccelerator = %s\n", words[i]);
        write_file(conf, text);
        assert_int_equal(xw_config_read(conf, &config, &err), -EBADMSG);
        assert_non_null(strstr(err.text, "conf:2: accelerator is auto, kvm or tcg"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_and_flag_are_kvm),
        cmocka_unit_test(without_flag_is_tcg),
        cmocka_unit_test(without_device_is_tcg),
        cmocka_unit_test(without_cpuinfo_is_tcg),
        cmocka_unit_test(real_files),
        cmocka_unit_test(the_setting_decides),
        cmocka_unit_test(another_word_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
