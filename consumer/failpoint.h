/* failpoint.h - places where a test may kill or stop this process.
 *
 * In a build with -DHC_FAILPOINTS, HC_FAILPOINT("chunk.begun") ends the process
 * by SIGKILL when the environment's HC_FAIL names that place, as NAME:K, and it
 * is reached for the K-th time; HC_FAIL=random:SEED:PER_MILLE dies at any place
 * with that probability. HC_FAIL=stop:NAME:K stops it there by SIGSTOP instead: after
 * a SIGCONT it goes on with what it had begun, as late as that may be. Up to four orders are
 * separated by commas. In every other build it is nothing.
 */
#ifndef HC_FAILPOINT_H
#define HC_FAILPOINT_H

#ifdef HC_FAILPOINTS
void hc_failpoint(const char *place);
#define HC_FAILPOINT(place) hc_failpoint(place)
#else
#define HC_FAILPOINT(place) ((void)0)
#endif

#endif
