// SPDX-License-Identifier: BSD-2-Clause
// Runs a fuzz target once over each file named, or over each file in a folder named, without a
// fuzzer.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static int complain(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return -1;
}

/* The target gets a block of the file's very size, so that ASan sees a byte too far. */
static int replay_stream(FILE *file, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);

    if (!data)
        return -1;
    if (fread(data, 1, size, file) != size) {
        free(data);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int replay_file(const char *path)
{
    struct stat stat;
    FILE *file = fopen(path, "re");
    int r;

    if (!file)
        return complain(path);
    r = fstat(fileno(file), &stat);
    if (r == 0)
        r = replay_stream(file, (size_t)stat.st_size);
    if (r < 0)
        complain(path);
    fclose(file);
    return r;
}

static int replay_folder(const char *path, DIR *folder)
{
    char file[PATH_MAX / 2];
    struct dirent *entry;
    int r = 0;

    while (r == 0 && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        r = replay_file(file);
    }
    return r;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    int r;

    if (!folder)
        return errno == ENOTDIR ? replay_file(path) : complain(path);
    r = replay_folder(path, folder);
    closedir(folder);
    return r;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) < 0)
            return 1;
    printf("%lu inputs replayed\n", replayed);
    return replayed ? 0 : 1;
}
