/*
 * Prints people of every country, for a person to read: is the script right, do surnames fit, are e-mails
 * whole?
 *
 *     print_people [HOW_MANY [CODE]]     five of each country by default
 *     print_people time [COUNT]          nanoseconds a person and a counted person, over COUNT (default 5 000
 * 000)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "generator.h"

static const struct hc_people job = {
    .seed = 2, .second = 1764000000, .hash = 0xc0ffee, .time_us = 1764000000000000};

static void print_country(int country, uint32_t how_many)
{
    const struct hc_country *c = hc_country_at(country);

    printf("%s %s (+%s, %u)\n", c->code, c->name, c->dial, c->population);
    for (uint32_t i = 0; i < how_many; i++) {
        struct hc_person person;

        hc_person_make_in(&job, (uint32_t)country * 1000 + i, country, &person);
        printf("    %-6s  %s  %s  %s\n", hc_gender_name(person.gender), person.name, person.email,
               person.phone);
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_times(uint32_t count)
{
    struct hc_histogram histogram;
    struct hc_person person;
    unsigned long sum = 0;
    double begin = seconds();
    double middle;

    for (uint32_t i = 0; i < count; i++) {
        hc_person_make(&job, i, &person);
        sum += (unsigned char)person.name[0];
    }
    middle = seconds();
    hc_people_histogram(&job, 0, count, &histogram);
    printf("%.1f ns a person, %.1f ns a counted person (checks: %lu, %u)\n", (middle - begin) / count * 1e9,
           (seconds() - middle) / count * 1e9, sum, histogram.gender[HC_MALE]);
}

int main(int argc, char **argv)
{
    uint32_t how_many = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 5;

    if (argc > 1 && strcmp(argv[1], "time") == 0) {
        print_times(argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5000000);
        return 0;
    }
    for (int c = 0; c < hc_country_unknown(); c++)
        if (argc < 3 || strcmp(argv[2], hc_country_at(c)->code) == 0)
            print_country(c, how_many);
    return 0;
}
