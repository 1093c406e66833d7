/* process.h - what a program that holds pages and keys of a node asks of the system: in main, to
 * keep them to itself; in its threads, to give way to lightningd's. */
#ifndef BK_PROCESS_H
#define BK_PROCESS_H

/* Set to anything but "" or "0", it lets a core be dumped, and a debugger of the same user's
 * attach. */
#define BK_PROCESS_DEBUG "BK_DEBUG_CORE"

/* Leaves no core behind, here or in children: what the memory holds (rows, statements, keys) would
 * stand in a file that people send around. And ignores SIGXFSZ, so that writing beyond a limit on
 * file sizes (ulimit -f, LimitFSIZE=) or beyond what a file system has room for in one file fails
 * with EFBIG, which is told, instead of ending the process without a word. */
void bk_process_guard(void);

/* Makes the calling thread, alone, give way to others: NICE as nice(2) has it. And who wakes need
 * not wait for its slice's end (docs/decisions.md, "Nobody waits for who gives way"). */
void bk_process_nice_thread(int nice);

/* The same, and it reads and writes when nobody else does. */
void bk_process_lower_thread(int nice);

/* For a process of its own, which nobody waits for: the calling thread gets a processor that no
 * other wants (or some thousandths of one), and reads and writes when nobody else does. It is
 * one-way. And it offers the processor. */
void bk_process_idle_thread(void);

/* The calling thread, which holds nothing that others wait for, offers the processor from now on:
 * without its turn, which it gives away, it may not come to go on for a second. */
void bk_process_offer(void);

/* Between two pieces of work, each of some microseconds to a tenth of a millisecond: a thread that
 * offers the processor lets whoever is ready run (sched_yield), and works on for a while where that
 * took long. In any other thread it does nothing. */
void bk_process_give_way(void);

#endif
