# SPDX-License-Identifier: BSD-2-Clause
"""AWS itself: takes a request, finds out which action it is and who asks, and answers."""

import pickle
import re
import threading
from dataclasses import dataclass

import answer
import caller
import iam
import parameters
import sts
import totp
import world
from answer import AwsError

SERVICES = {"sts": sts, "iam": iam}
FORM = "application/x-www-form-urlencoded"
LOGGED_STEPS = 40

_CREDENTIAL = re.compile(r"Credential=([^/,\s]{1,128})/[^/,\s]*/([^/,\s]{0,64})/([^/,\s]{0,64})/")


@dataclass
class Call:
    """One authenticated call, as a handler sees it."""

    world: world.World
    caller: caller.Caller
    action: str
    parameters: parameters.Parameters
    now_ms: int


def _form(request):
    if request.method == "GET":
        return parameters.parse(request.query)
    kind = (request.one("content-type") or "").split(";")[0].strip().lower()
    if request.method != "POST" or kind != FORM:
        raise AwsError(404, "UnknownOperationException", f"{request.method} with {kind!r}")
    try:
        return parameters.parse(request.body.decode("ascii"))
    except UnicodeDecodeError:
        raise AwsError(400, "MalformedQueryString", "The body is no form")


def _claim(request):
    """Key id, region and service that an Authorization header names, unverified."""
    match = _CREDENTIAL.search((request.all("authorization") or [""])[0])
    return match.groups() if match else (None, None, None)


def _service_of(values, request):
    """Which service a request is meant for: by its Version, else by its credential scope."""
    for service, version in answer.VERSIONS.items():
        if values.get("Version") == version:
            return service
    claimed = _claim(request)[2]
    return claimed if claimed in SERVICES else "sts"


def _check_action(values, service):
    action, version = values.get("Action"), values.get("Version", "NO_VERSION_SPECIFIED")
    if action is None:
        raise AwsError(400, "MissingAction", "The request must contain the parameter Action")
    if version != answer.VERSIONS[service] or action not in SERVICES[service].ACTIONS:
        raise AwsError(400, "InvalidAction",
                       f"Could not find operation {action} for version {version}")
    return action


class Aws:
    """The world behind one lock, and the clock it lives by."""

    def __init__(self, clock):
        self.clock = clock
        self.lock = threading.Lock()
        self.world = world.World(clock.now_ms())
        self.snapshots = {}

    def setup(self, description):
        """Replace the whole world."""
        with self.lock:
            self.world = world.build(description, self.clock.now_ms())

    def snapshot(self, name):
        """Remember the whole world under a name."""
        with self.lock:
            self.snapshots[name] = pickle.dumps(self.world)

    def restore(self, name):
        """Make the world what it was at a snapshot; KeyError if there is none of that name."""
        with self.lock:
            self.world = pickle.loads(self.snapshots[name])

    def describe(self, request):
        """What a request claims to be, for the log; nothing of it is verified."""
        key_id, region, scope_service = _claim(request)
        facts = {"action": None, "access_key_id": key_id, "region": region,
                 "service": scope_service, "parameters": {}, "totp_step": None,
                 "totp_offset": None}
        try:
            values = _form(request)
        except AwsError:
            return facts
        values.pop("AuthenticationCode2", None)
        code = values.pop("AuthenticationCode1", None) or values.pop("TokenCode", None)
        facts.update(action=values.pop("Action", None), service=_service_of(values, request))
        facts["parameters"] = values
        if code is not None:
            self._note_step(facts, values.get("SerialNumber"), code)
        return facts

    def _note_step(self, facts, serial, code):
        with self.lock:
            device = self.world.device(serial)
        if device is not None and device.seed_base32 is not None:
            now = totp.step_at(self.clock.now_ms())
            step = totp.step_of(device.seed_base32, code, now, LOGGED_STEPS)
            facts["totp_step"] = step
            facts["totp_offset"] = None if step is None else step - now

    def act(self, request, request_id):
        """Do what a request asks for, if it may; returns the Answer."""
        service = "sts"
        with self.lock:
            try:
                values = _form(request)
                service = _service_of(values, request)
                now_ms = self.clock.now_ms()
                who = caller.identify(self.world, request, service, now_ms)
                action = _check_action(values, service)
                call = Call(self.world, who, action, parameters.Parameters(values), now_ms)
                result = SERVICES[service].perform(call)
                return answer.success(service, action, result, request_id)
            except AwsError as error:
                return answer.failure(service, error, request_id)
