/* message.h - one message of lightningd's, and the change that a db_write holds. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <bk/change.h>
#include <cJSON.h>
#include <stdbool.h>

/* Sets *MESSAGE, which the caller deletes, to the JSON object that TEXT is. Fails with
 * BK_E_INVALID. */
BK_MUST_CHECK enum bk_code message_parse(
	cJSON **message, const struct bk_slice *text, struct bk_error *err);

/* The id of a message that cannot be parsed, if it stands near the beginning, which the caller
 * deletes; else NULL. */
cJSON *message_guess_id(const struct bk_slice *text);

/* Room for the statements of a change. Zeros to begin with; the caller frees .list. */
struct statements {
	struct bk_slice *list;
	size_t capacity;
};

/* Makes room for COUNT. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code statements_grow(
	struct statements *statements, size_t count, struct bk_error *err);

/* Sets *CHANGE to what the PARAMS of a db_write hold; it points into them and STATEMENTS. Whether
 * it can be stored is for bk_writer_append to say. Fails with BK_E_INVALID, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code message_change(struct bk_change *change, const cJSON *params,
	struct statements *statements, struct bk_error *err);

/* Whether the PARAMS of a db_write hold no statement, as with PostgreSQL: message_change fails. */
bool message_is_empty(const cJSON *params);

#endif
