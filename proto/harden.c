// SPDX-License-Identifier: BSD-2-Clause
// What a program does to itself before it touches a secret.
#include "harden.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int harden_until_exec(void)
{
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int harden_process(void)
{
    const struct rlimit none = {0, 0};
    int r = harden_until_exec();

    if (r < 0)
        return r;
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

int harden_helper(void)
{
    int r = harden_process();

    if (r < 0)
        return r;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return -errno;
    /* The starter may have died before this; its conversation then reads as closed, which ends us
     * too. */
    return 0;
}
