/* statement.h - what may be said of a statement, and of why it failed, where others read it.
 *
 * A node's statements hold keys, preimages, invoices; messages about them go to lightningd's log,
 * which people paste into reports. So the kind of a statement and its table are named, nothing of
 * its values. */
#ifndef BK_STATEMENT_H
#define BK_STATEMENT_H

#include <bk/buf.h>

#define BK_STATEMENT_TEXT 112
#define BK_STATEMENT_WHY  120

/* Writes into OUT, which has room for BK_STATEMENT_TEXT bytes, what SQL is: "UPDATE channels",
 * "CREATE INDEX forwarded_payments_state", "a statement" where that cannot be told. */
void bk_statement_name(char *out, const struct bk_slice *sql);

/* Writes into OUT, which has room for BK_STATEMENT_WHY bytes, SQLite's MESSAGE without what may be
 * a value: names of tables, columns, functions stay where SQLite names no other things. Where
 * nothing is left, it says that. */
void bk_statement_why(char *out, const char *message);

#endif
