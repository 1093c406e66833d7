/* faults_places.h - what is not well with the mirrors, and what verify and drill noted. */
#ifndef FAULTS_PLACES_H
#define FAULTS_PLACES_H

#include "fault.h"

void faults_of_places(struct faults *out, const struct look *look);
void faults_of_notes(struct faults *out, const struct look *look);

/* Whether PLACE, one of LOOK's, has no fault. */
bool faults_place_is_well(const struct look *look, const struct look_place *place);

#endif
