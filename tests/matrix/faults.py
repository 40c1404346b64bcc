# SPDX-License-Identifier: BSD-2-Clause
"""What goes wrong: for each fault, where it can happen, given the points of an undisturbed run."""

import errno
import random
import signal

BOUNDARIES = ("post", "posted", "reply", "no-reply", "write", "half-write", "fsync", "ftruncate", "rename", "unlink")
DISK = ("write", "half-write", "fsync", "ftruncate", "rename")
INCONSISTENCY_MS = 10_000
SETTLE_S = 2


class Place:
    """A fault point: the nth of its program and kind."""

    def __init__(self, program, kind, nth, name):
        self.program, self.kind, self.nth, self.name = program, kind, nth, name

    def plan(self, action):
        return f"{self.program} {self.kind} {self.nth} {action}"

    def __str__(self):
        return f"{self.program} {self.kind} {self.nth} ({self.name})"


def places(points, kinds):
    seen, found = {}, []
    for program, kind, name in points:
        nth = seen[program, kind] = seen.get((program, kind), 0) + 1
        if kind in kinds:
            found.append(Place(program, kind, nth, name))
    return found


class Fault:
    """One kind of fault. cases(recording) gives the arguments of inject(), each with a text that names the place."""

    def __init__(self, name):
        self.name = name

    def arm(self, stage, case):
        """Before the command is started."""

    def strike(self, stage, case, command):
        """While it runs. Whether the fault has come about."""
        return True


def settled(stage):
    """Whether AWS has carried out all requests that were sent."""
    sent = stage.points.count("awstap-signer", "posted")
    return sum(request["api"] and request["settled"] for request in stage.aws.requests()) >= sent


class Signal(Fault):
    """A signal to every awstap process at once, at each point; those that wait there go on after it, if it lets them."""

    def __init__(self, name, number):
        super().__init__(name)
        self.number = number

    def cases(self, recording, _rng, _count):
        return [(str(place), place) for place in places(recording.points, BOUNDARIES)]

    def arm(self, stage, case):
        stage.points.plan(case.plan("hold"))

    def strike(self, stage, case, command):
        reached = command.until(lambda: stage.points.count(case.program, case.kind) >= case.nth)
        if reached and case.kind == "posted":
            command.until(lambda: settled(stage), SETTLE_S)
        end(stage, self.number)
        return reached


def end(stage, number):
    """The signal to all, and their end."""
    stage.signal(number)
    if number == signal.SIGKILL:
        stage.kill()
    else:
        stage.points.plan("")


class Instant(Fault):
    """SIGKILL to every awstap process at an instant of its own."""

    def cases(self, recording, rng, count):
        return [(f"after {ms} ms", ms) for ms in sorted(rng.randrange(int(recording.seconds * 1000)) for _ in range(count))]

    def strike(self, stage, case, command):
        command.until(lambda: False, case / 1000)
        stage.kill()
        return True


class Disk(Fault):
    """A system call that changes a file fails: that one, or from then on every write."""

    def __init__(self, name, number, action="fail", kinds=DISK):
        super().__init__(name)
        self.action, self.kinds = f"{action} {number}", kinds

    def cases(self, recording, _rng, _count):
        return [(str(place), place) for place in places(recording.points, self.kinds)]

    def arm(self, stage, case):
        stage.points.plan(case.plan(self.action))

    def strike(self, stage, case, command):
        command.finish()
        return stage.points.count(case.program, case.kind) >= case.nth


class Answer(Fault):
    """Something happens to the answer to one request: a rule of the fake AWS."""

    def __init__(self, name, what, **options):
        super().__init__(name)
        self.rule = {"what": what, **options}
        self.fresh = name.endswith("fresh")

    def cases(self, recording, _rng, _count):
        return [(f"request {place.nth} ({place.name})", place.nth) for place in places(recording.points, ("post",))]

    def arm(self, stage, case):
        rules = [{**self.rule, "on": "*", "nth": case}]
        if self.fresh:  # every answer is the last on its connection, and says so
            rules += [{"what": "close", "on": on, "count": 0} for on in ("*", "HEAD")]
        stage.aws.call("fault", rules=rules)

    def strike(self, stage, case, command):
        command.finish()
        hit = [request for request in stage.aws.requests() if request["fault"] == self.rule["what"]]
        return bool(hit) and all(request["reused"] != self.fresh for request in hit)


class Inconsistency(Fault):
    """For ten seconds after each change, AWS does not know of it everywhere."""

    def cases(self, recording, _rng, _count):
        if not places(recording.points, ("post",)):
            return []
        return [("after every change", {}), ("now here, now there", {"flapping": True}),
                ("in lists too", {"late_lists": True})]

    def arm(self, stage, case):
        stage.aws.call("propagation", ms=INCONSISTENCY_MS, **case)

    def strike(self, stage, case, command):
        command.finish()
        return True


FAULTS = {fault.name: fault for fault in (
    Signal("SIGKILL", signal.SIGKILL),
    Instant("SIGKILL at random"),
    Signal("SIGTERM", signal.SIGTERM),
    Answer("lost, reused", "drop-after"),
    Answer("lost, fresh", "drop-after"),
    Answer("500", "error", status=500, code="ServiceFailure"),
    Answer("500 after acting", "error", status=500, code="ServiceFailure", act=True),
    Answer("throttled", "throttle"),
    Inconsistency("inconsistent"),
    Disk("ENOSPC", errno.ENOSPC),
    Disk("ENOSPC from then on", errno.ENOSPC, "full", ("write", "half-write")),
    Disk("EIO", errno.EIO),
)}


def generator(seed, *names):
    return random.Random("/".join((str(seed), *names)))
