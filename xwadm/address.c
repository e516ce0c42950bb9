#include "xwadm/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/names.h"

static int family(const struct xw_address *address)
{
    return address->bits == 128 ? AF_INET6 : AF_INET;
}

/* Whether all bits from `first` on are `value` (0 or 1). */
static bool rest_is(const struct xw_address *address, unsigned int first, unsigned int value)
{
    for (unsigned int i = first; i < address->bits; i++) {
        if (((unsigned int)address->bytes[i / 8] >> (7 - i % 8) & 1U) != value)
            return false;
    }
    return true;
}

/* RFC 1122, 3.2.1.3, and RFC 4291, 2: addresses that are no single machine's. */
static bool is_special(const struct xw_address *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    const unsigned char *bytes = address->bytes;

    if (address->bits == 32)
        return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224;
    bool unspecified_or_loopback =
        rest_is(address, 0, 0) ||
        (bytes[15] == 1 && memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15) == 0);
    return unspecified_or_loopback || bytes[0] == 0xff || memcmp(bytes, mapped, 12) == 0;
}

static const char *check_in_subnet(const struct xw_address *address)
{
    if (address->bits - address->prefix < 2)
        return NULL;
    if (rest_is(address, address->prefix, 0))
        return "this is the subnet's own address; give the machine one within it";
    if (address->bits == 32 && rest_is(address, address->prefix, 1))
        return "this is the subnet's broadcast address; give the machine another one";
    return NULL;
}

const char *xw_address_read(const char *text, bool prefix, struct xw_address *address)
{
    char host[XW_ADDRESS_SIZE];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    unsigned long bits;

    *address = (struct xw_address){.bits = strchr(text, ':') ? 128 : 32};
    address->prefix = address->bits;
    if (prefix && !slash)
        return "the prefix is missing; write it like 10.1.0.1/24 or fd00::1/64";
    if (!prefix && slash)
        return "a prefix has no meaning here; write the address alone, like 10.1.0.1";
    if (length >= sizeof(host))
        return "this is not an address; write it like 10.1.0.1/24 or fd00::1/64";
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(family(address), host, address->bytes) != 1)
        return "this is not an address; write it like 10.1.0.1/24 or fd00::1/64";
    if (slash && (xw_number(slash + 1, address->bits, &bits) < 0 || bits == 0))
        return address->bits == 32 ? "the prefix must be a number from 1 to 32, as in 10.1.0.1/24"
                                   : "the prefix must be a number from 1 to 128, as in fd00::1/64";
    if (slash)
        address->prefix = (unsigned int)bits;
    if (is_special(address))
        return "no single machine can have this address; take one like 10.1.0.1 or fd00::1";
    return check_in_subnet(address);
}

void xw_address_write(const struct xw_address *address, bool prefix, char *text)
{
    char host[INET6_ADDRSTRLEN] = "";

    inet_ntop(family(address), address->bytes, host, sizeof(host));
    if (prefix)
        snprintf(text, XW_ADDRESS_SIZE, "%s/%u", host, address->prefix);
    else
        snprintf(text, XW_ADDRESS_SIZE, "%s", host);
}

void xw_address_write_subnet(const struct xw_address *address, char *text)
{
    struct xw_address subnet = *address;

    for (unsigned int i = subnet.prefix; i < subnet.bits; i++)
        subnet.bytes[i / 8] = (unsigned char)(subnet.bytes[i / 8] & ~(0x80U >> i % 8));
    xw_address_write(&subnet, true, text);
}

bool xw_address_same(const struct xw_address *a, const struct xw_address *b)
{
    return a->bits == b->bits && a->bits && memcmp(a->bytes, b->bytes, a->bits / 8) == 0;
}

bool xw_address_in_subnet(const struct xw_address *address, const struct xw_address *other)
{
    if (address->bits != other->bits || address->bits == 0)
        return false;
    for (unsigned int i = 0; i < address->prefix; i++) {
        if ((address->bytes[i / 8] ^ other->bytes[i / 8]) & (0x80U >> i % 8))
            return false;
    }
    return true;
}
