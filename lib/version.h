/* version.h - the version of the programs, as --version and /metrics show it. */
#ifndef HC_VERSION_H
#define HC_VERSION_H

#ifndef HC_VERSION
#define HC_VERSION "0.1.0"
#endif

#endif
