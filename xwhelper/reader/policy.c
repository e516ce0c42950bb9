/*
 * What the reader may do: speak libvirt's protocol on one UNIX socket, and reply. It opens no
 * file at all: it holds what it needs from the records, and its HOME is one that doesn't exist.
 */
#include "xwhelper/reader/policy.h"

#include "xwhelper/keeper/policy.h"

const struct xw_policy xw_reader_policy = {
    "reader", {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules}, xw_reach_nothing};
