/* io_command.h - commands that are talked with: operations of bk_io_posix (bk/io.h). */
#ifndef BK_IO_COMMAND_H
#define BK_IO_COMMAND_H

#include <stddef.h>
#include <stdint.h>

int bk_posix_run(void *ctx, char *const argv[], void **out);
int64_t bk_posix_receive(void *ctx, void *stream, void *data, size_t size, unsigned timeout_ms);
int64_t bk_posix_send(void *ctx, void *stream, const void *data, size_t size, unsigned timeout_ms);
void bk_posix_hang_up(void *ctx, void *stream, char *said, size_t size);

#endif
