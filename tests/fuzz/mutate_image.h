/* mutate_image.h - mutations of a database that know what its pages hold. */
#ifndef MUTATE_IMAGE_H
#define MUTATE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_PAGE_SIZE 512
#define IMAGE_PICKS     8 /* bytes in front of the pages */

/* Changes the input of fuzz_image in DATA, SIZE bytes with room for MAX; returns its new size. All
 * chance comes from SEED. */
size_t mutate_image(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
