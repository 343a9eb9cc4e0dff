/* See search.h. */
#include "search.h"

#include <string.h>
#include <utf8proc.h>

#define FOLDED_MAX 32 /* code points of one folded character; NFKD's longest has 18 */
#define DIGITS_MAX 20 /* of a phone number; E.164 has 15 */

/* What a folded character is to a word. */
enum part { PART_WORD, PART_DROPPED, PART_BETWEEN, PART_ODD };

/* ---- characters ---- */

/* Letters that have no decomposition, after case folding. */
static const struct plain {
    utf8proc_int32_t from;
    const char *to;
} PLAIN[] = {
    {0x00e6, "ae"}, {0x00f0, "d"}, {0x00f8, "o"},  {0x00fe, "th"}, {0x0111, "d"}, {0x0127, "h"},
    {0x0131, "i"},  {0x0142, "l"}, {0x0153, "oe"}, {0x0167, "t"},  {0x0180, "b"}, {0x0268, "i"},
};

static const char *plain_of(utf8proc_int32_t c)
{
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++)
        if (PLAIN[i].from == c)
            return PLAIN[i].to;
    return NULL;
}

static bool is_apostrophe(utf8proc_int32_t c)
{
    return c == '\'' || c == '`' || c == 0x2018 || c == 0x2019 || c == 0x02bc || c == 0x02bb || c == 0xff07;
}

/* Punctuation that people write between words. */
static bool is_usual(utf8proc_int32_t c)
{
    return c == '.' || c == ',' || c == '-' || c == '@' || c == '_' || c == '/' || c == 0x00b7 ||
           c == 0x30fb || c == 0x3001 || c == 0x3002 || c == 0x060c;
}

static enum part part_of(utf8proc_int32_t c)
{
    if (is_apostrophe(c))
        return PART_DROPPED;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_SO:
        return PART_WORD;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return PART_DROPPED;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_PD:
        return PART_BETWEEN;
    default:
        return is_usual(c) ? PART_BETWEEN : PART_ODD;
    }
}

/* One character folded, as code points; 0 when nothing is left of it. */
static size_t fold(utf8proc_int32_t c, utf8proc_int32_t out[FOLDED_MAX])
{
    const utf8proc_option_t how =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
    int bound = 0;
    if (c < 0x80) {
        out[0] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
        return 1;
    }
    utf8proc_ssize_t n = utf8proc_decompose_char(c, out, FOLDED_MAX, how, &bound);
    const char *plain = n == 1 ? plain_of(out[0]) : NULL;
    if (plain)
        for (n = 0; plain[n]; n++)
            out[n] = plain[n];
    return n > 0 && n <= FOLDED_MAX ? (size_t)n : 0;
}

/* Reads the next character; bytes that are no UTF-8 count as a separator each. */
static utf8proc_int32_t next_char(const char **at, const char *end)
{
    utf8proc_int32_t c = (unsigned char)**at;
    utf8proc_ssize_t used = 1;
    if (c >= 0x80)
        used = utf8proc_iterate((const utf8proc_uint8_t *)*at, end - *at, &c);
    *at += used > 0 ? used : 1;
    return used > 0 ? c : ' ';
}

/* ---- words ---- */

/* A text of at most HC_SEARCH_WORD_MAX bytes as it grows. */
struct word {
    char *text;
    size_t len;
    bool cut; /* it was too long: nothing shorter may follow what is left out */
};

static void add_char(struct word *word, utf8proc_int32_t c)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);
    if (n <= 0 || word->cut || word->len + (size_t)n > HC_SEARCH_WORD_MAX) {
        word->cut = true;
        return;
    }
    memcpy(word->text + word->len, bytes, (size_t)n);
    word->len += (size_t)n;
}

/* Ends the word that is being written, and begins the next. One that stands there already is forgotten. */
static void end_word(struct hc_search_words *out, struct word *word)
{
    bool is_new = word->len > 0;
    word->text[word->len] = '\0';
    for (size_t i = 0; i < out->count && is_new; i++)
        is_new = out->words[i].len != word->len || memcmp(out->words[i].text, word->text, word->len) != 0;
    if (is_new)
        out->words[out->count++].len = (uint16_t)word->len;
    *word = (struct word){.text = out->count < HC_SEARCH_WORDS_MAX ? out->words[out->count].text : NULL};
}

void hc_search_words(const char *text, size_t len, struct hc_search_words *out)
{
    utf8proc_int32_t folded[FOLDED_MAX];
    struct word word = {.text = out->words[0].text};
    out->count = 0;
    out->odd = false;
    for (const char *at = text, *end = text + len; at < end && word.text;) {
        size_t n = fold(next_char(&at, end), folded);
        for (size_t i = 0; i < n && word.text; i++) {
            enum part part = part_of(folded[i]);
            out->odd = out->odd || part == PART_ODD;
            if (part == PART_WORD)
                add_char(&word, folded[i]);
            else if (part != PART_DROPPED)
                end_word(out, &word);
        }
    }
    if (word.text)
        end_word(out, &word);
}

size_t hc_search_whole(const char *text, size_t len, char out[HC_SEARCH_WORD_MAX + 1])
{
    utf8proc_int32_t folded[FOLDED_MAX];
    struct word word = {.text = out};
    for (const char *at = text, *end = text + len; at < end && !word.cut;) {
        size_t n = fold(next_char(&at, end), folded);
        for (size_t i = 0; i < n; i++) {
            enum part part = part_of(folded[i]);
            if (part == PART_WORD || part == PART_ODD || is_usual(folded[i]) || is_apostrophe(folded[i]))
                add_char(&word, folded[i]);
        }
    }
    out[word.len] = '\0';
    return word.len;
}

/* ---- what is stored ---- */

struct texts {
    const char *name, *phone, *user_name;
    size_t name_len, phone_len, user_name_len;
};

/* The array as it grows. */
struct list {
    bson_t array;
    uint32_t count;
};

static void add(struct list *list, const char *text, size_t len)
{
    char buffer[16];
    const char *key;
    size_t key_len = bson_uint32_to_string(list->count++, &key, buffer, sizeof buffer);
    bson_append_utf8(&list->array, key, (int)key_len, text, (int)len);
}

static void add_phone(struct list *list, const char *phone, size_t len)
{
    char digits[1 + DIGITS_MAX] = "+";
    size_t n = 1;
    for (size_t i = 0; i < len && n < sizeof digits; i++)
        if (phone[i] >= '0' && phone[i] <= '9')
            digits[n++] = phone[i];
    if (n > 1)
        add(list, digits, n);
}

static void append(bson_t *hc, const struct texts *texts)
{
    struct list list = {.count = 0};
    struct hc_search_words words;
    char whole[1 + HC_SEARCH_WORD_MAX + 1] = "@";
    hc_search_words(texts->name, texts->name_len, &words);
    bson_append_array_begin(hc, "s", 1, &list.array);
    for (size_t i = 0; i < words.count; i++)
        add(&list, words.words[i].text, words.words[i].len);
    add_phone(&list, texts->phone, texts->phone_len);
    size_t n = hc_search_whole(texts->user_name, texts->user_name_len, whole + 1);
    if (n > 0)
        add(&list, whole, 1 + n);
    bson_append_array_end(hc, &list.array);
}

void hc_search_append(bson_t *hc, const char *name, const char *phone, const char *user_name)
{
    struct texts texts = {name ? name : "", phone ? phone : "", user_name ? user_name : "", 0, 0, 0};
    texts.name_len = strlen(texts.name);
    texts.phone_len = strlen(texts.phone);
    texts.user_name_len = strlen(texts.user_name);
    append(hc, &texts);
}

/* The field's text, "" when it has none. */
static const char *text_of(const bson_t *user, const char *field, size_t *len)
{
    bson_iter_t it;
    uint32_t n = 0;
    const char *text = "";
    if (bson_iter_init_find(&it, user, field) && BSON_ITER_HOLDS_UTF8(&it))
        text = bson_iter_utf8(&it, &n);
    *len = n;
    return text;
}

void hc_search_append_of(bson_t *hc, const bson_t *user)
{
    struct texts texts;
    texts.name = text_of(user, "name", &texts.name_len);
    texts.phone = text_of(user, "phoneNumber", &texts.phone_len);
    texts.user_name = text_of(user, "userName", &texts.user_name_len);
    append(hc, &texts);
}
