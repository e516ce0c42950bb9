#include "xwhelper/keeper/streams.h"

static unsigned int part(unsigned int whole, unsigned int divisor)
{
    return whole < divisor ? 1 : whole / divisor;
}

unsigned int xw_streams_of_user(const struct xw_config *config)
{
    return part(config->per_user, 4);
}

unsigned int xw_streams_in_all(const struct xw_config *config)
{
    return part(config->in_all, 2);
}

bool xw_streams_fit(const struct xw_streams *streams, const struct xw_note *notes, uid_t uid)
{
    unsigned int of_user = 0;
    unsigned int in_all = 0;

    for (size_t i = 0; i < streams->notes; i++) {
        if (!notes[i].parsed || notes[i].request.verb != XW_VERB_EVENTS)
            continue;
        in_all++;
        of_user += notes[i].uid == uid;
    }
    return of_user <= streams->of_user && in_all <= streams->in_all;
}
