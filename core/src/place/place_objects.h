/* place_objects.h - a place in a store of whole objects (kinds `davs:`, `dav:` and `s3:`). */
#ifndef BK_PLACE_OBJECTS_H
#define BK_PLACE_OBJECTS_H

#include "objects.h"
#include "place.h"

/* The place in the store OBJECTS, which it takes over, whatever it returns. TAKES_CLEAR: also a log
 * that is not sealed. Nothing is asked yet. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_place_objects(
	struct place **out, struct objects *objects, bool takes_clear, struct bk_error *err);

#endif
