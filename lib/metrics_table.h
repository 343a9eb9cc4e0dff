/* metrics_table.h - every metric there is, and the labels that they have.
 *
 * A row: id, type, name, what a cell counts of one shown (1: the same; µs of a second: 1000000), who has it,
 * up to three labels, whether cells that are 0 are left out, a sentence. docs/operations.md has the same
 * list, and a test compares them. Names are as Prometheus wants them; the process_ ones are those that all
 * its own clients have.
 */
#ifndef HC_METRICS_TABLE_H
#define HC_METRICS_TABLE_H

/* Room for the values of each label, also of those that only a program knows. */
#define HC_LABELS(X)                                                                                         \
    X(NONE, "", 1)                                                                                           \
    X(ROUTE, "route", 80)                                                                                    \
    X(METHOD, "method", 8)                                                                                   \
    X(STATUS, "status", 24)                                                                                  \
    X(KIND, "kind", 32)                                                                                      \
    X(RESULT, "result", 2)                                                                                   \
    X(COMMAND, "command", 9)                                                                                 \
    X(TOPIC, "topic", 9)                                                                                     \
    X(MESSAGE, "outcome", 3)                                                                                 \
    X(KEPT, "outcome", 4)                                                                                    \
    X(REQUEST, "outcome", 3)                                                                                 \
    X(LEVEL, "level", 4)                                                                                     \
    X(VERSION, "version", 1)                                                                                 \
    X(PROGRAM, "program", 1)

#define HC_LABELS_X(id, name, room) HC_LABEL_##id,
enum hc_metric_label { HC_LABELS(HC_LABELS_X) HC_LABEL_COUNT };
#undef HC_LABELS_X

/* clang-format off */
#define HC_METRICS(X) \
    X(HTTP_REQUESTS, COUNTER, "headcount_http_requests_total", 1, WEB, ROUTE, METHOD, STATUS, true, \
      "Requests answered, by the route's pattern, the method and the status.") \
    X(HTTP_DURATION, HISTOGRAM, "headcount_http_request_duration_seconds", 1000000, WEB, ROUTE, NONE, NONE, true, \
      "Time from a request's arrival in the program to its complete answer, by route.") \
    X(HTTP_IN_FLIGHT, GAUGE, "headcount_http_requests_in_flight", 1, WEB, NONE, NONE, NONE, false, \
      "Requests that are being answered now.") \
    X(HTTP_WORKERS, GAUGE, "headcount_http_workers", 1, WEB, NONE, NONE, NONE, false, \
      "Threads that answer requests.") \
    X(KEPT, COUNTER, "headcount_cache_answers_total", 1, WEB, KEPT, NONE, NONE, false, \
      "Answers that are kept in Redis: served fresh (hit) or stale, made anew (filled, a miss), or not to be had (failed).") \
    X(ERRORS, COUNTER, "headcount_errors_total", 1, BOTH, KIND, NONE, NONE, true, \
      "Failures by kind: problems answered by the web service, attempts of a consumer that did not succeed.") \
    X(MESSAGES, COUNTER, "headcount_kafka_messages_total", 1, CONSUMER, TOPIC, MESSAGE, NONE, true, \
      "Messages from Kafka, by topic: processed, given to user.dead (dead), or tried again after a passing error (retried).") \
    X(KAFKA_LAG, GAUGE, "headcount_kafka_lag_messages", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Messages not yet processed in the partitions of this instance.") \
    X(KAFKA_DELAY, GAUGE, "headcount_kafka_lag_seconds", 1000, CONSUMER, NONE, NONE, NONE, false, \
      "Age that the message processed last had by then, 0 when none is waiting.") \
    X(KAFKA_SENT, COUNTER, "headcount_kafka_sent_total", 1, BOTH, RESULT, NONE, NONE, false, \
      "Messages sent to Kafka, by whether the broker acknowledged them.") \
    X(USERS_INSERTED, COUNTER, "headcount_users_inserted_total", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Generated users written to MongoDB.") \
    X(REQUESTS, COUNTER, "headcount_user_requests_total", 1, CONSUMER, REQUEST, NONE, NONE, false, \
      "Requests of users read from Kafka: counted, repeated (counted before), or late (of a user deleted meanwhile).") \
    X(WORKERS, GAUGE, "headcount_consumer_workers", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Threads that process bulk messages.") \
    X(STEPS, COUNTER, "headcount_steps_total", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Steps that moved the counters of a slot, made by this instance.") \
    X(STEP_RACES, COUNTER, "headcount_step_races_total", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Steps that lost the race for their slot and were computed anew.") \
    X(STEP_INTENTS, COUNTER, "headcount_step_intents_finished_total", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Steps that somebody else had begun and this instance finished.") \
    X(LEADER, GAUGE, "headcount_leader", 1, CONSUMER, NONE, NONE, NONE, false, \
      "1 for the one consumer that does what only one needs to do.") \
    X(JOBS_OPEN, GAUGE, "headcount_jobs_open", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Jobs that are not finished. From the leader.") \
    X(USERS, GAUGE, "headcount_users", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Users as they are counted. From the leader.") \
    X(AUDIT_DRIFT, GAUGE, "headcount_audit_drift", 1, CONSUMER, NONE, NONE, NONE, false, \
      "Difference between the counters and what is stored, as the last audit found it. From the leader.") \
    X(AUDIT_TIME, GAUGE, "headcount_audit_timestamp_seconds", 1000, CONSUMER, NONE, NONE, NONE, false, \
      "When the last audit ended. From the leader.") \
    X(MONGODB_UP, GAUGE, "headcount_mongodb_up", 1, BOTH, NONE, NONE, NONE, false, \
      "1 when MongoDB answered the last time.") \
    X(REDIS_UP, GAUGE, "headcount_redis_up", 1, BOTH, NONE, NONE, NONE, false, \
      "1 when Redis answered the last time.") \
    X(KAFKA_UP, GAUGE, "headcount_kafka_up", 1, BOTH, NONE, NONE, NONE, false, \
      "1 while a Kafka broker answers.") \
    X(MONGODB_COMMANDS, COUNTER, "headcount_mongodb_commands_total", 1, BOTH, COMMAND, RESULT, NONE, true, \
      "Commands sent to MongoDB.") \
    X(MONGODB_DURATION, HISTOGRAM, "headcount_mongodb_command_duration_seconds", 1000000, BOTH, NONE, NONE, NONE, false, \
      "Time that MongoDB took for a command.") \
    X(MONGODB_ERRORS, COUNTER, "headcount_mongodb_errors_total", 1, BOTH, KIND, NONE, NONE, true, \
      "What MongoDB or the way to it answered instead of a result, by kind; conflict is a unique value that exists already.") \
    X(REDIS_CALLS, COUNTER, "headcount_redis_calls_total", 1, BOTH, RESULT, NONE, NONE, false, \
      "Calls of Redis, without those that were not made because Redis is known to be away.") \
    X(LOG_LINES, COUNTER, "headcount_log_lines_total", 1, BOTH, LEVEL, NONE, NONE, false, \
      "Lines written to the log.") \
    X(LOG_LEFT_OUT, COUNTER, "headcount_log_lines_left_out_total", 1, WEB, NONE, NONE, NONE, false, \
      "Lines about refused requests that were left out because there were too many in one second.") \
    X(BUILD, GAUGE, "headcount_build_info", 1, BOTH, VERSION, PROGRAM, NONE, false, \
      "1, with the version and the name of the program.") \
    X(START_TIME, GAUGE, "process_start_time_seconds", 1000, BOTH, NONE, NONE, NONE, false, \
      "When the process started.") \
    X(CPU, COUNTER, "process_cpu_seconds_total", 1000000, BOTH, NONE, NONE, NONE, false, \
      "Processor time used by the process.") \
    X(MEMORY, GAUGE, "process_resident_memory_bytes", 1, BOTH, NONE, NONE, NONE, false, \
      "Resident memory of the process.") \
    X(FDS, GAUGE, "process_open_fds", 1, BOTH, NONE, NONE, NONE, false, \
      "Open file descriptors.") \
    X(FDS_MAX, GAUGE, "process_max_fds", 1, BOTH, NONE, NONE, NONE, false, \
      "File descriptors that the process may have.")
/* clang-format on */

#endif
