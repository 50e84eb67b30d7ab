/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/lanes.h"

#include "node/query/priority.h"

#include <unistd.h>

enum { PART_FOR_QUICK = 4 }; /* of the processors one of so many */

void fh_lanes_init(struct fh_lanes *lanes)
{
    *lanes = (struct fh_lanes){0};
    if (sched_getaffinity(0, sizeof lanes->all, &lanes->all) != 0) {
        return; /* more processors than a cpu_set_t names: there is room for all */
    }
    int count = CPU_COUNT(&lanes->all);
    int quick = count / PART_FOR_QUICK < 1 ? 1 : count / PART_FOR_QUICK;
    lanes->able = count > 1;
    lanes->slow = lanes->all;
    for (size_t i = CPU_SETSIZE; i-- > 0 && CPU_COUNT(&lanes->quick) < quick;) {
        if (CPU_ISSET(i, &lanes->all)) { /* the last ones: interrupts mostly go to the first */
            CPU_SET(i, &lanes->quick);
            CPU_CLR(i, &lanes->slow);
        }
    }
}

/* Which may be gone, or taken away by an operator: then it stays where it is. */
static void move_thread(pid_t thread, void *user)
{
    const cpu_set_t *set = user;
    (void)sched_setaffinity(thread, sizeof *set, set);
}

bool fh_lanes_split(struct fh_lanes *lanes, bool split)
{
    if (split == lanes->split || !lanes->able) {
        return false;
    }
    lanes->split = split;
    if (split) {
        move_thread(0, &lanes->quick);
    } else { /* with those that the loop made meanwhile */
        fh_priority_each_thread(getpid(), move_thread, &lanes->all);
    }
    return true;
}

void fh_lanes_place(const struct fh_lanes *lanes, pid_t process, bool slow)
{
    cpu_set_t set = !lanes->split ? lanes->all : slow ? lanes->slow : lanes->quick;
    fh_priority_each_thread(process, move_thread, &set);
}
