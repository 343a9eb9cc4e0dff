/* user_answer.h - one user as an answer. */
#ifndef FCGI_USER_ANSWER_H
#define FCGI_USER_ANSWER_H

#include <bson/bson.h>

#include "web.h"

/* Makes the response {"result": user}, with the user's weak ETag. Status and other headers stay. */
void user_answer(struct context *c, const bson_t *user);

/* The error of a user that is not there. */
enum hc_err user_unknown(struct hc_error *err);

#endif
