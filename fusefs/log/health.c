/* health.c - what was met in the log at the path. */
#include "health.h"
#include <errno.h>
#include <string.h>

void health_init(struct health *health)
{
	damage_init(&health->damage);
	trouble_init(&health->trouble);
	pthread_mutex_init(&health->mutex, NULL);
	*health->missing = '\0';
}

void health_done(struct health *health)
{
	pthread_mutex_destroy(&health->mutex);
	trouble_done(&health->trouble);
	damage_done(&health->damage);
}

void health_clear(struct health *health)
{
	damage_clear(&health->damage);
	trouble_clear(&health->trouble);
	pthread_mutex_lock(&health->mutex);
	*health->missing = '\0';
	pthread_mutex_unlock(&health->mutex);
}

void health_note_missing(struct health *health, const struct bk_error *err)
{
	pthread_mutex_lock(&health->mutex);
	memcpy(health->missing, err->msg, sizeof health->missing);
	pthread_mutex_unlock(&health->mutex);
}

void health_missing(struct health *health, char *out)
{
	pthread_mutex_lock(&health->mutex);
	memcpy(out, health->missing, sizeof health->missing);
	pthread_mutex_unlock(&health->mutex);
}

/* What the log no longer says, however often it is asked. */
static bool is_damage(enum bk_code code)
{
	return code == BK_E_DAMAGE || code == BK_E_SQL;
}

static int errno_of(enum bk_code code)
{
	switch (code) {
	case BK_OK:
		return 0;
	case BK_E_MISSING:
		return ENOENT;
	case BK_E_NOMEM:
		return ENOMEM;
	case BK_E_CANCELLED:
		return EINTR;
	case BK_E_IO:
	case BK_E_LIMIT:
	case BK_E_DAMAGE:
	case BK_E_FORMAT:
	case BK_E_EXISTS:
	case BK_E_BUSY:
	case BK_E_INVALID:
	case BK_E_SQL:
	case BK_E_UNSAFE:
	case BK_E_SEALED:
		break;
	}
	return EIO;
}

int health_errno(struct health *health, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err)
{
	if (is_damage(err->code))
		damage_note(&health->damage, from, to, err->msg);
	else if (err->code != BK_E_MISSING && err->code != BK_E_CANCELLED)
		trouble_note(&health->trouble, kind, from, err->msg);
	return errno_of(err->code);
}

int health_errno_of_log(struct health *health, enum trouble_kind kind, const struct bk_error *err)
{
	if (err->code != BK_E_MISSING)
		trouble_note(&health->trouble, kind, 0, err->msg);
	return errno_of(err->code);
}
