/* redis_get - the least that a cached answer can cost: FastCGI, one Redis GET, what it gave.
 *
 * usage: redis_get FASTCGI_SOCKET REDIS_SOCKET THREADS. What headcount.fcgi's cached answers are compared
 * with.
 */
#include <fcgiapp.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdlib.h>

static int listener;
static const char *redis_path;

static void *serve(void *unused)
{
    FCGX_Request request;
    redisContext *redis = redisConnectUnix(redis_path);
    FCGX_InitRequest(&request, listener, 0);
    while (redis && FCGX_Accept_r(&request) >= 0) {
        redisReply *reply = redisCommand(redis, "GET bench");
        FCGX_PutS("Content-Type: application/json\r\n\r\n", request.out);
        if (reply && reply->type == REDIS_REPLY_STRING)
            FCGX_PutStr(reply->str, (int)reply->len, request.out);
        freeReplyObject(reply);
        FCGX_Finish_r(&request);
    }
    return unused;
}

int main(int argc, char **argv)
{
    if (argc != 4 || FCGX_Init() != 0)
        return 2;
    redis_path = argv[2];
    listener = FCGX_OpenSocket(argv[1], 1024);
    for (int t = 1; t < atoi(argv[3]); t++)
        pthread_create(&(pthread_t){0}, NULL, serve, NULL);
    serve(NULL);
    return 0;
}
