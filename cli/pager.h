/* pager.h - what is longer than a terminal, page by page. */
#ifndef PAGER_H
#define PAGER_H

/* Where standard output is a terminal, has what is printed from here on go through $PAGER, or less;
 * the exit code is then the pager's. PAGER=cat, or an empty one, keeps it as it is. Before anything
 * is printed. */
void pager_begin(void);

#endif
