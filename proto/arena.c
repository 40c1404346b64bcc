// SPDX-License-Identifier: BSD-2-Clause
// The arena: a buddy allocator over one locked mapping. Its book-keeping stands outside the
// mapping, so that a free block holds nothing but zeros.
#include "arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNIT_SHIFT 7 /* the smallest block: 128 bytes, room for an access key or a TOTP seed */
#define ORDERS     20
#define SIZE_MIN   ((size_t)64 * 1024)
#define SIZE_MAX_  ((size_t)64 * 1024 * 1024)
#define NONE       UINT32_MAX

enum state { INSIDE = 0, FREE = 1, USED = 2 };

struct unit {
    uint32_t next, prev; /* neighbours in the list of free blocks of this order */
    uint8_t state, order;
};

static struct {
    uint8_t *base;
    size_t size, page;
    struct unit *units;
    uint32_t count;
    uint32_t free_list[ORDERS];
} arena;

static size_t block_size(unsigned order)
{
    return (size_t)1 << (order + UNIT_SHIFT);
}

static void list_add(uint32_t index, unsigned order)
{
    struct unit *unit = &arena.units[index];

    *unit = (struct unit){
        .next = arena.free_list[order], .prev = NONE, .state = FREE, .order = (uint8_t)order};
    if (unit->next != NONE)
        arena.units[unit->next].prev = index;
    arena.free_list[order] = index;
}

static void list_remove(uint32_t index)
{
    struct unit *unit = &arena.units[index];

    if (unit->prev != NONE)
        arena.units[unit->prev].next = unit->next;
    else
        arena.free_list[unit->order] = unit->next;
    if (unit->next != NONE)
        arena.units[unit->next].prev = unit->prev;
    unit->state = INSIDE;
}

/* mlock2 locks what is touched. Where it is missing (valgrind), which glibc calls EINVAL, all of it
 * is locked. */
static int lock_pages(void *base, size_t size)
{
    if (mlock2(base, size, MLOCK_ONFAULT) == 0)
        return 0;
    return errno == EINVAL ? mlock(base, size) : -1;
}

static int map_pages(size_t size, enum arena_lock lock)
{
    size_t whole = size + 2 * arena.page;
    uint8_t *map = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int r;

    if (map == MAP_FAILED)
        return -errno;
    arena.base = map + arena.page;
    if (mprotect(arena.base, size, PROT_READ | PROT_WRITE) < 0 ||
        madvise(arena.base, size, MADV_DONTDUMP) < 0 ||
        madvise(arena.base, size, MADV_WIPEONFORK) < 0 ||
        (lock_pages(arena.base, size) < 0 && lock == ARENA_LOCK_NEEDED)) {
        r = -errno;
        munmap(map, whole);
        arena.base = NULL;
        return r;
    }
    return 0;
}

int arena_open(size_t size, enum arena_lock lock)
{
    unsigned order = 0;
    int r;

    if (arena.base)
        return -EALREADY;
    if (size < SIZE_MIN || size > SIZE_MAX_)
        return -EINVAL;
    while (block_size(order) < size)
        order++;
    arena.size = block_size(order);
    arena.page = (size_t)sysconf(_SC_PAGESIZE);
    arena.count = (uint32_t)(arena.size >> UNIT_SHIFT);
    if ((r = map_pages(arena.size, lock)) < 0)
        return r;
    arena.units = mmap(NULL, arena.count * sizeof(struct unit), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena.units == MAP_FAILED) {
        r = -errno;
        munmap(arena.base - arena.page, arena.size + 2 * arena.page);
        arena.base = NULL;
        return r;
    }
    memset(arena.free_list, 0xff, sizeof arena.free_list);
    list_add(0, order);
    return 0;
}

void arena_close(void)
{
    if (!arena.base)
        return;
    for (uint32_t i = 0; i < arena.count; i++)
        if (arena.units[i].state == USED)
            explicit_bzero(arena.base + ((size_t)i << UNIT_SHIFT),
                           block_size(arena.units[i].order));
    munmap(arena.base - arena.page, arena.size + 2 * arena.page);
    munmap(arena.units, arena.count * sizeof(struct unit));
    arena.base = NULL;
}

void *arena_alloc(size_t size)
{
    unsigned order = 0, have;
    uint32_t index;

    if (!arena.base || size > arena.size)
        return NULL;
    while (block_size(order) < size)
        order++;
    for (have = order; have < ORDERS && arena.free_list[have] == NONE; have++)
        ;
    if (have == ORDERS)
        return NULL;
    index = arena.free_list[have];
    list_remove(index);
    while (have > order) {
        have--;
        list_add(index + (1u << have), have);
    }
    arena.units[index].state = USED;
    arena.units[index].order = (uint8_t)order;
    return arena.base + ((size_t)index << UNIT_SHIFT);
}

/* A pointer that is no block of ours means that memory is no longer what we think: stop. */
static uint32_t used_index(const void *block)
{
    uintptr_t at = (uintptr_t)block, base = (uintptr_t)arena.base;
    uint32_t index;

    if (!arena.base || at < base || at >= base + arena.size || (at - base) % block_size(0))
        abort();
    index = (uint32_t)((at - base) >> UNIT_SHIFT);
    if (arena.units[index].state != USED)
        abort();
    return index;
}

void arena_free(void *block)
{
    uint32_t index, buddy;
    unsigned order;

    if (!block)
        return;
    index = used_index(block);
    order = arena.units[index].order;
    explicit_bzero(block, block_size(order));
    arena.units[index].state = INSIDE;
    for (; block_size(order) < arena.size; order++) {
        buddy = index ^ (1u << order);
        if (arena.units[buddy].state != FREE || arena.units[buddy].order != order)
            break;
        list_remove(buddy);
        index &= ~(1u << order);
    }
    list_add(index, order);
}

size_t arena_capacity(const void *block)
{
    return block_size(arena.units[used_index(block)].order);
}

char *arena_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}
