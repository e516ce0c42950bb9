/*
 * JSON objects and arrays that grow. What is added is theirs from then on, or freed where that
 * fails; a value that is NULL is one that there was no memory for.
 */
#ifndef XW_XWSH_JSON_BUILD_H
#define XW_XWSH_JSON_BUILD_H

#include <json-c/json.h>
#include <stdbool.h>

bool xw_json_add(struct json_object *object, const char *key, struct json_object *value);
bool xw_json_append(struct json_object *array, struct json_object *value);

#endif
