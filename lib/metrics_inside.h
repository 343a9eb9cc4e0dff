/* metrics_inside.h - the rows of the table, for the parts of metrics.h. Inside lib/ only. */
#ifndef HC_METRICS_INSIDE_H
#define HC_METRICS_INSIDE_H

#include "metrics.h"

enum hc_metric_type { HC_METRIC_COUNTER, HC_METRIC_GAUGE, HC_METRIC_HISTOGRAM };

struct hc_metric_row {
    enum hc_metric_type type;
    const char *name, *help;
    int64_t scale;
    unsigned roles;
    enum hc_metric_label labels[3];
    bool sparse;
    size_t first, cells; /* in the array of all cells; a histogram has HC_HISTOGRAM_CELLS for each cell */
};
extern const struct hc_metric_row hc_metric_rows[HC_METRIC_COUNT];

/* Notes what the system knows of this process. */
void hc_metrics_note_process(void);

/* Appends a label's value between quotes, escaped as Prometheus wants it. */
void hc_metrics_quote(struct hc_buf *out, const char *value);

#endif
