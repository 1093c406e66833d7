/* mountoptions.h - what stands behind -o. */
#ifndef MOUNTOPTIONS_H
#define MOUNTOPTIONS_H

#include "options.h"

/* Takes LIST, as it stands behind one -o. False after a message. */
bool mountoptions_read(struct options *options, const char *list);

/* Whether what all of them said can be done; false after a message. rw cannot, except that mount(8)
 * gives it for every line of fstab without ro; who gives it by hand gives neither suid nor dev nor
 * their contraries, as mount(8) does. */
bool mountoptions_are_sound(const struct options *options);

#endif
