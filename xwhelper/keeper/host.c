#include "xwhelper/keeper/host.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/config_file.h"
#include "common/paths.h"

#define LIBVIRT_URI "qemu:///system"

struct xw_host {
    virConnectPtr libvirt;
    struct xw_config config;
};

int xw_config_read(const char *path, struct xw_config *config, struct xw_error *err)
{
    int rc = xw_config_load(path, config, err);

    if (rc < 0)
        return rc;
    if (strcmp(config->accelerator, "auto") == 0)
        snprintf(config->accelerator, sizeof(config->accelerator), "%s",
                 xw_accelerator_choose("/dev/kvm", "/proc/cpuinfo"));
    return 0;
}

/* Whether a "flags" line of /proc/cpuinfo has the word vmx or svm. */
static bool flags_virtualise(char *line)
{
    char *rest = NULL;

    if (strncmp(line, "flags", 5) != 0)
        return false;
    for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (strcmp(word, "vmx") == 0 || strcmp(word, "svm") == 0)
            return true;
    }
    return false;
}

const char *xw_accelerator_choose(const char *kvm_device, const char *cpuinfo)
{
    XW_AUTO_CLOSE int fd = open(kvm_device, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return "qemu";

    XW_AUTO_FCLOSE FILE *file = fopen(cpuinfo, "re");
    XW_AUTO_FREE char *line = NULL;
    size_t size = 0;

    while (file && getline(&line, &size, file) >= 0) {
        if (flags_virtualise(line))
            return "kvm";
    }
    return "qemu";
}

/* libvirt prints every error to stderr unless it is given a handler. */
static void print_nothing(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static int fill_host(struct xw_host *host, bool read_only, struct xw_error *err)
{
    /* The reader, which has no use for the configuration, opens no file. */
    int rc = read_only ? 0 : xw_config_read(XW_CONFIG_PATH, &host->config, err);
    if (rc < 0)
        return rc;

    virSetErrorFunc(NULL, print_nothing);
    host->libvirt = read_only ? virConnectOpenReadOnly(LIBVIRT_URI) : virConnectOpen(LIBVIRT_URI);
    return host->libvirt ? 0 : xw_libvirt_fail(NULL, err, "libvirt is not answering");
}

static int open_host(struct xw_host **host, bool read_only, struct xw_error *err)
{
    struct xw_host *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return xw_fail(err, -ENOMEM, "There is not enough memory on the host");

    int rc = fill_host(opened, read_only, err);
    if (rc < 0)
        free(opened);
    else
        *host = opened;
    return rc;
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    return open_host(host, false, err);
}

int xw_host_open_read_only(struct xw_host **host, struct xw_error *err)
{
    return open_host(host, true, err);
}

void xw_host_close(struct xw_host *host)
{
    if (!host)
        return;
    virConnectClose(host->libvirt);
    free(host);
}

virConnectPtr xw_host_libvirt(const struct xw_host *host)
{
    return host->libvirt;
}

const struct xw_config *xw_host_config(const struct xw_host *host)
{
    return &host->config;
}

/* libvirt puts the errno of a system error into its first number (virterror.h, int1). */
static bool disk_is_full(const virError *error)
{
    return error && error->code == VIR_ERR_SYSTEM_ERROR &&
           (error->int1 == ENOSPC || error->int1 == EDQUOT);
}

static int libvirt_code(const struct xw_host *host, const virError *error)
{
    int code = error ? error->code : VIR_ERR_OK;

    if (code == VIR_ERR_NO_DOMAIN)
        return -ENOENT;
    if (host && virConnectIsAlive(host->libvirt) != 1)
        return -EAGAIN;
    if (host)
        return disk_is_full(error) ? -ENOSPC : -EIO;
    return code == VIR_ERR_RPC || code == VIR_ERR_SYSTEM_ERROR || code == VIR_ERR_INTERNAL_ERROR
               ? -EAGAIN
               : -EIO;
}

int xw_libvirt_fail(struct xw_host *host, struct xw_error *err, const char *what, ...)
{
    /* Asking whether the connection is alive resets the last error: keep it first. */
    virErrorPtr saved = virSaveLastError();
    char text[XW_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, what);
    if (vsnprintf(text, sizeof(text), what, args) < 0)
        text[0] = '\0';
    va_end(args);

    int rc = libvirt_code(host, saved);
    xw_fail(err, rc, "%s: %s", text,
            saved && saved->message ? saved->message : "libvirt gives no reason");
    virFreeError(saved);
    return rc;
}
