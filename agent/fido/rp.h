// SPDX-License-Identifier: BSD-2-Clause
// Whom the credentials are made for. A credential is bound to it: another id here, and no enrolled
// key opens its vault any more.
#ifndef AWSTAP_FIDO_RP_H
#define AWSTAP_FIDO_RP_H

#define RP_ID   "dev.awstap"
#define RP_NAME "awstap"

#endif
