/* objects.h - a store of whole objects, as one table of operations (docs/objects.md, 3): WebDAV, or
 * S3. What goes wrong for a while is tried again here.
 *
 * Names are paths without escapes, under the path of the store's URL: "FOLDER/NAME" or "NAME".
 *
 * Threads: get from any number at once, beside list; the others from one. */
#ifndef BK_OBJECTS_H
#define BK_OBJECTS_H

#include <bk/buf.h>
#include <stdint.h>

#define OBJECTS_LIST_MAX ((size_t)1 << 20) /* entries of one listing */
#define OBJECT_UNTOLD    UINT64_MAX

struct object_entry {
	const char *name; /* its last part; borrowed for the call */
	bool is_folder;
	uint64_t size;     /* of an object; OBJECT_UNTOLD: the store does not say */
	int64_t changed_s; /* since 1970, by the store's clock; 0: not told */
};

/* Is given each entry of a listing; a failure ends it. */
typedef enum bk_code objects_each(
	void *ctx, const struct object_entry *entry, struct bk_error *err);

struct objects;

struct objects_ops {
	/* Makes the object NAME, or sets *WAS_THERE where one of that name is there: made by a put
	 * before whose answer was lost, maybe. Fails with BK_E_IO, BK_E_NOMEM, as all do: then it
	 * may have been made, and may yet be. */
	BK_MUST_CHECK enum bk_code (*put)(struct objects *objects, const char *name,
		const void *data, size_t size, bool *was_there, struct bk_error *err);

	/* Appends bytes of NAME from FROM on to OUT, SIZE at most; 0: all. Fewer only where it
	 * ends. */
	BK_MUST_CHECK enum bk_code (*get)(struct objects *objects, const char *name, uint64_t from,
		size_t size, struct bk_buf *out, bool *is_there, struct bk_error *err);

	/* Gives EACH what there is in FOLDER ("": beside all), in any order, whose name comes
	 * behind AFTER ("": all); that may be given, too. A folder that is not there is empty. */
	BK_MUST_CHECK enum bk_code (*list)(struct objects *objects, const char *folder,
		const char *after, objects_each *each, void *ctx, struct bk_error *err);

	/* *IS_REFUSED: nothing may be removed there. */
	BK_MUST_CHECK enum bk_code (*remove)(
		struct objects *objects, const char *name, bool *is_refused, struct bk_error *err);

	/* Makes FOLDER, or finds it there. */
	BK_MUST_CHECK enum bk_code (*make_folder)(
		struct objects *objects, const char *folder, struct bk_error *err);

	/* Makes the folder NAME: *IS_OURS for one alone of all who try, at whatever moment. Where
	 * the answer was lost it is nobody's. Only where may_race is set, as has is. */
	BK_MUST_CHECK enum bk_code (*claim)(
		struct objects *objects, const char *name, bool *is_ours, struct bk_error *err);

	/* Whether the folder NAME is there. */
	BK_MUST_CHECK enum bk_code (*has)(
		struct objects *objects, const char *name, bool *is_there, struct bk_error *err);

	int64_t (*now_ms)(struct objects *objects); /* a clock that is never set */
	int64_t (*date_s)(struct objects *objects); /* the store's, as it told last; 0: never */
	void (*close)(struct objects *objects);
};

struct objects {
	const struct objects_ops *ops;
	bool may_race; /* of two puts at one moment both may succeed, and the second stands */
};

#endif
