/* lowlevel.h - libfuse's low-level interface, as of one version. */
#ifndef LOWLEVEL_H
#define LOWLEVEL_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#endif
