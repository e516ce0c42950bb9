#include "tests/hostile/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET "/run/libvirt/libvirt-sock"
#define MOVED  "/run/libvirt/libvirt-sock.behind"

/* virnetprotocol: each message is its length, then program, version, procedure, type, … */
enum { PROGRAM_REMOTE = 0x20008086, TYPE_CALL = 0, TYPE_CALL_WITH_FDS = 4, LENGTH_MAX = 1 << 25 };

struct counters {
    atomic_ulong connections, calls, mutating;
};

static struct counters *counters;
static pid_t server;

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "Bail out! proxy: %s: %s\n", what, strerror(errno));
    abort();
}

/*
 * Procedures of libvirt's remote protocol that ask and change nothing: open, close, type, version,
 * capabilities, a domain's description, look-ups by name and UUID, features, authentication list,
 * URI, activity, library version, whether there is a managed save, state, list. All others count
 * as mutating.
 */
static bool is_question(uint32_t procedure)
{
    static const uint32_t questions[] = {1,  2,   3,   4,   7,   14,  23,  24, 60,
                                         66, 110, 150, 151, 157, 183, 212, 273};

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (questions[i] == procedure)
            return true;
    }
    return false;
}

/* Where a stream of messages is: what is left of the message under way, or its header so far. */
struct stream {
    size_t left;
    size_t got;
    unsigned char header[20];
};

static uint32_t word(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return ntohl(value);
}

static void count_message(struct stream *stream)
{
    uint32_t length = word(stream->header);
    uint32_t type = word(stream->header + 16);

    if (length < sizeof(stream->header) || length > LENGTH_MAX)
        broken("a message's length");
    if (word(stream->header + 4) == PROGRAM_REMOTE &&
        (type == TYPE_CALL || type == TYPE_CALL_WITH_FDS)) {
        counters->calls++;
        counters->mutating += !is_question(word(stream->header + 12));
    } else if (word(stream->header + 4) != PROGRAM_REMOTE &&
               word(stream->header + 4) != 0x6b656570 /* keepalive */) {
        counters->mutating++; /* QEMU's own or libvirtd's administration: nothing of ours */
    }
    stream->left = length - sizeof(stream->header);
    stream->got = 0;
}

static void count_bytes(struct stream *stream, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = stream->left ? stream->left : sizeof(stream->header) - stream->got;
        if (part > size)
            part = size;
        if (stream->left) {
            stream->left -= part;
        } else {
            memcpy(stream->header + stream->got, bytes, part);
            stream->got += part;
            if (stream->got == sizeof(stream->header))
                count_message(stream);
        }
        bytes += part;
        size -= part;
    }
}

static bool pass(int from, int to, struct stream *stream)
{
    unsigned char buffer[65536];
    ssize_t n = read(from, buffer, sizeof(buffer));

    if (n <= 0)
        return false;
    if (stream)
        count_bytes(stream, buffer, (size_t)n);
    for (ssize_t done = 0; done < n;) {
        ssize_t written = write(to, buffer + done, (size_t)(n - done));
        if (written <= 0)
            return false;
        done += written;
    }
    return true;
}

static _Noreturn void serve(int client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = MOVED};
    struct stream stream = {0};
    int daemon = socket(AF_UNIX, SOCK_STREAM, 0);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (connect(daemon, (const struct sockaddr *)&address, sizeof(address)) < 0)
        _exit(0);
    struct pollfd side[] = {{.fd = client, .events = POLLIN}, {.fd = daemon, .events = POLLIN}};
    while (poll(side, 2, -1) > 0) {
        if (side[0].revents && !pass(client, daemon, &stream))
            break;
        if (side[1].revents && !pass(daemon, client, NULL))
            break;
    }
    _exit(0);
}

static _Noreturn void run(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        counters->connections++;
        if (fork() == 0) {
            close(listener);
            serve(client);
        }
        close(client);
    }
}

void proxy_start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    counters =
        mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (listener < 0 || counters == MAP_FAILED || rename(SOCKET, MOVED) < 0)
        broken("taking the socket's place");
    mode_t before = umask(0177);
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 256) < 0)
        broken("listening");
    umask(before);
    fflush(NULL);
    server = fork();
    if (server == 0)
        run(listener);
    if (server < 0)
        broken("fork");
    close(listener);
}

void proxy_stop(void)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    if (rename(MOVED, SOCKET) < 0)
        broken("putting the socket back");
}

struct proxy_count proxy_count(void)
{
    return (struct proxy_count){counters->connections, counters->calls, counters->mutating};
}
