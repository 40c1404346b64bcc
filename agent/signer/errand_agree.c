// SPDX-License-Identifier: BSD-2-Clause
// The person's yes to what the agent asks about; the vault stays closed.
#include "errand.h"
#include "prompt.h"

int errand_agree(struct agent *agent, const struct frame *frame, int fd, char **done,
                 struct error *error)
{
    struct msg_agree request;
    struct question question = {PROMPT_CONFIRM, "", "", ""};

    (void)fd;
    (void)done;
    if (message_get(frame, MSG_AGREE, &request) < 0)
        return errand_malformed(error);
    question.stake = request.stake;
    return prompt_ask(agent, &question, NULL, error);
}
