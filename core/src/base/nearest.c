/* nearest.c - the name that a word was meant to be. */
#include <bk/nearest.h>
#include <string.h>

#define NAME_MAX_LENGTH 39

/* How many letters are to be put in, left out, changed or swapped to make A into B. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > NAME_MAX_LENGTH || b_length > NAME_MAX_LENGTH)
		return NAME_MAX_LENGTH;
	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++) {
			size_t least = i ? rows[i - 1][j] + 1 : j;

			if (j && (!i || rows[i][j - 1] + 1 < least))
				least = i ? rows[i][j - 1] + 1 : j;
			if (i && j && rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < least)
				least = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				rows[i - 2][j - 2] + 1 < least)
				least = rows[i - 2][j - 2] + 1;
			rows[i][j] = least;
		}
	}
	return rows[a_length][b_length];
}

bool bk_nearer(const char *word, const char *name, size_t *best)
{
	size_t off = distance(word, name);

	if (off >= *best || 2 * off > strlen(name))
		return false;
	*best = off;
	return true;
}

const char *bk_nearest(const char *word, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = BK_NEAR;

	for (; *names; names++)
		if (bk_nearer(word, *names, &best))
			nearest = *names;
	return nearest;
}
