#include "tests/hostile/talk.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/suite.h"

enum { PATIENCE = 8000 };

gid_t helper_group(void)
{
    const struct group *group = getgrnam(XW_HELPER_USER);

    if (!group) {
        fail("there is no group " XW_HELPER_USER);
        return 0;
    }
    return group->gr_gid;
}

struct drive_user taken_over(const struct drive_user *student)
{
    struct drive_user user = *student;

    user.gid = helper_group();
    return user;
}

int connect_keeper(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

bool send_with(int keeper, const char *bytes, size_t size, const int *fds, size_t count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 253)];
    } control;
    struct iovec data = {(void *)(size_t)bytes, size};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    memset(&control, 0, sizeof(control));
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    return sendmsg(keeper, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

void read_reply(int keeper, char *text, size_t size)
{
    size_t used = 0;
    long until = milliseconds() + PATIENCE;

    while (used < size - 1) {
        struct pollfd ready = {.fd = keeper, .events = POLLIN};
        long left = until - milliseconds();
        if (left <= 0 || poll(&ready, 1, (int)left) != 1)
            break;
        ssize_t n = read(keeper, text + used, size - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text[used] = '\0';
}
