/* See metrics.h. This file: what the system knows of this process, from /proc. What can't be read is not
 * shown. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "metrics_inside.h"

#define STAT_START 20 /* of /proc/self/stat, counted from the field behind the name */

static bool read_file(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return n > 0;
}

/* Ticks after the machine's start, and the machine's start from how long it runs by now. */
static void note_start(void)
{
    char stat[1024], uptime[64];
    if (!read_file("/proc/self/stat", stat, sizeof stat) || !read_file("/proc/uptime", uptime, sizeof uptime))
        return;
    char *at = strrchr(stat, ')'); /* the name may hold anything */
    for (int field = 0; at && field < STAT_START; field++)
        at = strchr(at + 1, ' ');
    long ticks = sysconf(_SC_CLK_TCK);
    if (!at || ticks <= 0)
        return;
    double lives = strtod(uptime, NULL) - (double)strtoll(at, NULL, 10) / (double)ticks;
    hc_metric_set(HC_METRIC_START_TIME, 0, hc_now_ms() - (int64_t)(lives * 1000));
}

static void note_memory(void)
{
    char statm[128];
    char *rest;
    if (!read_file("/proc/self/statm", statm, sizeof statm))
        return;
    strtoll(statm, &rest, 10);
    hc_metric_set(HC_METRIC_MEMORY, 0, strtoll(rest, NULL, 10) * sysconf(_SC_PAGESIZE));
}

static void note_fds(void)
{
    struct rlimit limit;
    int64_t count = -1; /* the one that counts them */
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    if (dir) {
        closedir(dir);
        hc_metric_set(HC_METRIC_FDS, 0, count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        hc_metric_set(HC_METRIC_FDS_MAX, 0, (int64_t)limit.rlim_cur);
}

static int64_t us_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

void hc_metrics_note_process(void)
{
    static _Atomic bool started;
    struct rusage usage;
    if (!started)
        note_start();
    started = true;
    note_memory();
    note_fds();
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        hc_metric_set(HC_METRIC_CPU, 0, us_of(usage.ru_utime) + us_of(usage.ru_stime));
}
