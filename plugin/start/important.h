/* important.h - noticing that lightningd was not told how important we are.
 *
 * Loaded with plugin= instead of important-plugin=, the node runs on unprotected if we die. After
 * init lightningd can be asked; where it does not answer, nothing is said. */
#ifndef IMPORTANT_H
#define IMPORTANT_H

#include <cJSON.h>
#include <stdbool.h>

/* Asks in the background, and warns. CONFIGURATION is what init brought, PATH what lightningd
 * started us as; both are borrowed for the call. */
void important_check(const cJSON *configuration, const char *path);

/* What the answer to `listconfigs` says of this program, which lightningd started as PATH: whether
 * it is the same file as an important plugin, whatever that is called. important_check's own; here
 * for its test. */
enum important_answer {
	IMPORTANT_YES,
	IMPORTANT_NO,
	IMPORTANT_UNKNOWN,
};

enum important_answer important_read(const cJSON *listconfigs, const char *path);

#endif
