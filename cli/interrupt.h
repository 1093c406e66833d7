/* interrupt.h - Ctrl-C, SIGTERM and SIGHUP while a command works: nothing half-made stays.
 *
 * A thread of its own waits for the signals, so that none comes in the midst of anything. It takes
 * away the files that are being made, ends the progress line, and has the process end by that very
 * signal, as shells expect. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <bk/io.h>
#include <stdbool.h>

/* Before any other thread is there. What nohup and the like have ignored stays ignored. Once only.
 */
void interrupt_begin(void);

/* The real world, and what is made through it is taken away if the process is interrupted before
 * it has its own name. */
const struct bk_io *interrupt_io(void);

/* The same over BASE, which is the real world (bk_io_posix) or owner_io_root, and not one of these.
 */
const struct bk_io *interrupt_over(const struct bk_io *base);

/* The file PATH is being made, though it has that name already: it is taken away if the process is
 * interrupted, until it is renamed or removed through interrupt_io. */
void interrupt_making(const char *path);

/* Whether what is printed still has a reader: once a pipe is closed, there is none. */
bool interrupt_is_heard(void);

/* What was printed could not be written: ends the process by SIGPIPE, if it had no reader. */
void interrupt_end(void);

#endif
