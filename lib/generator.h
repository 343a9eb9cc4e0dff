/*
 * The people generator: user number i of a job, as a pure function of the job's frozen values and i.
 *
 * No lock, no clock, no global, no allocation. Any number of threads and machines, in any order and as often
 * as they like, make the same people; a chunk that is done again after a crash meets its own ids. Two groups
 * of fields:
 *
 *   from (seed, i)   name, gender, country, phone, and the e-mail's first and last name.
 *                    "The same seed, the same people" means equal in these.
 *   from (job, i)    _id, the e-mail's suffix, userName, createdAt. Here "job" is its second, hash and time.
 *
 * E-mails look like a person's, first.last.SUFFIX@people.example. The suffix holds (hash, i) and can be
 * turned back into it, so e-mails are unique as long as `hash` is unique among jobs and nobody else may use
 * that domain. `_id`s are unique for the same reason, and their order is the order of creation.
 *
 * Use: fill a struct hc_people from the job document, then call hc_person_make for each i of a chunk and
 * hc_people_histogram once for the chunk's counts. Nothing needs to be released.
 *
 * HC_GENERATOR_VERSION is frozen in each job, since other tables make other people. Whoever changes a table
 * in lib/data/ or a line here that changes any person raises it; a test with golden people reminds of that.
 */
#ifndef HC_GENERATOR_H
#define HC_GENERATOR_H

#include <stdint.h>

#include "countries.h"
#include "ids.h"

#define HC_GENERATOR_VERSION 1

#define HC_PERSON_NAME_MAX 128 /* bytes of a name with its NUL */
#define HC_PERSON_EMAIL_MAX 96 /* bytes of an e-mail with its NUL */
#define HC_PERSON_PHONE_MAX 24 /* bytes of a phone number with its NUL; at most 17 are in use */

/* Domain of every generated e-mail; refused for anyone else's. */
#define HC_PERSON_DOMAIN "people.example"

enum hc_gender {
    HC_MALE,
    HC_FEMALE,
    HC_OTHER,
    HC_GENDER_COUNT /* number of genders, not one of them */
};

/* What is frozen in a job. */
struct hc_people {
    uint64_t seed;   /* (seed, i) -> name, gender, country, phone */
    uint32_t second; /* first 4 bytes of every _id: seconds since the epoch */
    uint32_t hash;   /* next 4 bytes: unique among all jobs, also removed ones */
    int64_t time_us; /* job's time, microseconds since the epoch, not negative; createdAt = time_us + i */
};

/* One user. All texts are UTF-8 and NUL-terminated; a length is in bytes and leaves the NUL out. */
struct hc_person {
    uint8_t id[HC_OID_SIZE];         /* _id: second, hash, i, big-endian */
    char name[HC_PERSON_NAME_MAX];   /* full name in the order, mostly also the script, of that country */
    char email[HC_PERSON_EMAIL_MAX]; /* first.last.suffix@people.example; before the @ only a-z 0-9 . */
    char phone[HC_PERSON_PHONE_MAX]; /* E.164: '+' and 7 to 15 digits, the dial code first; no blanks */
    char user_name[HC_ULID_TEXT];    /* ULID of created_ms and 80 bits that follow from the job and i */
    uint16_t name_len;
    uint16_t email_len;
    uint16_t phone_len;
    int16_t country;    /* index of hc_country_at; never ZZ */
    uint8_t gender;     /* enum hc_gender */
    int64_t created_ms; /* createdAt and lastActive, milliseconds since the epoch: (time_us + i) / 1000 */
};

/* How many people of a range have each gender and each country. */
struct hc_histogram {
    uint32_t gender[HC_GENDER_COUNT];
    uint32_t country[HC_COUNTRY_MAX]; /* by index of hc_country_at */
};

/* The gender as it is stored and counted: "male", "female" or "other" (also for a number that is none). */
const char *hc_gender_name(unsigned gender);

/* Makes person `i` of `job` into `out`, which needs no preparation and is filled whole. Never fails. Any
 * thread. */
void hc_person_make(const struct hc_people *job, uint32_t i, struct hc_person *out);

/*
 * As hc_person_make, but the person lives in `country` (an index of hc_country_at other than ZZ's; ZZ and
 * numbers out of range mean the person's own country). All else follows from (job, i) and that country.
 */
void hc_person_make_in(const struct hc_people *job, uint32_t i, int country, struct hc_person *out);

/*
 * Counts genders and countries of the people first … first+count-1 of `job` into `out`, which is overwritten.
 * Makes no texts, so it costs a small part of making the people, and equals counting them one by one. The
 * range must not pass UINT32_MAX. Never fails. Any thread.
 */
void hc_people_histogram(const struct hc_people *job, uint32_t first, uint32_t count,
                         struct hc_histogram *out);

#endif
