#include "device_rules.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "json.h"

#define RULES_MAX 1024 /* of one kind */
#define GROUPS 10      /* the whole and $1 … $9 */
#define HEAP_KB 1024   /* of one rule that runs without JIT */

/* A rule gives up after so many steps. uap-core's own cases need under 20 000, without JIT under 50 000. */
#define STEPS 100000

static const struct {
    const struct hc_device_rule *rules;
    const int *count;
} kinds[HC_DEVICE_KINDS] = {
    [HC_DEVICE_BROWSER] = {hc_device_browser_rules, &hc_device_browser_rules_count},
    [HC_DEVICE_SYSTEM] = {hc_device_system_rules, &hc_device_system_rules_count},
    [HC_DEVICE_DEVICE] = {hc_device_device_rules, &hc_device_device_rules_count},
};

/* NULL until somebody needed it. */
static _Atomic(pcre2_code *) compiled[HC_DEVICE_KINDS][RULES_MAX];
static pcre2_match_context *limits; /* read alone, once made */
static pthread_once_t limits_once = PTHREAD_ONCE_INIT;

static void make_limits(void)
{
    limits = pcre2_match_context_create(NULL);
    if (limits != NULL) {
        pcre2_set_match_limit(limits, STEPS);
        pcre2_set_depth_limit(limits, STEPS);
        pcre2_set_heap_limit(limits, HEAP_KB);
    }
}

/* The rule's code, made now if nobody did yet; NULL without memory. Of two threads that make it at once one
 * wins. */
static pcre2_code *code_of(enum hc_device_kind kind, int index)
{
    const struct hc_device_rule *rule = &kinds[kind].rules[index];
    _Atomic(pcre2_code *) *place = &compiled[kind][index];
    pcre2_code *code = atomic_load_explicit(place, memory_order_acquire);
    pcre2_code *before = NULL;
    int error;
    PCRE2_SIZE where;

    if (code != NULL)
        return code;
    code = pcre2_compile((PCRE2_SPTR)rule->regex, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | (rule->caseless ? PCRE2_CASELESS : 0), &error, &where, NULL);
    if (code == NULL)
        return NULL;
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where there is none, the interpreter does it */
    if (atomic_compare_exchange_strong_explicit(place, &before, code, memory_order_acq_rel,
                                                memory_order_acquire))
        return code;
    pcre2_code_free(code);
    return before;
}

/* A text and which pairs of bytes stand side by side in it: one look tells that most needs are not there. */
struct view {
    const char *text;
    size_t len;
    uint64_t pairs[65536 / 64];
};

/* A User-Agent as the rules look at it. */
struct subject {
    struct view as_is, lower;
    pcre2_match_data *match;
    uint32_t groups; /* of the rule that matched, the whole counted as one */
};

static unsigned pair_at(const char *text)
{
    return (unsigned)(unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static void look_at(struct view *v, const char *text, size_t len)
{
    memset(v->pairs, 0, sizeof(v->pairs));
    v->text = text;
    v->len = len;
    for (size_t i = 0; i + 1 < len; i++)
        v->pairs[pair_at(text + i) / 64] |= UINT64_C(1) << pair_at(text + i) % 64;
}

static bool contains(const struct view *v, const char *need, size_t len)
{
    if (len > 1 && (v->pairs[pair_at(need) / 64] >> pair_at(need) % 64 & 1) == 0)
        return false;
    return memmem(v->text, v->len, need, len) != NULL;
}

/* False when the rule can't match. */
static bool has_needs(const struct hc_device_rule *rule, const struct subject *s)
{
    const char *need = rule->needs;

    if (*need == '\0')
        return true;
    while (*need != '\0') {
        size_t len = strlen(need);

        if (contains(rule->caseless ? &s->lower : &s->as_is, need, len))
            return true;
        need += len + 1;
    }
    return false;
}

/* Appends len bytes of text to a part that holds `used`; the new number, the part's border left alone. */
static size_t append(char *part, size_t used, const char *text, size_t len)
{
    size_t room = HC_DEVICE_RULE_PART - 1 - used;

    if (len > room)
        len = hc_utf8_valid(text, room);
    memcpy(part + used, text, len);
    return used + len;
}

/* Writes a part: its text with the groups' in the places of $1 … $9, without blanks around. */
static void expand(char *part, const char *form, const struct subject *s)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(s->match);
    size_t used = 0;
    size_t blank;

    for (; *form != '\0'; form++) {
        uint32_t group = form[0] == '$' && form[1] >= '1' && form[1] <= '9' ? (uint32_t)(form[1] - '0') : 0;

        if (group == 0) {
            used = append(part, used, form, 1);
            continue;
        }
        if (group < s->groups && ends[2 * group] != PCRE2_UNSET)
            used = append(part, used, s->as_is.text + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
        form++;
    }
    while (used > 0 && part[used - 1] == ' ')
        used--;
    part[used] = '\0';
    blank = strspn(part, " ");
    memmove(part, part + blank, used - blank + 1);
}

static void expand_all(const struct hc_device_rule *rule, const struct subject *s,
                       struct hc_device_reading *out)
{
    for (int i = 0; i < HC_DEVICE_RULE_PARTS; i++)
        if (rule->parts[i] != NULL)
            expand(out->parts[i], rule->parts[i], s);
}

/* 1: matched, *out is filled; 0: none does; -1: one gave up. */
static int try_rules(enum hc_device_kind kind, struct subject *s, struct hc_device_reading *out)
{
    for (int i = 0; i < *kinds[kind].count; i++) {
        const struct hc_device_rule *rule = &kinds[kind].rules[i];
        pcre2_code *code;
        int found;

        if (!has_needs(rule, s))
            continue;
        code = code_of(kind, i);
        if (code == NULL)
            return -1;
        found = pcre2_match(code, (PCRE2_SPTR)s->as_is.text, s->as_is.len, 0, PCRE2_NO_UTF_CHECK, s->match,
                            limits);
        if (found >= 0) {
            s->groups = found > 0 ? (uint32_t)found : GROUPS; /* 0: there are more than we have places for */
            expand_all(rule, s, out);
            return 1;
        }
        if (found != PCRE2_ERROR_NOMATCH)
            return -1;
    }
    return 0;
}

bool hc_device_rules_read(enum hc_device_kind kind, const char *ua, size_t len, struct hc_device_reading *out)
{
    char lower[HC_DEVICE_RULE_UA_MAX];
    struct subject s;
    int found = -1;

    if (len > sizeof(lower))
        len = hc_utf8_valid(ua, sizeof(lower));
    for (size_t i = 0; i < len; i++)
        lower[i] = ua[i] >= 'A' && ua[i] <= 'Z' ? (char)(ua[i] - 'A' + 'a') : ua[i];
    look_at(&s.as_is, ua, len);
    look_at(&s.lower, lower, len);
    memset(out, 0, sizeof(*out));
    pthread_once(&limits_once, make_limits);
    s.groups = 0;
    s.match = limits == NULL ? NULL : pcre2_match_data_create(GROUPS, NULL);
    if (s.match != NULL)
        found = try_rules(kind, &s, out);
    pcre2_match_data_free(s.match);
    if (out->parts[0][0] == '\0')
        strcpy(out->parts[0], "Other");
    return found >= 0;
}

int hc_device_rules_broken(void)
{
    int broken = 0;

    for (int kind = 0; kind < HC_DEVICE_KINDS; kind++)
        for (int i = 0; i < *kinds[kind].count; i++)
            broken += i >= RULES_MAX || code_of((enum hc_device_kind)kind, i) == NULL;
    return broken;
}
