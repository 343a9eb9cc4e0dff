#include "generator.h"

#include <string.h>

#include "names.h"
#include "random.h"

/* What each lane of a person's random numbers is for. A lane keeps its meaning; new ones go at the end. */
enum lane {
    LANE_GENDER,
    LANE_COUNTRY,
    LANE_LIST,
    LANE_GIVEN,
    LANE_SURNAME,
    LANE_SURNAME_2,
    LANE_PHONE_PREFIX,
    LANE_PHONE,
    LANE_LOOKS, /* from which of the two lists of given names a person of the third gender has the name */
};

/* Lanes of the numbers that depend on the job and i. */
enum job_lane {
    JOB_LANE_ULID_HIGH,
    JOB_LANE_ULID_LOW,
};

/* Of 1000 people 495 are men, 495 women, 10 other. */
#define PER_MILLE_MALE 495
#define PER_MILLE_FEMALE 495

/* A name where it lies in the pool; neither text has a NUL. */
struct name {
    const char *text;
    const char *latin; /* a-z and 0-9, or NULL: the letters and digits of `text` in lower-case */
    size_t text_len;
    size_t latin_len;
};

static enum hc_gender choose_gender(uint64_t start)
{
    uint32_t number = hc_random_scale(hc_random_lane(start, LANE_GENDER), 1000);

    if (number < PER_MILLE_MALE)
        return HC_MALE;
    return number < PER_MILLE_MALE + PER_MILLE_FEMALE ? HC_FEMALE : HC_OTHER;
}

/* The alias method over 256 places: the top 8 bits choose a place, the other 56 whether to stay there. */
static int choose_country(uint64_t start)
{
    uint64_t number = hc_random_lane(start, LANE_COUNTRY);
    unsigned place = (unsigned)(number >> 56);
    const struct hc_country_people *at = &hc_countries_people[place];

    return (number & UINT64_C(0xffffffffffffff)) < at->keep ? (int)place : at->other;
}

static const struct hc_name_locale *choose_locale(uint64_t start, const struct hc_country_people *people)
{
    uint32_t number = (uint32_t)(hc_random_lane(start, LANE_LIST) >> 32);
    unsigned list = 0;

    while (list < HC_COUNTRY_LISTS - 1 && number >= people->shares[list])
        list++;
    return &hc_name_locales[people->locales[list]];
}

static struct name name_at(const struct hc_name *at)
{
    const char *item = &hc_names_pool[at->offset / HC_NAMES_ROW][at->offset % HC_NAMES_ROW];
    struct name name = {
        .text = item + 2, .text_len = (unsigned char)item[0], .latin_len = (unsigned char)item[1]};

    name.latin = name.latin_len ? name.text + name.text_len : NULL;
    return name;
}

static struct name choose_name(uint64_t start, enum lane lane, const struct hc_name_list *list)
{
    uint64_t number = hc_random_lane(start, lane);
    const struct hc_name *at = &list->names[(number >> 32) * list->count >> 32];

    return name_at((number & 0xffff) < at->keep ? at : &list->names[at->other]);
}

static char *put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

/* Writes the a-z form of a name and returns the end. */
static char *put_latin(char *out, const struct name *name)
{
    if (name->latin)
        return put(out, name->latin, name->latin_len);
    for (size_t i = 0; i < name->text_len; i++) {
        char c = name->text[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            *out++ = c;
    }
    return out;
}

/* Writes "Given Family" in the order of `locale`; `families` is one surname or two. Returns the length. */
static size_t put_full_name(char *out, enum hc_name_order order, const struct name *given,
                            const struct name families[2])
{
    char *end = out;

    if (order == HC_ORDER_FAMILY_GIVEN || order == HC_ORDER_FAMILYGIVEN) {
        end = put(end, families[0].text, families[0].text_len);
        if (order == HC_ORDER_FAMILY_GIVEN)
            *end++ = ' ';
        end = put(end, given->text, given->text_len);
    } else {
        end = put(end, given->text, given->text_len);
        *end++ = ' ';
        end = put(end, families[0].text, families[0].text_len);
        if (order == HC_ORDER_GIVEN_FAMILY_FAMILY) {
            *end++ = ' ';
            end = put(end, families[1].text, families[1].text_len);
        }
    }
    *end = '\0';
    return (size_t)(end - out);
}

/* Writes first.last.suffix@domain; the suffix is (hash, i) as one number. Returns the length. */
static size_t put_email(char *out, const struct name *given, const struct name *family, uint32_t hash,
                        uint32_t i)
{
    char *end = put_latin(out, given);

    *end++ = '.';
    end = put_latin(end, family);
    *end++ = '.';
    end += hc_base32(end, (uint64_t)hash << 32 | i);
    memcpy(end, "@" HC_PERSON_DOMAIN, sizeof("@" HC_PERSON_DOMAIN));
    return (size_t)(end - out) + sizeof("@" HC_PERSON_DOMAIN) - 1;
}

static void make_name(const struct hc_people *job, uint32_t i, uint64_t start, struct hc_person *out)
{
    const struct hc_name_locale *locale = choose_locale(start, &hc_countries_people[out->country]);
    unsigned woman = out->gender == HC_FEMALE;
    struct name given, families[2];

    if (out->gender == HC_OTHER)
        woman = (unsigned)(hc_random_lane(start, LANE_LOOKS) >> 63);
    given = choose_name(start, LANE_GIVEN, &locale->lists[HC_NAME_MALE + woman]);
    families[0] = choose_name(start, LANE_SURNAME, &locale->lists[HC_NAME_SURNAME_MALE + woman]);
    families[1] = families[0];
    if (locale->order == HC_ORDER_GIVEN_FAMILY_FAMILY)
        families[1] = choose_name(start, LANE_SURNAME_2, &locale->lists[HC_NAME_SURNAME_MALE + woman]);
    out->name_len = (uint16_t)put_full_name(out->name, locale->order, &given, families);
    out->email_len = (uint16_t)put_email(out->email, &given, &families[0], job->hash, i);
}

/* '+', the dial code, a beginning that mobile numbers have there, random digits up to the country's length.
 */
static void make_phone(uint64_t start, struct hc_person *out)
{
    const struct hc_country_people *people = &hc_countries_people[out->country];
    const char *dial = hc_countries[out->country].dial;
    uint32_t choice = hc_random_scale(hc_random_lane(start, LANE_PHONE_PREFIX), people->prefix_count);
    const char *prefix = hc_phone_prefixes[people->prefix_first + choice];
    uint64_t number = hc_random_lane(start, LANE_PHONE);
    char *end = out->phone;
    size_t digits = people->phone_digits - strlen(prefix);

    *end++ = '+';
    end = put(end, dial, strlen(dial));
    end = put(end, prefix, strlen(prefix));
    for (; digits > 0; digits--, number /= 10)
        *end++ = (char)('0' + number % 10);
    *end = '\0';
    out->phone_len = (uint16_t)(end - out->phone);
}

/* What follows from the job and i alone: _id, createdAt, userName. */
static void make_ids(const struct hc_people *job, uint32_t i, struct hc_person *out)
{
    uint64_t start = hc_random_start((uint64_t)job->second << 32 | job->hash, i);
    uint64_t high = hc_random_lane(start, JOB_LANE_ULID_HIGH);
    uint64_t low = hc_random_lane(start, JOB_LANE_ULID_LOW);
    uint8_t random[10];

    for (unsigned byte = 0; byte < 8; byte++)
        random[byte] = (uint8_t)(high >> (8 * byte));
    random[8] = (uint8_t)low;
    random[9] = (uint8_t)(low >> 8);
    hc_oid_make(out->id, job->second, job->hash, i);
    out->created_ms = (job->time_us + (int64_t)i) / 1000;
    hc_ulid_make(out->user_name, (uint64_t)out->created_ms, random);
}

const char *hc_gender_name(unsigned gender)
{
    static const char *const names[HC_GENDER_COUNT] = {"male", "female", "other"};

    return names[gender < HC_GENDER_COUNT ? gender : HC_OTHER];
}

void hc_person_make_in(const struct hc_people *job, uint32_t i, int country, struct hc_person *out)
{
    uint64_t start = hc_random_start(job->seed, i);

    if (country < 0 || country >= hc_country_unknown())
        country = choose_country(start);
    out->gender = (uint8_t)choose_gender(start);
    out->country = (int16_t)country;
    make_name(job, i, start, out);
    make_phone(start, out);
    make_ids(job, i, out);
}

void hc_person_make(const struct hc_people *job, uint32_t i, struct hc_person *out)
{
    hc_person_make_in(job, i, -1, out);
}

void hc_people_histogram(const struct hc_people *job, uint32_t first, uint32_t count,
                         struct hc_histogram *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t done = 0; done < count; done++) {
        uint64_t start = hc_random_start(job->seed, first + done);

        out->gender[choose_gender(start)]++;
        out->country[choose_country(start)]++;
    }
}
