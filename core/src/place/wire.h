/* wire.h - the messages between a node and a server of places (docs/mirror.md, 3). Pure functions
 * over bytes. */
#ifndef BK_WIRE_H
#define BK_WIRE_H

#include "place.h"

/* A message: u32 size of what follows the head, u8 type, three zero bytes. */
#define WIRE_HEAD_SIZE 8
#define WIRE_BODY_MAX  (PLACE_RUN_MAX + 64)

#define WIRE_VERSION    1
#define WIRE_NAME_MAX   128
#define WIRE_HELLO_SIZE 12 /* and a name behind it */
#define WIRE_LOG_SIZE   48
#define WIRE_RUN_SIZE   32 /* what stands before the bytes of an APPEND */
#define WIRE_READ_SIZE  28
#define WIRE_IMAGE_SIZE 24
#define WIRE_PART_SIZE  12 /* what stands before the bytes of one part of an IMAGE's answer */

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_HEAD = 2,
	WIRE_BEGIN = 3,
	WIRE_APPEND = 4,
	WIRE_COMMIT = 5,
	WIRE_READ = 6,
	WIRE_LIST = 7,
	WIRE_IMAGE = 8,
	WIRE_OK = 0x80,
	WIRE_DATA = 0x81,
	WIRE_ERROR = 0xff,
};

#define WIRE_APPEND_ONLY 1 /* flags of the server's HELLO */
#define WIRE_IMAGES      2
#define WIRE_NEWEST      1 /* flag of an IMAGE */
#define WIRE_SYNC        1 /* flag of an APPEND */

void bk_wire_put_head(uint8_t *out, uint32_t size, enum wire_type type);

/* False where HEAD, of WIRE_HEAD_SIZE bytes, is none, or names a size over the limit. */
bool bk_wire_get_head(const uint8_t *head, uint32_t *size, uint8_t *type);

void bk_wire_put_hello(uint8_t *out, uint32_t version_or_flags);
bool bk_wire_get_hello(const uint8_t *body, size_t size, uint32_t *version_or_flags);

void bk_wire_put_log(uint8_t *out, const struct place_log *log);
void bk_wire_get_log(struct place_log *log, const uint8_t *body);

/* Whether NAME of SIZE bytes may be the name of a log on a server: one component, which is none of
 * those that a store uses itself (store.h). */
bool bk_wire_is_name(const char *name, size_t size);

/* Codes as they stand in an ERROR. */
uint32_t bk_wire_of_code(enum bk_code code);
enum bk_code bk_wire_code(uint32_t number);

#endif
