/* handle.h - open files.
 *
 * Threads: any for struct handles; an open file's text does not change once it is made. */
#ifndef HANDLE_H
#define HANDLE_H

#include "images.h"
#include "node.h"
#include <bk/buf.h>
#include <bk/change.h>
#include <pthread.h>

/* Twice what a change may hold has room for the ends of its statements. */
#define TEXT_BYTES_MAX (2 * BK_CHANGE_BYTES_MAX)

struct handle {
	struct node node;
	struct image *image;           /* of a version's database */
	struct bk_buf text;            /* of any other file, made when it was opened */
	struct handle *next, **before; /* of all that are open */
};

struct handles {
	pthread_mutex_t mutex;
	struct handle *open;
};

void handles_init(struct handles *handles);
void handles_done(struct handles *handles); /* none may be open any more */

/* One for NODE, with an empty text; NULL: no memory. */
struct handle *handle_open(struct handles *handles, const struct node *node);

/* Frees it, and its text. */
void handle_close(struct handles *handles, struct handle *handle);

/* Copies what nodes are open. The caller frees the array; NULL: there are none, or no memory. */
struct node *handles_nodes(struct handles *handles, size_t *count);

#endif
