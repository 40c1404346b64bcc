// SPDX-License-Identifier: BSD-2-Clause
// Security keys as udev tells of them: hidraw devices with the FIDO usage page. Those plugged in
// are kept by name, since nothing of a device can be read any more when it has been pulled.
#include "keys.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-device.h>

#include "agent.h"

#define SUBSYSTEM       "hidraw"
#define KEYS_MAX        32   /* further ones are not watched */
#define NAME_SIZE       32   /* hidraw, and a number */
#define DESCRIPTOR_MAX  4096 /* HID_MAX_DESCRIPTOR_SIZE of Linux's hid.h */
#define PATH_SIZE       2048
#define DESCRIPTOR_PATH "device/report_descriptor"

/* Usage page 0xf1d0 (HID Usage Tables, "FIDO Alliance Page"), as a report descriptor says it. */
static const uint8_t FIDO_PAGE[] = {0x06, 0xd0, 0xf1};

static sd_device_monitor *monitor;
static char keys[KEYS_MAX][NAME_SIZE]; /* an empty name is a free place */

static char *find(const char *name)
{
    for (size_t i = 0; i < KEYS_MAX; i++)
        if (strcmp(keys[i], name) == 0)
            return keys[i];
    return NULL;
}

static bool has_property(sd_device *device, const char *name)
{
    const char *value;

    return sd_device_get_property_value(device, name, &value) >= 0 && strcmp(value, "1") == 0;
}

static bool has_fido_page(sd_device *device)
{
    static uint8_t descriptor[DESCRIPTOR_MAX];
    char path[PATH_SIZE];
    const char *folder;
    FILE *file;
    size_t n;

    if (sd_device_get_syspath(device, &folder) < 0)
        return false;
    n = (size_t)snprintf(path, sizeof path, "%s/" DESCRIPTOR_PATH, folder);
    if (n >= sizeof path || !(file = fopen(path, "re")))
        return false;
    n = fread(descriptor, 1, sizeof descriptor, file);
    fclose(file);
    return memmem(descriptor, n, FIDO_PAGE, sizeof FIDO_PAGE) != NULL;
}

/* udev knows (fido_id, since systemd 244), else the descriptor that it looks at tells. */
static bool is_key(sd_device *device)
{
    return has_property(device, "ID_FIDO_TOKEN") || has_property(device, "ID_SECURITY_TOKEN") ||
           has_fido_page(device);
}

/* Whether it is a key that was not yet known. */
static bool add(sd_device *device, const char *name)
{
    char *place = find("");

    if (strlen(name) >= NAME_SIZE || !place || find(name) || !is_key(device))
        return false;
    strcpy(place, name);
    return true;
}

static int on_device(sd_device_monitor *from, sd_device *device, void *unused)
{
    sd_device_action_t action;
    const char *name;
    char *known;

    (void)from;
    (void)unused;
    if (sd_device_get_sysname(device, &name) < 0 || sd_device_get_action(device, &action) < 0)
        return 0;
    known = find(name);
    if (action == SD_DEVICE_REMOVE && known) {
        known[0] = '\0';
        agent_tell(WATCH_REMOVED);
    } else if (action != SD_DEVICE_REMOVE && add(device, name)) {
        agent_tell(WATCH_ADDED);
    }
    return 0;
}

/* Those that are there already, without a word. */
static int add_present(void)
{
    sd_device_enumerator *enumerator;
    const char *name;
    int r = sd_device_enumerator_new(&enumerator);

    if (r < 0)
        return r;
    r = sd_device_enumerator_add_match_subsystem(enumerator, SUBSYSTEM, true);
    for (sd_device *device = r < 0 ? NULL : sd_device_enumerator_get_device_first(enumerator);
         device; device = sd_device_enumerator_get_device_next(enumerator))
        if (sd_device_get_sysname(device, &name) >= 0)
            add(device, name);
    sd_device_enumerator_unref(enumerator);
    return r < 0 ? r : 0;
}

int keys_open(sd_event *event)
{
    if (sd_device_monitor_new(&monitor) < 0)
        return 0;
    if (sd_device_monitor_filter_add_match_subsystem_devtype(monitor, SUBSYSTEM, NULL) < 0 ||
        sd_device_monitor_attach_event(monitor, event) < 0 ||
        sd_device_monitor_start(monitor, on_device, NULL) < 0 || add_present() < 0)
        keys_close();
    return 0;
}

void keys_close(void)
{
    monitor = sd_device_monitor_unref(monitor);
}
