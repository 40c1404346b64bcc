# SPDX-License-Identifier: BSD-2-Clause
"""The control port: one verb per POST, JSON in and out. No fault ever touches it."""

import json

import totp
import world
from faults import Rule
from http1 import render_head
from server import converse


class Desk:
    """Serves the verbs; each takes its JSON object as keyword arguments."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.aws = endpoint.aws
        self.journal = endpoint.journal

    def serve(self, connection):
        converse(connection, self._handle)

    def _handle(self, connection, request):
        status, result = self._answer(request)
        body = json.dumps(result).encode()
        head = render_head(status, {"Content-Type": "application/json",
                                    "Content-Length": len(body)})
        connection.sock.sendall(head + body)
        return True

    def _answer(self, request):
        verb = VERBS.get(request.path.lstrip("/"))
        if request.method != "POST" or verb is None:
            return 404, {"error": f"no verb {request.path}; there are {', '.join(VERBS)}"}
        try:
            return 200, verb(self, **json.loads(request.body or b"{}")) or {}
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            return 400, {"error": f"{request.path}: {type(error).__name__}: {error}"}

    def _setup(self, **description):
        self.aws.setup(description)

    def _state(self):
        with self.aws.lock:
            state = world.dump(self.aws.world)
        endpoint = self.endpoint
        return {**state, "now_ms": self.aws.clock.now_ms(), "skew_ms": self.aws.clock.skew_ms,
                "delay_ms": endpoint.delay_ms, "accepted": endpoint.accepted,
                "handshakes_failed": endpoint.handshakes_failed,
                "faults": [dict(vars(rule)) for rule in endpoint.faults.rules]}

    def _requests(self, since=0):
        records = self.journal.since(since)
        return {"requests": records, "next": since + len(records),
                "api": sum(record["api"] for record in records)}

    def _wait(self, since=0, count=1, timeout_ms=10_000, **wanted):
        found = self.journal.wait(since, wanted, count, timeout_ms)
        return {"requests": found, "enough": len(found) >= count}

    def _reset_log(self):
        self.journal.reset()

    def _fault(self, rules):
        self.endpoint.faults.add([Rule(**rule) for rule in rules])

    def _clear_faults(self):
        self.endpoint.faults.clear()

    def _delay(self, ms):
        self.endpoint.delay_ms = int(ms)

    def _skew(self, ms):
        self.aws.clock.skew_ms = int(ms)

    def _propagation(self, ms, flapping=False, late_lists=False):
        with self.aws.lock:
            self.aws.world.propagation_ms = int(ms)
            self.aws.world.flapping = bool(flapping)
            self.aws.world.late_lists = bool(late_lists)

    def _snapshot(self, name):
        self.aws.snapshot(name)

    def _restore(self, name):
        self.aws.restore(name)
        self.journal.reset()

    def _audit(self, user, account=None):
        with self.aws.lock:
            return world.audit(self.aws.world.user(user, account))

    def _disable_region(self, region, disabled=True):
        with self.aws.lock:
            regions = self.aws.world.disabled_regions
            (regions.add if disabled else regions.discard)(region)

    def _account(self, account):
        accounts = self.aws.world.accounts
        if account not in accounts:
            self.aws.world.add_account(account)
        return accounts[account]

    def _add_user(self, name, account="123456789012", with_mfa=True, **options):
        with self.aws.lock:
            owner = self._account(account)
            key = {"id": world.new_id("AKIA"), "secret": world.new_secret()}
            made = {"account": account, "access_key_id": key["id"], "secret": key["secret"]}
            options.setdefault("keys", [key])
            if with_mfa and "mfa" not in options:
                made["serial"] = owner.arn("iam", f"mfa/{name}")
                made["seed_base32"] = totp.new_seed()
                options["mfa"] = [{"serial": made["serial"], "seed_base32": made["seed_base32"]}]
            user = self.aws.world.add_user(owner, name=name, **options)
        return {**made, "name": name, "arn": user.arn}

    def _add_role(self, name, account="123456789012", **options):
        with self.aws.lock:
            role = self.aws.world.add_role(self._account(account), name=name, **options)
        return {"arn": role.arn}

    def _set_key(self, id, status):
        with self.aws.lock:
            _, key = self.aws.world.keys[id]
            key.status.set(status, self.aws.world.visible_ms(self.aws.clock.now_ms()))

    def _use_code(self, serial, ahead=0):
        with self.aws.lock:
            device = self.aws.world.device(serial)
            device.last_step = totp.step_at(self.aws.clock.now_ms()) + ahead
        return {"step": device.last_step}


VERBS = {
    "add-role": Desk._add_role,
    "add-user": Desk._add_user,
    "audit": Desk._audit,
    "clear-faults": Desk._clear_faults,
    "delay": Desk._delay,
    "disable-region": Desk._disable_region,
    "fault": Desk._fault,
    "propagation": Desk._propagation,
    "requests": Desk._requests,
    "reset-log": Desk._reset_log,
    "restore": Desk._restore,
    "set-key": Desk._set_key,
    "setup": Desk._setup,
    "skew": Desk._skew,
    "snapshot": Desk._snapshot,
    "state": Desk._state,
    "use-code": Desk._use_code,
    "wait": Desk._wait,
}
