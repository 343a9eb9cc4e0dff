/* words_take.h - takes the sample of words that searches choose their way by; see word_sample.h.
 *
 * A leader's duty: each 5 s it looks how many users there are, and when that has changed much
 * (hc_newest_moved) it reads the newest HC_WORD_SAMPLE_USERS anew (some 50 ms) and publishes their words, but
 * no more often than each 15 s.
 */
#ifndef HC_WORDS_TAKE_H
#define HC_WORDS_TAKE_H

#include "duty.h"

struct hc_words_take {
    bool published; /* by this process */
    int64_t users;  /* how many there were then */
    int64_t at_ms;  /* hc_mono_ms of it */
};

hc_duty_run hc_words_take_turn; /* state: struct hc_words_take */

#endif
