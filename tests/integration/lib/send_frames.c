/*
 * Sends raw frames from inside a guest: send_frames INDEX, the interface's number. Standard input
 * has a frame a line, in hexadecimal digits; "=N" behind them lengthens it with zeros to N bytes.
 * Prints how many were taken. It goes to the guest by way of its console, so it is small: no C
 * library.
 *
 * gcc -Os -static -nostdlib -fno-stack-protector -Wl,--build-id=none,-N
 */
#include <linux/if_packet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static char input[65536];
static unsigned char frame[65536];

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t decimal(const char *text)
{
    size_t value = 0;

    while (*text >= '0' && *text <= '9')
        value = value * 10 + (size_t)(*text++ - '0');
    return value;
}

/* One line to `frame`; returns its length. */
static size_t read_frame(const char **at)
{
    size_t length = 0;

    while (digit((*at)[0]) >= 0 && digit((*at)[1]) >= 0) {
        frame[length++] = (unsigned char)(digit((*at)[0]) << 4 | digit((*at)[1]));
        *at += 2;
    }
    size_t wanted = **at == '=' ? decimal(*at + 1) : 0;
    while (length < wanted)
        frame[length++] = 0;
    while (**at && **at != '\n')
        ++*at;
    if (**at)
        ++*at;
    return length;
}

static long send_all(int interface)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = interface, .sll_halen = 6};
    long fd = call(SYS_socket, AF_PACKET, SOCK_RAW, 0, 0, 0, 0);
    const char *at = input;
    long taken = 0;

    while (*at) {
        size_t length = read_frame(&at);
        if (length > 0)
            taken += call(SYS_sendto, fd, (long)frame, (long)length, 0, (long)&to, sizeof(to)) > 0;
    }
    return taken;
}

__attribute__((used)) static void start(long *stack)
{
    char text[] = "000 sent\n";
    char **argv = (char **)(stack + 1);
    size_t length = 0;
    long n;

    while (length < sizeof(input) - 1 &&
           (n = call(SYS_read, 0, (long)(input + length), (long)(sizeof(input) - 1 - length), 0, 0,
                     0)) > 0)
        length += (size_t)n;
    long taken = send_all((int)decimal(argv[1]));
    text[0] = (char)('0' + taken / 100 % 10);
    text[1] = (char)('0' + taken / 10 % 10);
    text[2] = (char)('0' + taken % 10);
    call(SYS_write, 1, (long)text, sizeof(text) - 1, 0, 0, 0);
    call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
