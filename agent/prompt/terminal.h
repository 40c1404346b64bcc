// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TERMINAL_H
#define AWSTAP_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

/* The terminal of who asks: a pinentry that is killed on it may leave it without echo. */
struct terminal {
    int fd; /* -1: none */
    const char *path;
    struct termios before;
};

/*
 * Open the terminal at path, which must stay. 0, or a negative errno and no terminal: -ENOTTY
 * where it is something else, -ENOENT where path is empty.
 */
int terminal_open(struct terminal *terminal, const char *path);
void terminal_close(struct terminal *terminal);

/* A dialog is about to use it: remember how it is set. What was typed before is thrown away, so
 * that it answers nothing. */
void terminal_lend(struct terminal *terminal);

/* The dialog is over: set it as it was, and begin a new line if it was not. */
void terminal_take_back(struct terminal *terminal);

#endif
