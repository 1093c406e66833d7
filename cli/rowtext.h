/* rowtext.h - rows that differ, as diff and history print them. */
#ifndef ROWTEXT_H
#define ROWTEXT_H

#include <bk/diff.h>
#include <cJSON.h>

/* Prints DIFF as a line of text: what was changed, or all that was added or removed. Long values
 * are cut; control characters are shown. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code rowtext_print(const struct bk_diff *diff, struct bk_error *err);

/* Adds DIFF to OBJECT, as backup-log(5) describes it. */
void rowtext_json(cJSON *object, const struct bk_diff *diff);

#endif
