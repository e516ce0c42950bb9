/* A topology in words. */
#include "xwsh/topology.h"

#include <stdio.h>
#include <stdlib.h>

#include "xwsh/topology_wiring.h"

enum { SAFE_SIZE = 1024 };

struct telling {
    FILE *to;
    enum xw_charset charset;
    const struct xw_topology *topology;
    struct xw_wiring wiring;
};

static void put(const struct telling *telling, const char *before, const char *text)
{
    char safe[SAFE_SIZE];

    xw_safe_text(telling->charset, text, safe, sizeof(safe));
    fprintf(telling->to, "%s%s", before, safe);
}

static void put_address(const struct telling *telling, const struct xw_wire *wire)
{
    put(telling, wire->has_address ? " at " : " with ", wire->address);
}

static void tell_segment(const struct telling *telling, size_t segment)
{
    const struct xw_topology *topology = telling->topology;
    const char *subnet = telling->wiring.subnets[segment];
    bool any = false;

    put(telling, "Segment ", topology->segments[segment]);
    put(telling, *subnet ? ", " : "", subnet);
    for (size_t i = 0; i < topology->machine_count; i++) {
        const struct xw_machine_wires *wires = &telling->wiring.machines[i];
        for (size_t j = 0; j < wires->count; j++) {
            if (wires->wires[j].segment != segment)
                continue;
            put(telling, any ? ", " : ": ", topology->machines[i].name);
            put_address(telling, &wires->wires[j]);
            any = true;
        }
    }
    fputs(any ? ".\n" : ": no machine.\n", telling->to);
}

static void tell_machine(const struct telling *telling, size_t index)
{
    const struct xw_topology *topology = telling->topology;
    const struct xw_topology_machine *machine = &topology->machines[index];
    const struct xw_machine_wires *wires = &telling->wiring.machines[index];

    put(telling, "Machine ", machine->name);
    put(telling, *machine->words ? ", " : "", machine->words);
    for (size_t i = 0; i < wires->count; i++) {
        put(telling, i ? ", on " : ": on ", topology->segments[wires->wires[i].segment]);
        put_address(telling, &wires->wires[i]);
    }
    fputs(wires->count > 0 ? ".\n" : ": on no segment.\n", telling->to);
}

static void tell(const struct telling *telling)
{
    const size_t segments = telling->topology->segment_count;
    const size_t machines = telling->topology->machine_count;

    fprintf(telling->to, "%zu segment%s, %zu machine%s.\n", segments, segments == 1 ? "" : "s",
            machines, machines == 1 ? "" : "s");
    for (size_t i = 0; i < segments; i++)
        tell_segment(telling, i);
    for (size_t i = 0; i < machines; i++)
        tell_machine(telling, i);
}

char *xw_topology_describe(const struct xw_topology *topology, enum xw_charset charset)
{
    char *text = NULL;
    size_t size = 0;
    struct telling telling = {.charset = charset, .topology = topology};

    telling.to = open_memstream(&text, &size);
    if (!telling.to)
        return NULL;
    bool failed = xw_wiring_make(topology, &telling.wiring) < 0;
    if (!failed)
        tell(&telling);
    xw_wiring_free(&telling.wiring);
    failed = failed || ferror(telling.to) != 0;
    if (fclose(telling.to) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
