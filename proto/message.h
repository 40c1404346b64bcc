// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MESSAGE_H
#define AWSTAP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Every message that awstap's programs send each other. PROTOCOL.md says the same in prose; a test
 * holds the two together. A frame is u32 length (of what follows), u8 type, fields; numbers are
 * big-endian. A field is a u32, a u64, or a string: u32 length and bytes. A text is a string that
 * ends in one NUL, counted in its length; a list is a string of texts one after the other.
 */

#define PROTOCOL_VERSION 1u
#define REQUEST_MAX                                                                                \
    ((size_t)16 * 1024) /* the largest thing a client asks: roles with policies and tags */
#define FRAME_MAX                                                                                  \
    ((size_t)64 * 1024) /* a frame with its length: the largest AWS reply is far below */

enum message_type {
    /* Any conversation. */
    MSG_HELLO = 1,
    MSG_DONE = 2,
    MSG_FAILED = 3,
    MSG_PROGRESS = 4,

    /* The client asks the agent. */
    MSG_GET = 16,
    MSG_LEAVE = 17,
    MSG_STATUS = 18,
    MSG_LOCK = 19,
    MSG_SESSION = 20,
    MSG_AGENT = 21,
    MSG_CACHED = 22,
    MSG_CONTEXT = 23,
    MSG_SOCKET_ADD = 24,
    MSG_SOCKET_LIST = 25,
    MSG_SOCKET_REMOVE = 26,
    MSG_SOCKET = 27,

    /* The client asks, the agent hands the request on to a signer unchanged, and the answers back.
     */
    MSG_FACTOR_ADD = 32,
    MSG_FACTOR_LIST = 33,
    MSG_FACTOR_REMOVE = 34,
    MSG_KEY_ADD = 35,
    MSG_KEY_LIST = 36,
    MSG_KEY_REMOVE = 37,
    MSG_MFA_IMPORT = 38,
    MSG_MFA_CODE = 39,
    MSG_KEY_SET = 40,
    MSG_LOG_VERIFY = 41,
    MSG_AGREE = 42,
    MSG_KEY_ROTATE = 43,
    MSG_KEY_IMPORT = 44,
    MSG_MFA_ADD = 45,
    MSG_MFA_REMOVE = 46,
    MSG_REVOKE = 47,
    MSG_FACTOR = 48,
    MSG_KEY = 49,
    MSG_CODE = 50,
    MSG_OUTCOME = 51,
    MSG_VAULT_EXPORT = 52,
    MSG_VAULT_IMPORT = 53,
    MSG_VAULT_ADOPT = 54,
    MSG_DRILL = 55,

    /* The agent and its starter. */
    MSG_START = 64,
    MSG_STARTED = 65,
    MSG_WHO = 66,
    MSG_ASKER = 67,

    /* The agent and a signer. */
    MSG_PLACES = 80,
    MSG_WANT = 81,
    MSG_ISSUED = 82,
    MSG_REFUSED = 83,
    MSG_LATER = 84,
    MSG_NEED = 85,
    MSG_HELPER = 86,
    MSG_OPENED = 87,
    MSG_RIDER = 88,
    MSG_ASSUME = 89,
    MSG_PLUGGED = 90,
    MSG_KEEP = 91,
    MSG_AUTHORITY = 92,
    MSG_GRANTED = 93,
    MSG_DAY_KEY = 94,

    /* A signer and awstap-fido. */
    MSG_FIDO_LIST = 96,
    MSG_FIDO_DEVICE = 97,
    MSG_FIDO_SELECT = 98,
    MSG_FIDO_CREDENTIAL = 99,
    MSG_FIDO_ENROL = 100,
    MSG_FIDO_DERIVE = 101,
    MSG_FIDO_TOUCH = 102,
    MSG_FIDO_ENROLLED = 103,
    MSG_FIDO_SECRET = 104,
    MSG_FIDO_FAILED = 105,
    MSG_FIDO_PIN_WANTED = 106,
    MSG_FIDO_PIN = 107,

    /* A signer and awstap-net. */
    MSG_NET_CONNECT = 112,
    MSG_NET_CONNECTED = 113,
    MSG_NET_REQUEST = 114,
    MSG_NET_REPLY = 115,
    MSG_NET_FAILED = 116,

    /* A signer and awstap-prompt. */
    MSG_PROMPT_ASK = 120,
    MSG_PROMPT_ANSWER = 121,
    MSG_PROMPT_FAILED = 122,

    /* The agent and awstap-watch. */
    MSG_WATCH_SHOW = 128,
    MSG_WATCH_HIDE = 129,
    MSG_WATCH_EVENT = 130,
    MSG_WATCH_READY = 131,
};

/* The exit statuses of awstap, carried by MSG_FAILED. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* unknown name, no vault, exists already */
    EXIT_USAGE = 2,
    EXIT_NO_AGENT = 3,
    EXIT_PERSON = 4, /* the person did not or could not confirm */
    EXIT_AWS = 5,    /* AWS refused or could not be reached */
    EXIT_VAULT = 6,  /* the vault is damaged or refused */
};

/* How long a session may last, and lasts where nobody says otherwise: the limits and the default of
 * DurationSeconds for IAM users in the STS API reference, GetSessionToken. */
#define SESSION_SECONDS_MIN     900u
#define SESSION_SECONDS_MAX     129600u
#define SESSION_SECONDS_DEFAULT 43200u

/* How long a role may last: the limits of AssumeRole in the same reference, and what a role assumed
 * from a session may last at most. */
#define ROLE_SECONDS_MAX     43200u
#define ROLE_SECONDS_DEFAULT 3600u

#define IMPORT_KEYS_MAX 16u /* with one touch: a conversation with AWS each */

/* All roles of a request, as texts. */
#define HOPS_BYTES_MAX 12288u

/* All that AWS has of a key's user and the vault does not know, as texts. */
#define STRANGERS_BYTES_MAX 8192u

enum program {
    PROGRAM_SIGNER = 1,
    PROGRAM_FIDO = 2,
    PROGRAM_NET = 3,
    PROGRAM_PROMPT = 4,
    PROGRAM_WATCH = 5,
};

enum factor_kind { FACTOR_FIDO2 = 1, FACTOR_PASSPHRASE = 2, FACTOR_RECOVERY = 3 };

/* What a flight is waiting for; the text beside it is what a person reads. */
enum progress_kind {
    PROGRESS_TOUCH = 1,  /* a security key blinks */
    PROGRESS_CODE = 2,   /* an unused TOTP code is awaited */
    PROGRESS_AWS = 3,    /* AWS asked us to slow down, or an answer is awaited again */
    PROGRESS_NOTE = 4,   /* said once, no wait */
    PROGRESS_PROMPT = 5, /* a dialog waits for an answer */
    PROGRESS_PLUG = 6,   /* no security key is plugged in */
};

enum fido_flag { FIDO_UP = 1, FIDO_UV = 2, FIDO_PIN = 4 };

/* Beside those, in what is said of a factor: a TOTP code is asked for with the passphrase. */
enum factor_flag { FACTOR_TOTP = 8 };

/* Where a conversation with AWS failed. */
enum net_failure {
    NET_UNREACHABLE = 1, /* not resolved, not connected, no TLS: nothing was sent */
    NET_UNTRUSTED = 2,   /* the server's certificate was refused: nothing was sent */
    NET_UNKNOWN = 3,     /* sent, and no whole answer came: what AWS did is not known */
    NET_BAD_REPLY = 4,   /* an answer that is not AWS's: too large, not XML, a redirect */
};

/* What a person is asked for. */
enum prompt_kind {
    PROMPT_PIN = 1,            /* of a security key */
    PROMPT_PASSPHRASE = 2,     /* of a factor */
    PROMPT_NEW_PASSPHRASE = 3, /* typed twice */
    PROMPT_CODE = 4,           /* six digits */
    PROMPT_RECOVERY = 5,       /* the recovery code */
    PROMPT_CONFIRM = 6,        /* yes or no */
};

/* What awstap-watch has seen. */
enum watch_event {
    WATCH_ADDED = 1,   /* a security key was plugged in */
    WATCH_REMOVED = 2, /* a security key was pulled */
    WATCH_LOCK = 3,    /* the screen is locked */
    WATCH_UNLOCK = 4,
    WATCH_SLEEP = 5, /* the machine is about to sleep: WATCH_READY lets it */
    WATCH_WAKE = 6,
};

/* What the leak drill goes through, in this order. */
enum drill_step {
    DRILL_OPENED = 1,  /* a factor has opened the vault */
    DRILL_CREATED = 2, /* a new access key is sealed, and AWS takes it */
    DRILL_PROVEN = 3,  /* a factor has opened it, and it gave a session */
    DRILL_OFF = 4,     /* the old access key is Inactive */
    DRILL_REFUSED = 5, /* AWS refuses it by now */
    DRILL_RENEWED = 6, /* the new access key gave a session since */
    DRILL_DELETED = 7, /* the old access key is deleted */
};

/* What a key may be used for: the vault's policy, as the agent needs it. */
enum touch_policy { TOUCH_SESSION = 1, TOUCH_USE = 2 };
enum serve_policy { SERVE_ANY = 1, SERVE_ROLES = 2 };
enum lock_trigger { LOCK_ON_SCREEN = 1, LOCK_ON_REMOVAL = 2 };

struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Texts one after the other, each with its NUL; walk them with list_next(). */
struct list {
    const char *data;
    size_t len;
};

/* The text after item (NULL: the first), or NULL at the end. */
const char *list_next(const struct list *list, const char *item);

/*
 * In a list of names and values in turn: the value of the first such name that stands after the
 * value called after (NULL: from the beginning), or NULL.
 */
const char *list_find(const struct list *list, const char *name, const char *after);

/*
 * One struct per message that has fields. Decoded pointers lead into the frame and live as long as
 * it does. Empty texts stand for "not given". Times are seconds since 1970, durations seconds.
 */
struct msg_hello {
    uint32_t protocol;
    const char *version;
};
struct msg_done {
    const char *text;
};
struct msg_failed {
    uint32_t status;
    const char *text;
};
struct msg_progress {
    uint32_t kind;
    const char *text;
};

struct msg_get {
    const char *key;
    uint32_t duration;
    struct list hops; /* the roles from the key on: see PROTOCOL.md */
};
struct msg_session {
    const char *access_key_id, *secret_access_key, *session_token;
    uint64_t expiration;
    const char *account, *region;
};
struct msg_agent {
    const char *version;
    uint32_t pid;
    const char *vault, *state;
    uint32_t waiting;
    uint32_t by_unit; /* 1: systemd started it, and would again */
    uint32_t watching, screen_locked;
    const char *trouble; /* what does not work as it should; empty: nothing */
};
struct msg_cached {
    const char *key, *role_arn, *access_key_id;
    uint32_t duration;
    uint64_t expiration;
};

struct msg_context {
    const char *tty, *term, *lc_ctype, *lc_messages;
    const char *display, *wayland_display, *xauthority, *dbus;
    const char *requester, *pinentry; /* the agent's to fill in */
};
struct msg_socket_add {
    const char *host;
    uint32_t max_duration;
    struct list allow;
};
struct msg_socket_remove {
    const char *host;
};
struct msg_socket {
    const char *host, *path;
    uint32_t max_duration;
    struct list allow;
};

struct msg_factor_add {
    uint32_t kind;
    const char *label, *device;
    uint32_t with_totp;
};
struct msg_factor_remove {
    uint32_t id;
};
struct msg_key_add {
    const char *name, *region, *mfa_serial, *sts_url, *iam_url, *ca_bundle;
};
struct msg_key_remove {
    const char *name;
};
struct msg_mfa_import {
    const char *key, *mfa_serial;
};
struct msg_mfa_code {
    const char *key;
};
struct msg_factor {
    uint32_t id, kind;
    const char *label;
    uint32_t flags; /* enum fido_flag, enum factor_flag */
    struct bytes aaguid;
    uint64_t created;
};
struct msg_key {
    const char *name, *access_key_id, *arn, *account, *partition, *region, *mfa_serial;
    const char *sts_url, *iam_url, *ca_bundle;
    uint32_t has_seed;
    uint64_t created;
    uint32_t touch, serve, duration, max_duration, lock_on, rotate_every, grace;
    uint64_t sealed;       /* when the access key in use was sealed */
    const char *task;      /* what is unfinished, for a person; empty: nothing */
    struct list strangers; /* of the user, at AWS: the vault does not know them */
    uint32_t elsewhere;    /* the vault came from another machine */
    uint32_t exposed;      /* it lay in a plain file, and was not replaced since */
    const char *older_id;  /* the access key that is being rotated; empty: none */
};
struct msg_code {
    const char *code;
    uint32_t seconds;
};
struct msg_key_set {
    const char *name;
    struct list options;
};
struct msg_agree {
    const char *stake;
};
struct msg_key_rotate {
    const char *name; /* empty: every key that is due */
    uint32_t due;     /* only if it is due, and nobody is asked */
    const char *discard;
    uint32_t anew; /* also where it has one by a rotation that is not over yet */
};
struct msg_key_import {
    struct list keys; /* see PROTOCOL.md */
    uint32_t exposed; /* they lay in a plain file */
};
struct msg_mfa_add {
    const char *key;
    uint32_t replace; /* the device before goes once the new one is proven */
    uint32_t anew;    /* also where the new one is what an earlier run made */
};
struct msg_mfa_remove {
    const char *key;
};
struct msg_revoke {
    const char *key;
    const char *discard;
    uint32_t finish;
};
struct msg_drill {
    uint32_t step;
    uint64_t when; /* 0: in an earlier run */
    const char *old_id, *new_id;
    uint64_t sealed; /* when the old access key came into the vault */
    uint64_t ended;  /* from then on it gave no session any more; 0: not known yet */
};
struct msg_outcome {
    const char *name;
    uint32_t status;
    const char *text;
};
struct msg_vault_import {
    uint32_t replace;
};

struct msg_start {
    uint32_t program;
};
struct msg_started {
    uint32_t pid;
};
struct msg_who {
    uint32_t pid;
};
struct msg_asker {
    const char *text;
};

struct msg_places {
    const char *vault, *state;
    struct bytes log_start; /* of the log of this agent */
    struct bytes log_key;   /* the vault's public key that it is sealed to */
    uint64_t log_count;     /* its lines so far */
};
struct msg_want {
    uint32_t flight;
    const char *key;
    uint32_t duration;
    struct list hops;
};
struct msg_issued {
    uint32_t flight;
    const char *access_key_id, *secret_access_key, *session_token;
    uint64_t expiration;
    uint32_t lifetime; /* what is left of it by AWS's clock, whatever ours says */
    const char *account, *region;
    const char *partition, *sts_url, *ca_bundle; /* where its roles are asked for */
    uint32_t duration;                           /* as it was asked for at last */
    uint32_t default_duration, max_duration, touch, serve, lock_on;
    uint32_t factor; /* the slot that opened the vault */
    const char *factor_label;
    uint32_t mfa;          /* the session is MFA-authenticated */
    const char *signed_by; /* the access key id of the long-lived key */
    uint32_t due;          /* the key is to be tended */
};
struct msg_refused {
    uint32_t flight, status;
    const char *text;
    uint32_t stale; /* AWS no longer takes the session that ASSUME came with */
};
struct msg_later {
    uint32_t flight;
};
struct msg_rider {
    uint32_t flight;
    const char *what;
    uint32_t duration;
    const char *who;
};
struct msg_assume {
    uint32_t flight;
    const char *key, *access_key_id, *secret_access_key, *session_token;
    const char *partition, *region, *sts_url, *ca_bundle;
    struct list hops;
};
struct msg_need {
    uint32_t program;
};
struct msg_keep {
    struct bytes record_key, head;
    uint32_t lock_on;
};
struct msg_authority {
    const char *key;
};
struct msg_granted {
    struct bytes record_key, head;
    const char *access_key_id, *secret_access_key, *session_token;
    uint64_t issued, expiration;
    uint32_t mfa;
    const char *signed_by;
    struct bytes day_key;
    const char *date, *region;
};
struct msg_day_key {
    const char *key, *access_key_id, *date, *region;
    struct bytes day_key;
};

struct msg_fido_device {
    const char *path, *product;
};
struct msg_fido_select {
    const char *path;
};
struct msg_fido_credential {
    uint32_t slot;
    struct bytes id, public_key, salt;
    uint32_t flags;
    struct bytes aaguid;
};
struct msg_fido_enrol {
    const char *path;
    struct bytes user_id, salt;
    uint32_t flags;
};
struct msg_fido_derive {
    const char *path;
};
struct msg_fido_touch {
    uint32_t fingerprint;
};
struct msg_fido_enrolled {
    struct bytes id, public_key, aaguid;
    uint32_t flags;
    struct bytes secret;
};
struct msg_fido_secret {
    uint32_t slot;
    struct bytes secret;
};
struct msg_fido_failed {
    uint32_t code;
    const char *text;
};

struct msg_fido_pin_wanted {
    uint32_t tries;
    const char *problem;
};
struct msg_fido_pin {
    struct bytes pin;
};

struct msg_net_connect {
    const char *url, *ca_bundle;
};
struct msg_net_connected {
    uint64_t date;
};
struct msg_net_request {
    struct list headers;
    struct bytes body;
};
struct msg_net_reply {
    uint32_t http_status;
    uint64_t date;
    const char *request_id, *code, *message; /* code is empty when the call succeeded */
    struct list fields; /* path, value, path, value, …: every leaf of the XML reply */
};
struct msg_net_failed {
    uint32_t failure;
    const char *text;
};

struct msg_prompt_ask {
    uint32_t kind;
    const char *stake, *label, *problem;
    uint32_t seconds;
};
struct msg_prompt_answer {
    struct bytes answer;
};
struct msg_prompt_failed {
    uint32_t status;
    const char *text;
};

struct msg_watch_show {
    const char *title, *body;
};
struct msg_watch_event {
    uint32_t event;
};

struct frame {
    uint8_t type;
    const uint8_t *body;
    size_t len;
};

/* Append the message of this type; msg is its struct (NULL where it has no fields). 0 or a negative
 * errno. */
int message_put(struct buf *out, enum message_type type, const void *msg);

/*
 * Look at the front of in for a whole frame. 1: *frame points into in, and message_drop() takes it
 * off; 0: more bytes are needed; -EPROTO: these bytes are no frame of ours.
 */
int message_next(const struct buf *in, struct frame *frame);
void message_drop(struct buf *in, const struct frame *frame);

/* Append a frame as it came. 0 or a negative errno. */
int message_forward(struct buf *out, const struct frame *frame);

/* Decode a frame of the expected type into its struct. 0, or -EPROTO: wrong type, length, text or a
 * trailing byte. */
int message_get(const struct frame *frame, enum message_type type, void *msg);

/* Whether a descriptor travels with messages of this type. */
bool message_carries_fd(uint8_t type);

/* The name as PROTOCOL.md has it, or NULL for an unknown type. */
const char *message_name(uint8_t type);

#endif
