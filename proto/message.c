// SPDX-License-Identifier: BSD-2-Clause
// The messages as tables: one encoder and one strict decoder serve them all.
#include "message.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum kind { END = 0, U32, U64, TEXT, BYTES, LIST };

/* max is the most bytes a string may have (a text: without its NUL). It stops absurd input early;
 * what a field means is checked by whoever uses it. */
struct field {
    enum kind kind;
    size_t offset;
    uint32_t max;
};

struct layout {
    const char *name;
    bool carries_fd;
    const struct field *fields;
};

#define NAME_MAX_  64u
#define PATH_MAX_  4096u
#define LINE_MAX_  1024u
#define STAKE_MAX_ 4096u /* several lines, for a dialog */
#define ARN_MAX_   640u
#define ID_MAX_    256u /* of an access key or MFA device, as the vault may hold it */
#define TOKEN_MAX_ 16384u
#define BLOB_MAX_  1024u
#define REPLY_MAX_ 49152u

/* clang-format off */
#define F_U32(s, f)        {U32, offsetof(struct s, f), 0}
#define F_U64(s, f)        {U64, offsetof(struct s, f), 0}
#define F_TEXT(s, f, max)  {TEXT, offsetof(struct s, f), max}
#define F_BYTES(s, f, max) {BYTES, offsetof(struct s, f), max}
#define F_LIST(s, f, max)  {LIST, offsetof(struct s, f), max}
#define FIELDS(...)        (const struct field[]) { __VA_ARGS__ {END, 0, 0} }
#define NO_FIELDS          (const struct field[]) {{END, 0, 0}}

static const struct layout LAYOUTS[] = {
    [MSG_HELLO] = {"HELLO", false, FIELDS(
        F_U32(msg_hello, protocol), F_TEXT(msg_hello, version, NAME_MAX_), )},
    [MSG_DONE] = {"DONE", false, FIELDS(F_TEXT(msg_done, text, LINE_MAX_), )},
    [MSG_FAILED] = {"FAILED", false, FIELDS(
        F_U32(msg_failed, status), F_TEXT(msg_failed, text, LINE_MAX_), )},
    [MSG_PROGRESS] = {"PROGRESS", false, FIELDS(
        F_U32(msg_progress, kind), F_TEXT(msg_progress, text, LINE_MAX_), )},

    [MSG_GET] = {"GET", false, FIELDS(
        F_TEXT(msg_get, key, NAME_MAX_), F_U32(msg_get, duration),
        F_LIST(msg_get, hops, HOPS_BYTES_MAX), )},
    [MSG_LEAVE] = {"LEAVE", false, NO_FIELDS},
    [MSG_STATUS] = {"STATUS", false, NO_FIELDS},
    [MSG_LOCK] = {"LOCK", false, NO_FIELDS},
    [MSG_SESSION] = {"SESSION", false, FIELDS(
        F_TEXT(msg_session, access_key_id, 128), F_TEXT(msg_session, secret_access_key, 128),
        F_TEXT(msg_session, session_token, TOKEN_MAX_), F_U64(msg_session, expiration),
        F_TEXT(msg_session, account, 16), F_TEXT(msg_session, region, NAME_MAX_), )},
    [MSG_AGENT] = {"AGENT", false, FIELDS(
        F_TEXT(msg_agent, version, NAME_MAX_), F_U32(msg_agent, pid),
        F_TEXT(msg_agent, vault, PATH_MAX_), F_TEXT(msg_agent, state, PATH_MAX_),
        F_U32(msg_agent, waiting), F_U32(msg_agent, by_unit), F_U32(msg_agent, watching),
        F_U32(msg_agent, screen_locked), F_TEXT(msg_agent, trouble, LINE_MAX_), )},
    [MSG_CACHED] = {"CACHED", false, FIELDS(
        F_TEXT(msg_cached, key, NAME_MAX_), F_TEXT(msg_cached, role_arn, ARN_MAX_),
        F_TEXT(msg_cached, access_key_id, 128), F_U32(msg_cached, duration),
        F_U64(msg_cached, expiration), )},
    [MSG_CONTEXT] = {"CONTEXT", false, FIELDS(
        F_TEXT(msg_context, tty, 255), F_TEXT(msg_context, term, 255),
        F_TEXT(msg_context, lc_ctype, 255), F_TEXT(msg_context, lc_messages, 255),
        F_TEXT(msg_context, display, 255), F_TEXT(msg_context, wayland_display, 255),
        F_TEXT(msg_context, xauthority, LINE_MAX_), F_TEXT(msg_context, dbus, LINE_MAX_),
        F_TEXT(msg_context, requester, LINE_MAX_), F_TEXT(msg_context, pinentry, PATH_MAX_), )},
    [MSG_SOCKET_ADD] = {"SOCKET_ADD", false, FIELDS(
        F_TEXT(msg_socket_add, host, NAME_MAX_), F_U32(msg_socket_add, max_duration),
        F_LIST(msg_socket_add, allow, HOPS_BYTES_MAX), )},
    [MSG_SOCKET_LIST] = {"SOCKET_LIST", false, NO_FIELDS},
    [MSG_SOCKET_REMOVE] = {"SOCKET_REMOVE", false, FIELDS(
        F_TEXT(msg_socket_remove, host, NAME_MAX_), )},
    [MSG_SOCKET] = {"SOCKET", false, FIELDS(
        F_TEXT(msg_socket, host, NAME_MAX_), F_TEXT(msg_socket, path, 255),
        F_U32(msg_socket, max_duration), F_LIST(msg_socket, allow, HOPS_BYTES_MAX), )},

    [MSG_FACTOR_ADD] = {"FACTOR_ADD", true, FIELDS(
        F_U32(msg_factor_add, kind), F_TEXT(msg_factor_add, label, NAME_MAX_),
        F_TEXT(msg_factor_add, device, 255), F_U32(msg_factor_add, with_totp), )},
    [MSG_FACTOR_LIST] = {"FACTOR_LIST", false, NO_FIELDS},
    [MSG_FACTOR_REMOVE] = {"FACTOR_REMOVE", false, FIELDS(F_U32(msg_factor_remove, id), )},
    [MSG_KEY_ADD] = {"KEY_ADD", true, FIELDS(
        F_TEXT(msg_key_add, name, NAME_MAX_), F_TEXT(msg_key_add, region, NAME_MAX_),
        F_TEXT(msg_key_add, mfa_serial, 256), F_TEXT(msg_key_add, sts_url, 255),
        F_TEXT(msg_key_add, iam_url, 255), F_TEXT(msg_key_add, ca_bundle, 1023), )},
    [MSG_KEY_LIST] = {"KEY_LIST", false, NO_FIELDS},
    [MSG_KEY_REMOVE] = {"KEY_REMOVE", false, FIELDS(F_TEXT(msg_key_remove, name, NAME_MAX_), )},
    [MSG_MFA_IMPORT] = {"MFA_IMPORT", true, FIELDS(
        F_TEXT(msg_mfa_import, key, NAME_MAX_), F_TEXT(msg_mfa_import, mfa_serial, 256), )},
    [MSG_MFA_CODE] = {"MFA_CODE", false, FIELDS(F_TEXT(msg_mfa_code, key, NAME_MAX_), )},
    [MSG_KEY_SET] = {"KEY_SET", false, FIELDS(
        F_TEXT(msg_key_set, name, NAME_MAX_), F_LIST(msg_key_set, options, LINE_MAX_), )},
    [MSG_LOG_VERIFY] = {"LOG_VERIFY", false, NO_FIELDS},
    [MSG_AGREE] = {"AGREE", false, FIELDS(F_TEXT(msg_agree, stake, STAKE_MAX_), )},
    [MSG_KEY_ROTATE] = {"KEY_ROTATE", false, FIELDS(
        F_TEXT(msg_key_rotate, name, NAME_MAX_), F_U32(msg_key_rotate, due),
        F_TEXT(msg_key_rotate, discard, 128), F_U32(msg_key_rotate, anew), )},
    [MSG_KEY_IMPORT] = {"KEY_IMPORT", true, FIELDS(F_LIST(msg_key_import, keys, HOPS_BYTES_MAX), F_U32(msg_key_import, exposed), )},
    [MSG_MFA_ADD] = {"MFA_ADD", false, FIELDS(
        F_TEXT(msg_mfa_add, key, NAME_MAX_), F_U32(msg_mfa_add, replace),
        F_U32(msg_mfa_add, anew), )},
    [MSG_MFA_REMOVE] = {"MFA_REMOVE", false, FIELDS(F_TEXT(msg_mfa_remove, key, NAME_MAX_), )},
    [MSG_REVOKE] = {"REVOKE", false, FIELDS(
        F_TEXT(msg_revoke, key, NAME_MAX_), F_TEXT(msg_revoke, discard, 128),
        F_U32(msg_revoke, finish), )},
    [MSG_FACTOR] = {"FACTOR", false, FIELDS(
        F_U32(msg_factor, id), F_U32(msg_factor, kind), F_TEXT(msg_factor, label, NAME_MAX_),
        F_U32(msg_factor, flags), F_BYTES(msg_factor, aaguid, 16), F_U64(msg_factor, created), )},
    [MSG_KEY] = {"KEY", false, FIELDS(
        F_TEXT(msg_key, name, NAME_MAX_), F_TEXT(msg_key, access_key_id, ID_MAX_),
        F_TEXT(msg_key, arn, ARN_MAX_), F_TEXT(msg_key, account, 16),
        F_TEXT(msg_key, partition, NAME_MAX_), F_TEXT(msg_key, region, NAME_MAX_),
        F_TEXT(msg_key, mfa_serial, ID_MAX_), F_TEXT(msg_key, sts_url, LINE_MAX_),
        F_TEXT(msg_key, iam_url, LINE_MAX_), F_TEXT(msg_key, ca_bundle, PATH_MAX_),
        F_U32(msg_key, has_seed), F_U64(msg_key, created), F_U32(msg_key, touch),
        F_U32(msg_key, serve), F_U32(msg_key, duration), F_U32(msg_key, max_duration),
        F_U32(msg_key, lock_on), F_U32(msg_key, rotate_every), F_U32(msg_key, grace),
        F_U64(msg_key, sealed), F_TEXT(msg_key, task, LINE_MAX_),
        F_LIST(msg_key, strangers, STRANGERS_BYTES_MAX), F_U32(msg_key, elsewhere),
        F_U32(msg_key, exposed), F_TEXT(msg_key, older_id, ID_MAX_), )},
    [MSG_CODE] = {"CODE", false, FIELDS(F_TEXT(msg_code, code, 16), F_U32(msg_code, seconds), )},
    [MSG_OUTCOME] = {"OUTCOME", false, FIELDS(
        F_TEXT(msg_outcome, name, NAME_MAX_), F_U32(msg_outcome, status),
        F_TEXT(msg_outcome, text, LINE_MAX_), )},
    [MSG_VAULT_EXPORT] = {"VAULT_EXPORT", true, NO_FIELDS},
    [MSG_VAULT_IMPORT] = {"VAULT_IMPORT", true, FIELDS(F_U32(msg_vault_import, replace), )},
    [MSG_VAULT_ADOPT] = {"VAULT_ADOPT", false, NO_FIELDS},
    [MSG_DRILL] = {"DRILL", false, FIELDS(
        F_U32(msg_drill, step), F_U64(msg_drill, when), F_TEXT(msg_drill, old_id, 128),
        F_TEXT(msg_drill, new_id, 128), F_U64(msg_drill, sealed), F_U64(msg_drill, ended), )},

    [MSG_START] = {"START", true, FIELDS(F_U32(msg_start, program), )},
    [MSG_STARTED] = {"STARTED", true, FIELDS(F_U32(msg_started, pid), )},
    [MSG_WHO] = {"WHO", true, FIELDS(F_U32(msg_who, pid), )},
    [MSG_ASKER] = {"ASKER", false, FIELDS(F_TEXT(msg_asker, text, LINE_MAX_), )},

    [MSG_PLACES] = {"PLACES", false, FIELDS(
        F_TEXT(msg_places, vault, PATH_MAX_), F_TEXT(msg_places, state, PATH_MAX_),
        F_BYTES(msg_places, log_start, 16), F_BYTES(msg_places, log_key, 32),
        F_U64(msg_places, log_count), )},
    [MSG_WANT] = {"WANT", false, FIELDS(
        F_U32(msg_want, flight), F_TEXT(msg_want, key, NAME_MAX_), F_U32(msg_want, duration),
        F_LIST(msg_want, hops, HOPS_BYTES_MAX), )},
    [MSG_ISSUED] = {"ISSUED", false, FIELDS(
        F_U32(msg_issued, flight), F_TEXT(msg_issued, access_key_id, 128),
        F_TEXT(msg_issued, secret_access_key, 128),
        F_TEXT(msg_issued, session_token, TOKEN_MAX_), F_U64(msg_issued, expiration),
        F_U32(msg_issued, lifetime), F_TEXT(msg_issued, account, 16),
        F_TEXT(msg_issued, region, NAME_MAX_), F_TEXT(msg_issued, partition, NAME_MAX_),
        F_TEXT(msg_issued, sts_url, LINE_MAX_), F_TEXT(msg_issued, ca_bundle, PATH_MAX_),
        F_U32(msg_issued, duration), F_U32(msg_issued, default_duration),
        F_U32(msg_issued, max_duration),
        F_U32(msg_issued, touch), F_U32(msg_issued, serve), F_U32(msg_issued, lock_on),
        F_U32(msg_issued, factor), F_TEXT(msg_issued, factor_label, NAME_MAX_),
        F_U32(msg_issued, mfa), F_TEXT(msg_issued, signed_by, 128), F_U32(msg_issued, due), )},
    [MSG_REFUSED] = {"REFUSED", false, FIELDS(
        F_U32(msg_refused, flight), F_U32(msg_refused, status),
        F_TEXT(msg_refused, text, LINE_MAX_), F_U32(msg_refused, stale), )},
    [MSG_LATER] = {"LATER", false, FIELDS(F_U32(msg_later, flight), )},
    [MSG_OPENED] = {"OPENED", false, NO_FIELDS},
    [MSG_RIDER] = {"RIDER", false, FIELDS(
        F_U32(msg_rider, flight), F_TEXT(msg_rider, what, LINE_MAX_),
        F_U32(msg_rider, duration), F_TEXT(msg_rider, who, LINE_MAX_), )},
    [MSG_ASSUME] = {"ASSUME", false, FIELDS(
        F_U32(msg_assume, flight), F_TEXT(msg_assume, key, NAME_MAX_),
        F_TEXT(msg_assume, access_key_id, 128), F_TEXT(msg_assume, secret_access_key, 128),
        F_TEXT(msg_assume, session_token, TOKEN_MAX_),
        F_TEXT(msg_assume, partition, NAME_MAX_), F_TEXT(msg_assume, region, NAME_MAX_),
        F_TEXT(msg_assume, sts_url, LINE_MAX_), F_TEXT(msg_assume, ca_bundle, PATH_MAX_),
        F_LIST(msg_assume, hops, HOPS_BYTES_MAX), )},
    [MSG_PLUGGED] = {"PLUGGED", false, NO_FIELDS},
    [MSG_NEED] = {"NEED", false, FIELDS(F_U32(msg_need, program), )},
    [MSG_HELPER] = {"HELPER", true, NO_FIELDS},
    [MSG_KEEP] = {"KEEP", false, FIELDS(
        F_BYTES(msg_keep, record_key, 32), F_BYTES(msg_keep, head, 32),
        F_U32(msg_keep, lock_on), )},
    [MSG_AUTHORITY] = {"AUTHORITY", false, FIELDS(F_TEXT(msg_authority, key, NAME_MAX_), )},
    [MSG_GRANTED] = {"GRANTED", false, FIELDS(
        F_BYTES(msg_granted, record_key, 32), F_BYTES(msg_granted, head, 32),
        F_TEXT(msg_granted, access_key_id, 128), F_TEXT(msg_granted, secret_access_key, 128),
        F_TEXT(msg_granted, session_token, TOKEN_MAX_), F_U64(msg_granted, issued),
        F_U64(msg_granted, expiration), F_U32(msg_granted, mfa),
        F_TEXT(msg_granted, signed_by, 128), F_BYTES(msg_granted, day_key, 32),
        F_TEXT(msg_granted, date, 8), F_TEXT(msg_granted, region, NAME_MAX_), )},
    [MSG_DAY_KEY] = {"DAY_KEY", false, FIELDS(
        F_TEXT(msg_day_key, key, NAME_MAX_), F_TEXT(msg_day_key, access_key_id, 128),
        F_TEXT(msg_day_key, date, 8), F_TEXT(msg_day_key, region, NAME_MAX_),
        F_BYTES(msg_day_key, day_key, 32), )},

    [MSG_FIDO_LIST] = {"FIDO_LIST", false, NO_FIELDS},
    [MSG_FIDO_DEVICE] = {"FIDO_DEVICE", false, FIELDS(
        F_TEXT(msg_fido_device, path, PATH_MAX_), F_TEXT(msg_fido_device, product, 256), )},
    [MSG_FIDO_SELECT] = {"FIDO_SELECT", false, FIELDS(F_TEXT(msg_fido_select, path, PATH_MAX_), )},
    [MSG_FIDO_CREDENTIAL] = {"FIDO_CREDENTIAL", false, FIELDS(
        F_U32(msg_fido_credential, slot), F_BYTES(msg_fido_credential, id, BLOB_MAX_),
        F_BYTES(msg_fido_credential, public_key, 64), F_BYTES(msg_fido_credential, salt, 32),
        F_U32(msg_fido_credential, flags), F_BYTES(msg_fido_credential, aaguid, 16), )},
    [MSG_FIDO_ENROL] = {"FIDO_ENROL", false, FIELDS(
        F_TEXT(msg_fido_enrol, path, PATH_MAX_), F_BYTES(msg_fido_enrol, user_id, 64),
        F_BYTES(msg_fido_enrol, salt, 32), F_U32(msg_fido_enrol, flags), )},
    [MSG_FIDO_DERIVE] = {"FIDO_DERIVE", false, FIELDS(F_TEXT(msg_fido_derive, path, PATH_MAX_), )},
    [MSG_FIDO_TOUCH] = {"FIDO_TOUCH", false, FIELDS(F_U32(msg_fido_touch, fingerprint), )},
    [MSG_FIDO_ENROLLED] = {"FIDO_ENROLLED", false, FIELDS(
        F_BYTES(msg_fido_enrolled, id, BLOB_MAX_), F_BYTES(msg_fido_enrolled, public_key, 64),
        F_BYTES(msg_fido_enrolled, aaguid, 16), F_U32(msg_fido_enrolled, flags),
        F_BYTES(msg_fido_enrolled, secret, 32), )},
    [MSG_FIDO_SECRET] = {"FIDO_SECRET", false, FIELDS(
        F_U32(msg_fido_secret, slot), F_BYTES(msg_fido_secret, secret, 32), )},
    [MSG_FIDO_FAILED] = {"FIDO_FAILED", false, FIELDS(
        F_U32(msg_fido_failed, code), F_TEXT(msg_fido_failed, text, LINE_MAX_), )},
    [MSG_FIDO_PIN_WANTED] = {"FIDO_PIN_WANTED", false, FIELDS(
        F_U32(msg_fido_pin_wanted, tries), F_TEXT(msg_fido_pin_wanted, problem, LINE_MAX_), )},
    [MSG_FIDO_PIN] = {"FIDO_PIN", false, FIELDS(F_BYTES(msg_fido_pin, pin, 255), )},

    [MSG_NET_CONNECT] = {"NET_CONNECT", false, FIELDS(
        F_TEXT(msg_net_connect, url, LINE_MAX_), F_TEXT(msg_net_connect, ca_bundle, PATH_MAX_), )},
    [MSG_NET_CONNECTED] = {"NET_CONNECTED", false, FIELDS(F_U64(msg_net_connected, date), )},
    [MSG_NET_REQUEST] = {"NET_REQUEST", false, FIELDS(
        F_LIST(msg_net_request, headers, TOKEN_MAX_ + 4096u),
        F_BYTES(msg_net_request, body, 32768), )},
    [MSG_NET_REPLY] = {"NET_REPLY", false, FIELDS(
        F_U32(msg_net_reply, http_status), F_U64(msg_net_reply, date),
        F_TEXT(msg_net_reply, request_id, 128), F_TEXT(msg_net_reply, code, 128),
        F_TEXT(msg_net_reply, message, LINE_MAX_), F_LIST(msg_net_reply, fields, REPLY_MAX_), )},
    [MSG_NET_FAILED] = {"NET_FAILED", false, FIELDS(
        F_U32(msg_net_failed, failure), F_TEXT(msg_net_failed, text, LINE_MAX_), )},

    [MSG_PROMPT_ASK] = {"PROMPT_ASK", false, FIELDS(
        F_U32(msg_prompt_ask, kind), F_TEXT(msg_prompt_ask, stake, STAKE_MAX_),
        F_TEXT(msg_prompt_ask, label, NAME_MAX_), F_TEXT(msg_prompt_ask, problem, LINE_MAX_),
        F_U32(msg_prompt_ask, seconds), )},
    [MSG_PROMPT_ANSWER] = {"PROMPT_ANSWER", false, FIELDS(
        F_BYTES(msg_prompt_answer, answer, BLOB_MAX_), )},
    [MSG_PROMPT_FAILED] = {"PROMPT_FAILED", false, FIELDS(
        F_U32(msg_prompt_failed, status), F_TEXT(msg_prompt_failed, text, LINE_MAX_), )},

    [MSG_WATCH_SHOW] = {"WATCH_SHOW", false, FIELDS(
        F_TEXT(msg_watch_show, title, LINE_MAX_), F_TEXT(msg_watch_show, body, STAKE_MAX_), )},
    [MSG_WATCH_HIDE] = {"WATCH_HIDE", false, NO_FIELDS},
    [MSG_WATCH_EVENT] = {"WATCH_EVENT", false, FIELDS(F_U32(msg_watch_event, event), )},
    [MSG_WATCH_READY] = {"WATCH_READY", false, NO_FIELDS},
};
/* clang-format on */

static const struct layout *layout_of(unsigned type)
{
    if (type >= sizeof LAYOUTS / sizeof *LAYOUTS || !LAYOUTS[type].name)
        return NULL;
    return &LAYOUTS[type];
}

const char *message_name(uint8_t type)
{
    const struct layout *layout = layout_of(type);

    return layout ? layout->name : NULL;
}

bool message_carries_fd(uint8_t type)
{
    const struct layout *layout = layout_of(type);

    return layout && layout->carries_fd;
}

const char *list_next(const struct list *list, const char *item)
{
    const char *next = item ? item + strlen(item) + 1 : list->data;

    return list->len && next < list->data + list->len ? next : NULL;
}

const char *list_find(const struct list *list, const char *name, const char *after)
{
    const char *at, *value;

    while ((at = list_next(list, after)) && (value = list_next(list, at))) {
        if (strcmp(at, name) == 0)
            return value;
        after = value;
    }
    return NULL;
}

static int put_string(struct buf *out, const struct field *field, const void *data, size_t len)
{
    int r;

    if (len > field->max + (field->kind == TEXT ? 1u : 0u))
        return -EMSGSIZE;
    if ((r = buf_put_u32(out, (uint32_t)len)) < 0)
        return r;
    return buf_put(out, data, len);
}

static int put_field(struct buf *out, const struct field *field, const void *msg)
{
    const void *at = (const uint8_t *)msg + field->offset;

    switch (field->kind) {
    case U32:
        return buf_put_u32(out, *(const uint32_t *)at);
    case U64:
        return buf_put_u64(out, *(const uint64_t *)at);
    case TEXT: {
        const char *text = *(const char *const *)at;

        return put_string(out, field, text ? text : "", text ? strlen(text) + 1 : 1);
    }
    case BYTES: {
        const struct bytes *bytes = at;

        return put_string(out, field, bytes->data, bytes->len);
    }
    case LIST: {
        const struct list *list = at;

        return put_string(out, field, list->data, list->len);
    }
    case END:
        break;
    }
    return -EINVAL;
}

int message_put(struct buf *out, enum message_type type, const void *msg)
{
    const struct layout *layout = layout_of(type);
    size_t before = buf_len(out), whole;
    uint32_t big;
    int r;

    if (!layout)
        return -EINVAL;
    if ((r = buf_put_u32(out, 0)) < 0 || (r = buf_put_u8(out, (uint8_t)type)) < 0)
        goto undo;
    for (const struct field *field = layout->fields; field->kind != END; field++)
        if ((r = put_field(out, field, msg)) < 0)
            goto undo;
    whole = buf_len(out) - before;
    r = -EMSGSIZE;
    if (whole > FRAME_MAX)
        goto undo;
    big = htobe32((uint32_t)(whole - sizeof big));
    memcpy(buf_data(out) + before, &big, sizeof big);
    return 0;
undo:
    buf_trim(out, buf_len(out) - before);
    return r;
}

int message_next(const struct buf *in, struct frame *frame)
{
    size_t have = buf_len(in);
    uint32_t len;

    if (have < sizeof len)
        return 0;
    memcpy(&len, buf_data(in), sizeof len);
    len = be32toh(len);
    if (len < 1 || len > FRAME_MAX - sizeof len)
        return -EPROTO;
    if (have < sizeof len + len)
        return 0;
    frame->type = buf_data(in)[sizeof len];
    frame->body = buf_data(in) + sizeof len + 1;
    frame->len = len - 1;
    return layout_of(frame->type) ? 1 : -EPROTO;
}

void message_drop(struct buf *in, const struct frame *frame)
{
    buf_take(in, sizeof(uint32_t) + 1 + frame->len);
}

int message_forward(struct buf *out, const struct frame *frame)
{
    size_t before = buf_len(out);
    int r;

    if ((r = buf_put_u32(out, (uint32_t)(frame->len + 1))) < 0 ||
        (r = buf_put_u8(out, frame->type)) < 0 || (r = buf_put(out, frame->body, frame->len)) < 0)
        buf_trim(out, buf_len(out) - before);
    return r;
}

/* The bytes of a frame not yet read. */
struct cursor {
    const uint8_t *at;
    size_t left;
};

static int take(struct cursor *cursor, void *to, size_t n)
{
    if (cursor->left < n)
        return -EPROTO;
    memcpy(to, cursor->at, n);
    cursor->at += n;
    cursor->left -= n;
    return 0;
}

static int take_string(struct cursor *cursor, size_t max, struct bytes *string)
{
    uint32_t len;

    if (take(cursor, &len, sizeof len) < 0)
        return -EPROTO;
    len = be32toh(len);
    if (len > max || len > cursor->left)
        return -EPROTO;
    *string = (struct bytes){cursor->at, len};
    cursor->at += len;
    cursor->left -= len;
    return 0;
}

static int take_field(struct cursor *cursor, const struct field *field, void *msg)
{
    void *at = (uint8_t *)msg + field->offset;
    struct bytes string;
    uint32_t u32;
    uint64_t u64;

    switch (field->kind) {
    case U32:
        if (take(cursor, &u32, sizeof u32) < 0)
            return -EPROTO;
        *(uint32_t *)at = be32toh(u32);
        return 0;
    case U64:
        if (take(cursor, &u64, sizeof u64) < 0)
            return -EPROTO;
        *(uint64_t *)at = be64toh(u64);
        return 0;
    case TEXT:
        if (take_string(cursor, field->max + 1u, &string) < 0 || !string.len ||
            memchr(string.data, 0, string.len) != string.data + string.len - 1)
            return -EPROTO;
        *(const char **)at = (const char *)string.data;
        return 0;
    case BYTES:
        return take_string(cursor, field->max, at);
    case LIST:
        if (take_string(cursor, field->max, &string) < 0 ||
            (string.len && string.data[string.len - 1]))
            return -EPROTO;
        *(struct list *)at = (struct list){(const char *)string.data, string.len};
        return 0;
    case END:
        break;
    }
    return -EPROTO;
}

int message_get(const struct frame *frame, enum message_type type, void *msg)
{
    const struct layout *layout = layout_of(frame->type);
    struct cursor cursor = {frame->body, frame->len};

    if (!layout || frame->type != type)
        return -EPROTO;
    for (const struct field *field = layout->fields; field->kind != END; field++)
        if (take_field(&cursor, field, msg) < 0)
            return -EPROTO;
    return cursor.left ? -EPROTO : 0;
}
