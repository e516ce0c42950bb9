/* links: common/error.c common/names.c common/lines.c common/record.c xwhelper/keeper/plan.c xwhelper/keeper/image.c */
/* image.conf: no file name that it gives leads out of the image's directory. */
#include "tests/fuzz/fuzz.h"
#include "xwhelper/keeper/image.h"

static void check_file(const char *name)
{
    MUST(strnlen(name, XW_IMAGE_FILE_SIZE) < XW_IMAGE_FILE_SIZE);
    MUST(!strchr(name, '/') && name[0] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct xw_image image;

    memset(&image, 0, sizeof(image));
    if (xw_image_parse((const char *)data, size, &image, NULL) < 0)
        return 0;
    MUST(image.disk[0] != '\0');
    check_file(image.disk);
    check_file(image.kernel);
    check_file(image.initrd);
    return 0;
}
