/* handle.h - open files.
 *
 * Calling sequence: handle_new; image or text are set; handles_add; handle_close.
 *
 * Threads: any for struct handles; an open file does not change once it was added. */
#ifndef HANDLE_H
#define HANDLE_H

#include "images.h"
#include "node.h"
#include "texts.h"
#include <pthread.h>

struct handle {
	struct node node;
	struct image *image;           /* of a version's database */
	struct text *text;             /* of any other file, as it was when it was opened */
	struct handle *next, **before; /* of all that are open, the newest first */
};

struct handles {
	pthread_mutex_t mutex;
	struct handle *open;
};

void handles_init(struct handles *handles);
void handles_done(struct handles *handles); /* none may be open any more */

/* One for NODE; NULL: no memory. */
struct handle *handle_new(const struct node *node);
void handles_add(struct handles *handles, struct handle *handle);

/* Frees it, whether it was added or not; what it has open must be closed. */
void handle_close(struct handles *handles, struct handle *handle);

/* The size of the text that the file of KIND opened last has; false if none is open. */
bool handles_text_size(struct handles *handles, enum node_kind kind, size_t *size);

/* Copies what nodes are open. The caller frees the array; NULL: there are none, or no memory. */
struct node *handles_nodes(struct handles *handles, size_t *count);

#endif
