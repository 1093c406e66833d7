/* streams.h - standard input, output and error. */
#ifndef BK_STREAMS_H
#define BK_STREAMS_H

/* Where a program was started with one of them closed, a log or a database that it opens would have
 * that number, and what it prints would be written there: opens something else there, which fails
 * when it is used. For a program's first line. */
void bk_standard_streams(void);

#endif
