// SPDX-License-Identifier: BSD-2-Clause
// Times whole commands, in turn (A B C A B C …), so that a machine whose speed drifts drifts for
// all of them. spawn RUNS A… -- B… -- C…: prints, for each, its number, the median in microseconds,
// the median of its ratio to the first, and when its last run began (CLOCK_MONOTONIC,
// microseconds).
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 8
#define RUNS_MAX     10000

static double micros[COMMANDS_MAX][RUNS_MAX], last_began[COMMANDS_MAX];

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double time_once(char **command, const posix_spawn_file_actions_t *files, double began)
{
    int status;
    pid_t pid;

    if (posix_spawnp(&pid, command[0], files, NULL, command, environ) != 0 ||
        waitpid(pid, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "spawn: %s failed\n", command[0]);
        exit(1);
    }
    return now_us() - began;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

static size_t split(char **words, char ***commands)
{
    size_t n = 0;

    while (*words && n < COMMANDS_MAX) {
        commands[n++] = words;
        while (*words && strcmp(*words, "--") != 0)
            words++;
        if (*words)
            *words++ = NULL;
    }
    return n;
}

int main(int argc, char **argv)
{
    static double ratios[RUNS_MAX];
    char **commands[COMMANDS_MAX];
    posix_spawn_file_actions_t files;
    size_t count, runs = argc > 2 ? (size_t)strtoul(argv[1], NULL, 10) : 0;

    if (!runs || runs > RUNS_MAX) {
        fprintf(stderr, "usage: spawn RUNS COMMAND… [-- COMMAND…]…\n");
        return 2;
    }
    count = split(argv + 2, commands);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    for (size_t run = 0; run < runs; run++)
        for (size_t i = 0; i < count; i++)
            micros[i][run] = time_once(commands[i], &files, last_began[i] = now_us());
    for (size_t i = count; i-- > 0;) {
        for (size_t run = 0; run < runs; run++)
            ratios[run] = micros[i][run] / micros[0][run];
        printf("%zu %.1f %.3f %.1f\n", i, median(micros[i], runs), median(ratios, runs),
               last_began[i]);
    }
    return 0;
}
