/* codename.c - the names of the library's error codes. */
#include "codename.h"

const char *code_name(enum bk_code code)
{
	switch (code) {
	case BK_OK:
		return "ok";
	case BK_E_IO:
		return "io";
	case BK_E_NOMEM:
		return "nomem";
	case BK_E_LIMIT:
		return "limit";
	case BK_E_DAMAGE:
		return "damage";
	case BK_E_FORMAT:
		return "format";
	case BK_E_MISSING:
		return "missing";
	case BK_E_EXISTS:
		return "exists";
	case BK_E_BUSY:
		return "busy";
	case BK_E_INVALID:
		return "invalid";
	case BK_E_SQL:
		return "sql";
	case BK_E_UNSAFE:
		return "unsafe";
	case BK_E_CANCELLED:
		return "cancelled";
	case BK_E_SEALED:
		return "sealed";
	}
	return "unknown";
}
