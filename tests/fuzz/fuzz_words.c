/* links: common/error.c common/names.c common/request.c xwsh/words.c xwsh/target.c */
/* A student's command line: words come out whole, and a target is one only if it is in the grammar.
 */
#include "common/request.h"
#include "tests/fuzz/fuzz.h"
#include "xwsh/target.h"
#include "xwsh/words.h"

static void try_target(const char *word, enum xw_verb verb)
{
    struct xw_request request;
    struct xw_request again;
    char text[XW_TARGET_SIZE];

    /* Also what lies between the members is compared. */
    memset(&request, 0, sizeof(request));
    memset(&again, 0, sizeof(again));
    request.verb = verb;
    again.verb = verb;
    if (xw_target_parse(word, &request) < 0)
        return;
    MUST(xw_name_ok(request.lab));
    for (size_t i = 0; i < request.machine_count; i++)
        MUST(xw_name_ok(request.machines[i]));
    MUST(xw_target_parse(xw_target_format(&request, text), &again) == 0);
    MUST(memcmp(&request, &again, sizeof(request)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct xw_words words;
    char *line = fuzz_string(data, size);

    if (line && xw_words_split(line, &words, NULL) == 0) {
        MUST(words.count <= XW_WORDS_MAX && words.word[words.count] == NULL);
        for (size_t i = 0; i < words.count; i++) {
            MUST(words.word[i] >= words.text);
            MUST(words.word[i] + strlen(words.word[i]) < words.text + sizeof(words.text));
            try_target(words.word[i], XW_VERB_STATUS);
            try_target(words.word[i], XW_VERB_START);
            try_target(words.word[i], XW_VERB_CONSOLE);
        }
    }
    free(line);
    return 0;
}
