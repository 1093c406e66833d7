/* relist.h - logs whose lists say what another SQLite would have said. */
#ifndef RELIST_H
#define RELIST_H

/* Makes the first delta keyframe of the log at PATH, and it is the only one, list MORE pages (they
 * may be fewer) for the change of number INDEX in its interval. */
void relist_pages(const char *path, unsigned index, int more);

#endif
