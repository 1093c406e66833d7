/* anylog.c - a log by its path, or by the URL of a place on another computer. */
#include "anylog.h"
#include "extio.h"

enum bk_code anylog_open(struct anylog *out, const char *name, struct bk_error *err)
{
	const struct bk_io *io;
	enum bk_code code = extio(&io, err);

	*out = (struct anylog){0};
	if (!code && bk_remote_is(name)) {
		code = bk_remote_new(&out->remote, io, err);
		if (!code)
			code = bk_remote_connect(out->remote, name, err);
		if (!code)
			io = bk_remote_io(out->remote);
	}
	if (!code)
		code = bk_log_open(&out->log, io, name, err);
	if (code)
		anylog_close(out);
	return code;
}

void anylog_close(struct anylog *log)
{
	bk_log_close(log->log);
	bk_remote_free(log->remote);
	*log = (struct anylog){0};
}
