/* layout.c - what the root and the directories of versions hold. */
#include "layout.h"
#include "names.h"
#include <stddef.h>

const struct fixed_name root_names[] = {
	{"at", NODE_AT},
	{"by-time", NODE_DAYS},
	{"changes", NODE_CHANGES},
	{"latest" IMAGE_SUFFIX, NODE_LATEST},
	{"status.json", NODE_STATUS},
	{"versions", NODE_VERSIONS},
	{NULL, NODE_ROOT},
};

static const struct bucket_kind bucket_kinds[] = {
	{NODE_VERSIONS, NODE_IMAGE_BUCKET, NODE_IMAGE_BUCKET_ALIAS, NODE_IMAGE, NODE_IMAGE_ALIAS,
		IMAGE_SUFFIX},
	{NODE_CHANGES, NODE_SQL_BUCKET, NODE_SQL_BUCKET_ALIAS, NODE_SQL, NODE_SQL_ALIAS,
		SQL_SUFFIX},
};

const struct bucket_kind *bucket_kind_of(enum node_kind kind)
{
	return &bucket_kinds[kind == NODE_CHANGES || kind == NODE_SQL_BUCKET];
}
