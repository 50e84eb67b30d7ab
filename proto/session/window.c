/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/window.h"

#include "common/assert.h"

bool fh_window_admit(struct fh_window *window, uint64_t counter)
{
    FH_ASSERT(counter < UINT64_MAX);
    if (window->next > FH_SESSION_REPLAY_WINDOW &&
        counter < window->next - FH_SESSION_REPLAY_WINDOW) {
        return false;
    }
    uint64_t word = counter / 64;
    uint64_t bit = (uint64_t)1 << (counter % 64);
    if (counter >= window->next) {
        /* Clear the words between the old greatest counter and this one. */
        uint64_t newest = window->next == 0 ? 0 : (window->next - 1) / 64;
        uint64_t steps = word - newest;
        for (uint64_t i = 1; i <= steps && i <= FH_WINDOW_WORDS; i++) {
            window->words[(newest + i) % FH_WINDOW_WORDS] = 0;
        }
        window->next = counter + 1;
    } else if ((window->words[word % FH_WINDOW_WORDS] & bit) != 0) {
        return false;
    }
    window->words[word % FH_WINDOW_WORDS] |= bit;
    return true;
}
