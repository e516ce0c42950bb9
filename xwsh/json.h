/*
 * The same lists as JSON documents, one line each on standard output. "schema" is the number of
 * the format: fields may be added to it, nothing else changes without a new number. The text is
 * pure ASCII, everything else as \u escapes, so that it is safe to show on any terminal; bytes that
 * are no UTF-8 become U+FFFD.
 */
#ifndef XW_XWSH_JSON_H
#define XW_XWSH_JSON_H

#include "common/request.h"
#include "xwsh/groups.h"
#include "xwsh/model.h"
#include "xwsh/recordings.h"

/* Each returns 0 or -ENOMEM, with nothing printed. */

/*
 * A window is {"state","opens","closes","consoles_end"}, the times in RFC 3339 or null, or null for
 * a lab that is always open.
 */

/* {"schema":1,"worlds":[{"world","owner","machines","running","title","window"}]} */
int xw_json_worlds(const struct xw_model *model);

/*
 * {"schema":1,"lab","worlds":[{"world","owner","machines","running","last_use","window"}]}: those
 * of a lab, for who looks after them; last_use is null where it isn't known
 */
int xw_json_members(const struct xw_request *request, const struct xw_model *model);

/*
 * {"schema":1,"lab","window","groups":[{"role","group","gid","members":[]}],
 * "extensions":[{"owner","until"}]}; groups has model->grant_count entries
 */
int xw_json_grants(const struct xw_request *request, const struct xw_model *model,
                   const struct xw_group_view *groups);

/* {"schema":1,"world","machines":[{"machine","owner","state","memory","addresses":[],
 * "interfaces":[{"segment","address"}]}],"window","segments":[]}, memory in bytes, an address null
 * where there is none */
int xw_json_machines(const struct xw_request *request, const struct xw_model *model);

/* {"schema":1,"world","checkpoints":[{"machine","owner","checkpoint","time","memory","size",
 * "text"}]}, size in bytes, memory true or false, text null where there is none */
int xw_json_checkpoints(const struct xw_request *request, const struct xw_model *model);

/* {"schema":1,"world","machine","lines":[]}: what a machine has printed, without a line's end */
int xw_json_log(const struct xw_request *request, char *const *line, size_t count);

/* {"schema":1,"recordings":[{"recording","size","time","running"}]}, size in bytes, the time of the
 * last write, running true or false */
int xw_json_recordings(const struct xw_recording *recordings, size_t count);

/*
 * {"schema":1,"verb","world","results":[{"machine","result":"done"|"fail","text"}]}; of a machine
 * that was waited for also "reached", true or false, "seconds" and, if false, "reason"
 */
int xw_json_results(const struct xw_request *request, const struct xw_model *model);

#endif
