// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WHO_H
#define AWSTAP_WHO_H

#include <stddef.h>
#include <sys/types.h>

#define WHO_SIZE 320

/*
 * Who is behind a client, as far as the system tells: the program that runs awstap, and the folder
 * it is in, as `terraform, in ~/infra`. It is what that program calls itself, so no proof of
 * anything. The starter asks this, as a narrowed process may not. Control characters are replaced.
 * text is empty where pid, whose pidfd this is, has ended meanwhile, or nothing is told.
 */
void who_is(pid_t pid, int pidfd, char text[WHO_SIZE]);

#endif
