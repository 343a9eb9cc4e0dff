/* test_search.c - folding, words, and what of a user is stored for search. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "search.h"

/* The words of text, joined by |. */
static const char *words_of(const char *text)
{
    static char joined[2048];
    struct hc_search_words words;
    hc_search_words(text, strlen(text), &words);
    joined[0] = '\0';
    for (size_t i = 0; i < words.count; i++) {
        assert_int_equal(words.words[i].len, strlen(words.words[i].text));
        strcat(joined, i ? "|" : "");
        strcat(joined, words.words[i].text);
    }
    return joined;
}

static bool is_odd(const char *text)
{
    struct hc_search_words words;
    hc_search_words(text, strlen(text), &words);
    return words.odd;
}

static void words_are_folded(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"   ", ""},
        {"Ana Maria", "ana|maria"},
        {"  Ana\tMARIA\n", "ana|maria"},
        {"José Luis Ñandú", "jose|luis|nandu"},
        {"Jose\xcc\x81", "jose"}, /* the accent as a character of its own */
        {"Đặng Văn Hưng", "dang|van|hung"},
        {"Łukasz Żółć", "lukasz|zolc"},
        {"Jørgen Æsir", "jorgen|aesir"},
        {"Straße STRASSE", "strasse"}, /* one word twice is one */
        {"İstanbul ISIK ışık", "istanbul|isik"},
        {"Œuvre ﬁn", "oeuvre|fin"},
        {"ＡＢＣ１２", "abc12"}, /* full width */
        {"Иван ИВАНОВ ЁЛКИН", "иван|иванов|елкин"},
        {"ΝΊΚΟΣ Νίκος", "νικοσ"}, /* both sigmas are one */
        {"王伟明", "王伟明"},
        {"山田 がく", "山田|かく"},
        {"مُحَمَّد علي", "محمد|علي"},
        {"O'Brien O’Brien OBrien", "obrien"},
        {"Jean-Pierre Smith, Jr.", "jean|pierre|smith|jr"},
        {"ana.lopez@b_c", "ana|lopez|b|c"},
        {"🎉 Party🎉", "🎉|party🎉"},
        {"👩\xe2\x80\x8d🔬 x", "👩🔬|x"}, /* joined by U+200D */
        {"❤\xef\xb8\x8f ❤", "❤"},         /* with and without its variation */
        {"A\xe2\x80\xaenna", "anna"},     /* U+202E */
        {"a\xff"
         "b",
         "a|b"},
        {"\xf0\x9f\x98", ""},
        {".*", ""},
        {"(a+)+$", "a"},
        {"R2D2 007", "r2d2|007"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(words_of(cases[i][0]), cases[i][1]);
    /* Hangul comes apart into its letters, so that an unfinished syllable is a prefix. */
    assert_memory_equal(words_of("김"), "ᄀ", 3);
}

static void what_is_odd(void **state)
{
    (void)state;
    static const char *const plain[] = {"",   "Ana",  "Jean-Pierre, Jr. O'Brien", "a@b.c", "a_b/c",
                                        "🎉", "王 伟"};
    static const char *const odd[] = {".*", "(a", "[", "\\", "a|b", "^a", "$x", "a+", "{}", "\"", "50%"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_false(is_odd(plain[i]));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_true(is_odd(odd[i]));
}

static void words_are_bounded(void **state)
{
    (void)state;
    char text[4000];
    struct hc_search_words words;
    memset(text, 'x', sizeof text);
    hc_search_words(text, sizeof text, &words);
    assert_int_equal(words.count, 1);
    assert_int_equal(words.words[0].len, HC_SEARCH_WORD_MAX);

    for (size_t i = 0; i + 4 <= sizeof text; i += 4) /* 4 bytes each: 48 is 12 of them */
        memcpy(text + i, "🎉", 4);
    hc_search_words(text + 1, sizeof text - 1, &words);
    assert_int_equal(words.words[0].len, 48);

    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 4 * i, (char[]){(char)('a' + i % 26), (char)('a' + i / 26), 'z', ' '}, 4);
    hc_search_words(text, sizeof text, &words);
    assert_int_equal(words.count, HC_SEARCH_WORDS_MAX);
    assert_string_equal(words.words[15].text, "paz");

    memset(text, 'y', sizeof text); /* a full list, then more */
    hc_search_words(text, 0, &words);
    assert_int_equal(words.count, 0);
}

static void a_cut_word_has_no_gap(void **state)
{
    (void)state;
    char text[64];
    struct hc_search_words words;
    memset(text, 'x', 47);
    memcpy(text + 47, "ж", 2);   /* doesn't fit any more … */
    memcpy(text + 49, "abc", 3); /* … so neither does what follows */
    hc_search_words(text, 52, &words);
    assert_int_equal(words.count, 1);
    assert_int_equal(words.words[0].len, 47);
}

static void wholes(void **state)
{
    (void)state;
    char out[HC_SEARCH_WORD_MAX + 1];
    assert_int_equal(hc_search_whole("Rafat 97.É", 11, out), 9);
    assert_string_equal(out, "rafat97.e");
    assert_int_equal(hc_search_whole("", 0, out), 0);
    assert_string_equal(out, "");
}

/* _hc.s, joined by |. */
static const char *stored(const bson_t *hc)
{
    static char joined[4096];
    bson_iter_t it, item;
    joined[0] = '\0';
    assert_true(bson_validate(hc, BSON_VALIDATE_NONE, NULL));
    assert_true(bson_iter_init_find(&it, hc, "s") && BSON_ITER_HOLDS_ARRAY(&it) &&
                bson_iter_recurse(&it, &item));
    for (int i = 0; bson_iter_next(&item); i++) {
        assert_int_equal(atoi(bson_iter_key(&item)), i);
        strcat(joined, i ? "|" : "");
        strcat(joined, bson_iter_utf8(&item, NULL));
    }
    return joined;
}

static void what_is_stored(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        {"Ana Maria Ana", "+880 1712-345678", NULL, "ana|maria|+8801712345678"},
        {"Ana", "", "", "ana"},
        {NULL, NULL, NULL, ""},
        {"王伟明", "+86 (10) 1", "Rafat 97", "王伟明|+86101|@rafat97"},
        {"", "no number", "01JD4M8X3V5T7Z9B1C2D3E4F5G", "@01jd4m8x3v5t7z9b1c2d3e4f5g"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bson_t hc = BSON_INITIALIZER;
        hc_search_append(&hc, cases[i][0], cases[i][1], cases[i][2]);
        assert_string_equal(stored(&hc), cases[i][3]);
        bson_destroy(&hc);
    }
}

/* As much as goes in: every word of its longest. */
static void the_most_that_is_stored(void **state)
{
    (void)state;
    char name[HC_SEARCH_WORDS_MAX * 60 + 1], phone[100], user_name[100];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = phone[99] = user_name[99] = '\0';
    for (size_t i = 0; i < HC_SEARCH_WORDS_MAX; i++) {
        name[i * 60] = (char)('a' + i);
        name[i * 60 + 59] = ' ';
    }
    memset(phone, '7', 99);
    memset(user_name, 'u', 99);
    bson_t hc = BSON_INITIALIZER;
    hc_search_append(&hc, name, phone, user_name);
    assert_int_equal(strlen(stored(&hc)), 16 * 49 + 21 + 1 + 49);
    bson_destroy(&hc);
}

static void a_foreign_user(void **state)
{
    (void)state;
    bson_t hc = BSON_INITIALIZER;
    bson_t *user = BCON_NEW("name", "Zoë", "phoneNumber", BCON_INT32(5), "userName", "zo", "email", "z@b");
    hc_search_append_of(&hc, user);
    assert_string_equal(stored(&hc), "zoe|@zo");
    bson_destroy(&hc);
    bson_destroy(user);

    bson_init(&hc);
    hc_search_append_of(&hc, &(bson_t)BSON_INITIALIZER);
    assert_string_equal(stored(&hc), "");
    bson_destroy(&hc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_folded),
        cmocka_unit_test(what_is_odd),
        cmocka_unit_test(words_are_bounded),
        cmocka_unit_test(a_cut_word_has_no_gap),
        cmocka_unit_test(wholes),
        cmocka_unit_test(what_is_stored),
        cmocka_unit_test(the_most_that_is_stored),
        cmocka_unit_test(a_foreign_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
