/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/news.h"

#include "common/limits.h"
#include "common/time.h"
#include "tools/door/askers.h"
#include "tools/door/http/call.h"

void fh_http_news_init(struct fh_http_news *news)
{
    *news = (struct fh_http_news){.looked_ms = 0};
    pthread_mutex_init(&news->lock, NULL);
}

void fh_http_news_fini(struct fh_http_news *news)
{
    pthread_mutex_destroy(&news->lock);
}

bool fh_http_news_known(struct fh_http_news *news,
                        int64_t now_ms,
                        uint64_t *out_number,
                        bool *out_stale)
{
    pthread_mutex_lock(&news->lock);
    int64_t age = news->looked_ms == 0 ? INT64_MAX : now_ms - news->looked_ms;
    bool young = age < FH_HTTP_NEWS_MS;
    bool known = age < 2 * FH_HTTP_NEWS_MS;
    *out_number = news->number;
    *out_stale = known && !young && !news->looking;
    if (*out_stale) {
        news->looking = true;
    }
    pthread_mutex_unlock(&news->lock);
    return known;
}

void fh_http_news_forgo(struct fh_http_news *news)
{
    pthread_mutex_lock(&news->lock);
    news->looking = false;
    pthread_mutex_unlock(&news->lock);
}

int fh_http_news_look(struct fh_http_news *news,
                      struct fh_askers *askers,
                      uint64_t *out_number,
                      struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_status status = {.size = sizeof status};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    pthread_mutex_lock(&news->lock);
    int64_t now_ms = fh_clock_mono_ms();
    bool young = news->looked_ms != 0 && now_ms - news->looked_ms < FH_HTTP_NEWS_MS;
    *out_number = news->number;
    pthread_mutex_unlock(&news->lock);
    if (young) {
        return FH_OK;
    }
    int code = fh_askers_take(askers, NULL, &client, err);
    if (code == FH_OK) {
        if (freehold_status(client, &status, &error) != FREEHOLD_OK) {
            code = fh_http_error(err, &error);
        }
        fh_askers_give(askers, client);
    }
    pthread_mutex_lock(&news->lock);
    news->looking = false;
    if (code == FH_OK) {
        *out_number = status.news;
        if (now_ms >= news->looked_ms) { /* nobody asked later and was answered sooner */
            news->number = status.news;
            news->looked_ms = now_ms; /* when it was asked: what changed since shows next time */
        }
    }
    pthread_mutex_unlock(&news->lock);
    return code;
}
