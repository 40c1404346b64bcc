# SPDX-License-Identifier: BSD-2-Clause
"""What must hold after an interruption, whatever it was: the key works, the next run completes, nothing is left behind."""

import calendar
import fcntl
import os
import re
import time

from command import run

DISCARD = re.compile(r"awstap ((?:key rotate|revoke) \S+ --discard [A-Z0-9]+)")
DENIED = re.compile(r"aws:TokenIssueTime\W+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
STATUSES = range(7)  # the exit statuses that the design knows
STOP_S = 30


def possessions(aws):
    """What the users have at AWS: access key ids, serials of MFA devices, nobody's ones too, names of policies."""
    users = [user["name"] for account in aws.state()["accounts"] for user in account["users"]]
    owned = [aws.audit(name) for name in users]
    return {what for has in owned for what in (*(key["id"] for key in has["keys"]),
                                               *(device["serial"] for device in has["mfa"]), *has["policies"])}


def names(said, what):
    """Whether this id is in the text, and not as a part of another one."""
    return re.search(rf"(?<![\w/-]){re.escape(what)}(?![.,]*[\w/+=@-])", said)


def name_of(path):
    """A file's name in the home folder, the same on every stage: without the vault's id, and times."""
    return re.sub("[0-9a-f]{32}|[0-9-]{10}T[0-9:]{8}Z", "ID", path.partition("/home/")[2])


class Beginning:
    """What there is before the command: at AWS, and of that in the vault; and the time."""

    def __init__(self, stage):
        self.had, self.knew, self.second = possessions(stage.aws), stage.knew, int(stage.now_s())


class Aftermath:
    """The look at one stage after one interruption. `problems` says what is wrong, `told` what the person saw."""

    def __init__(self, stage, operation, beginning, first, files=None):
        self.stage, self.operation, self.beginning, self.first = stage, operation, beginning, first
        self.files = files  # the files that may be there in the end; None: any
        self.problems = []
        self.told = [first]
        self.secrets = set()

    def require(self, holds, text):
        if not holds:
            self.problems.append(text)
        return holds

    def run(self, *words, text=None, answers=()):
        done = run(self.stage, *words, text=text, answers=answers)
        self.told.append(done)
        self.learn_secrets()
        return done

    def learn_secrets(self):
        """All that is secret at AWS by now."""
        state = self.stage.aws.state()
        for account in state["accounts"]:
            for user in account["users"]:
                self.secrets.update(key["secret"] for key in user["keys"])
            self.secrets.update(device["seed_base32"] for device in account["virtual_mfa"])
        for session in state["sessions"]:
            self.secrets.update((session["secret"], session["token"]))
        self.secrets.discard(None)

    # The invariants.

    def key_works(self, when):
        """A session comes out of the vault, opened by a touch."""
        self.restart(when)
        done = self.run("get", self.operation.key)
        session = done.status == 0 and done.json()
        issued = {known["id"] for known in self.stage.aws.state()["sessions"]}
        self.require(session and session["AccessKeyId"] in issued, f"{when}: the key gives no session")

    def restart(self, when):
        left = self.stage.stop(STOP_S)
        self.require(not left, f"{when}: {', '.join(left)} did not end with the agent")

    def completes(self):
        """The same command once more does what is left, or refuses in the documented words and way."""
        operation = self.operation
        command, text = operation.command(self.stage), operation.input(self.stage)
        done = self.run(*command, text=text, answers=operation.answers)
        discard = DISCARD.search(done.shown)
        if done.status != 0 and discard:
            done = self.run(*discard[1].split(), answers=operation.answers)
        refused = done.status != 0 and any(words in done.shown for words in operation.again)
        self.require(done.status == 0 or refused, "the next run does not complete")
        for words in operation.after:
            self.require(self.run(*words).status == 0, f"{' '.join(words)} fails after the next run")
        self.require(operation.done(self.stage), "the operation is not done after the next run")

    def nothing_unreported(self):
        """What AWS has of this user since is in the vault, or named to the person by the next run, status or key show."""
        for words in (("key", "list", "--json"), ("status",), ("key", "show", self.operation.key)):
            self.run(*words)
        said = "\n".join(done.shown for done in self.told[1:] if done.words[0] != "get")
        for what in sorted(possessions(self.stage.aws) - self.beginning.had):
            self.require(names(said, what), f"{what} is at AWS, and unreported")

    def nothing_taken(self):
        """Only what this vault knew of is deleted."""
        for what in sorted(self.beginning.had - self.beginning.knew - possessions(self.stage.aws)):
            self.require(False, f"{what}, which the vault never knew, is gone from AWS")

    def denied_in_time(self):
        """A denial that is handed to an administrator ends what came before the run, too."""
        denied = [stamp for done in self.told for stamp in DENIED.findall(done.shown)]
        self.require(denied or not self.operation.denies, "no denial was handed over")
        for stamp in denied:
            second = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
            self.require(second >= self.beginning.second, f"sessions are denied before {stamp} only")

    def nothing_left(self):
        """No process, no lock, no file that should not be there, no secret in any."""
        self.restart("in the end")
        for path in self.paths():
            name = name_of(path)
            self.require(self.files is None or name in self.files, f"{name} was left behind")
            self.require(not name.endswith(".lock") or self.unlocked(path), f"{name} is still locked")
            if name != ".aws/credentials":
                self.require(not self.secret_in(path), f"{name} has a secret in it")

    def paths(self):
        """The files of the home folder."""
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.stage.machine.home) for name in names]

    @staticmethod
    def unlocked(path):
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True

    def secret_in(self, path):
        with open(path, "rb") as file:
            data = file.read()
        return any(secret.encode() in data for secret in self.secrets)

    def nothing_shown(self):
        """No secret on the terminal but what `get` is for; refusals are one line, with a known status."""
        for done in self.told:
            if done.words[0] != "get":
                self.require(not any(secret in done.shown for secret in self.secrets),
                             f"{' '.join(done.words)} has shown a secret")
        for done in self.told[1:]:
            self.require(done.status in STATUSES, f"{' '.join(done.words)} ended with status {done.status}")

    def files_now(self):
        return {name_of(path) for path in self.paths()}

    def look(self):
        """All of it, in the order in which a person would come upon it. The problems."""
        self.learn_secrets()
        if self.first.status == 0 and not self.operation.after:
            self.require(self.operation.done(self.stage), "it said that it was done, and was not")
        if not self.operation.brought:
            self.key_works("after the interruption")
        self.completes()
        self.key_works("after the next run")
        self.nothing_unreported()
        self.nothing_taken()
        self.denied_in_time()
        self.nothing_left()
        self.nothing_shown()
        return self.problems
