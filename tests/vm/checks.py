# SPDX-License-Identifier: BSD-2-Clause
"""What `make vm-check` checks: the installed, unmodified programs on a real kernel, with a real systemd, udev and logind.

Run by root in the virtual machine. The checks stand in the order in which they run, on one machine that goes on; each
prints `ok NAME` or `not ok NAME: why`."""

import glob
import json
import os
import signal
import sys
import time
import traceback

from seat import (KEYS, Person, UsbKey, access_key_json, check, seat_session, switch_terminal, system, users_of, wait_for,
                  without_rules)

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fakeaws"))

import control  # noqa: E402

STOCK_RULES = ("60-fido-id.rules", "70-uaccess.rules")
OUR_RULES = ("70-awstap.rules",)
UNITS = ("awstap-agent.socket", "awstap-agent.service")
LEFT = "/opt/left"

checks = []
tester, other = Person("tester"), Person("other")
key, second = UsbKey("yubi"), UsbKey("second")
aws = None


def named(name):
    def note(function):
        checks.append((name, function))
        return function
    return note


def expect(truth, why):
    if not truth:
        raise AssertionError(str(why))


def equal(found, wanted):
    expect(found == wanted, f"{found!r}, not {wanted!r}")


def fails(result, status, *words):
    """It failed with this status and one line, which says all of words."""
    expect(result.status == status and result.out == "" and result.err.count("\n") == 1, result)
    for word in words:
        expect(word in result.err, f"{word!r} is not in {result.err!r}")


# Udev, and who may use the key.

@named("the programs find their libraries")
def _():
    for program in glob.glob("/usr/local/libexec/awstap/*") + ["/usr/local/bin/awstap"]:
        expect("not found" not in system("sh", "-c", f"ldd {program} 2>&1 || :"), program)


@named("somebody is logged in at the seat")
def _():
    wait_for(seat_session, "a session")
    wait_for(lambda: tester.systemctl("is-active", "basic.target").status == 0, "their user manager")


def let_in_without(*rules):
    """The users that may use a key which is plugged in while udev lacks these rules."""
    with without_rules(*rules):
        try:
            return users_of(key.plug())
        finally:
            key.unplug()


@named("without any rule nobody at the seat may use a security key")
def _():
    equal(let_in_without(*STOCK_RULES, *OUR_RULES), [])


@named("systemd's own rules let in who sits at the seat")
def _():
    equal(let_in_without(*OUR_RULES), ["tester"])


@named("so does awstap's rule, where systemd's do not reach")
def _():
    equal(let_in_without(*STOCK_RULES), ["tester"])


@named("both together do, and nobody else")
def _():
    equal(users_of(key.plug()), ["tester"])


@named("it is lost when the seat's screen goes to somebody else, and comes back")
def _():
    switch_terminal(2)
    wait_for(lambda: users_of(key.node()) == [], "the ACL to go")
    switch_terminal(1)
    wait_for(lambda: users_of(key.node()) == ["tester"], "the ACL to come back")


@named("libfido2's own tools see the key")
def _():
    listed = tester.run("fido2-token", "-L")
    expect(key.node() in listed.out, listed)


# Login.

@named("enabling the socket starts nothing yet")
def _():
    check(tester.systemctl("enable", "--now", "awstap-agent.socket"))
    equal(tester.processes(), [])


@named("the first command finds an agent that systemd started")
def _():
    expect("started by systemd" in check(tester.awstap("status")).out, "not started by systemd")
    check(tester.systemctl("is-active", "awstap-agent.service"))


@named("enrolment through libfido2's own enumeration")
def _():
    check(tester.awstap("factor", "add", "fido2", "--label", "yubi"))
    equal(len(check(tester.awstap("factor", "list", "--json")).json()), 1)


def add_key(name, mfa):
    user = aws.add_user("user-" + name)
    check(tester.awstap("key", "add", name, "--sts-endpoint-url", aws.endpoint, "--iam-endpoint-url", aws.endpoint,
                        text=access_key_json(user)))
    if mfa:
        check(tester.awstap("mfa", "import", name, "--mfa-serial", user["serial"], text=user["seed_base32"]))


@named("a key and an MFA seed are sealed")
def _():
    add_key("work", mfa=True)
    add_key("plain", mfa=False)
    add_key("cold", mfa=False)


@named("a touch gives a session")
def _():
    before = key.number("touches")
    session = check(tester.awstap("get", "work")).json()
    expect(session["SessionToken"] and session["AccessKeyId"].startswith("ASIA"), session)
    equal(key.number("touches"), before + 1)
    equal(check(tester.awstap("get", "work")).json(), session)
    equal(key.number("touches"), before + 1)


@named("no touch: exit 4, and the key stops blinking")
def _():
    key.person("never")
    fails(tester.awstap("get", "plain"), 4, "no touch within 30 s")
    key.wait_dark()


@named("who sits nowhere may not use it, and is told so")
def _():
    # The key has been there for a while: udev has done all that it will.
    fails(other.awstap("factor", "add", "fido2"), 4, "you may not open the security key")
    fails(other.awstap("factor", "add", "fido2", "--device", key.node()), 4, "you may not open the security key")


@named("the key pulled while it blinks: one clear line")
def _():
    child = tester.start("awstap", "get", "plain")
    key.wait_blinking()
    key.unplug()
    fails(tester.finish(child), 4, "unplugged")


@named("with none plugged in it says so, and takes the one that is plugged in then")
def _():
    terminal = tester.on_terminal("awstap", "get", "plain")
    terminal.wait_for("plug in")
    key.plug()
    expect("SessionToken" in check(terminal.finish()).out, "no session")


@named("the unit's hardening holds for every process of it")
def _():
    for pid in tester.processes():
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines())
        equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))


@named("systemd's figure for how exposed the service is")
def _():
    said = check(tester.run("systemd-analyze", "--user", "--no-pager", "security", "awstap-agent.service")).out
    print("#", said.strip().splitlines()[-1])


# Dialogs, on the terminal of who asks.

@named("a security key with a PIN is enrolled, the PIN typed into pinentry-curses")
def _():
    second.configure("pin 1234")
    terminal = tester.on_terminal("awstap", "factor", "add", "fido2", "--label", "second", "--device", second.plug())
    terminal.answer("OK", "1234\r")
    terminal.answer("Yes", "\r")
    check(terminal.finish())


@named("it opens the vault with its PIN, and the dialog says what for")
def _():
    key.unplug()
    check(tester.awstap("lock"))
    terminal = tester.on_terminal("awstap", "get", "plain")
    expect("plain" in terminal.answer("OK", "1234\r"), "no name of the key in the dialog")
    expect("SessionToken" in check(terminal.finish()).out, "no session")


@named("the other security key opens it as before")
def _():
    second.unplug()
    key.plug()
    check(tester.awstap("lock"))
    check(tester.awstap("get", "plain"))


# The screen's lock, and sleep.

def set_policy(name, setting):
    """What changes policy is asked for in a dialog first, here on the terminal."""
    terminal = tester.on_terminal("awstap", "key", "set", name, setting)
    terminal.answer("Yes", "\r")
    check(terminal.finish())


def lock_screen():
    system("loginctl", "lock-session", seat_session())
    wait_for(lambda: tester.status()["screen_locked"], "the agent to know that the screen is locked")


def unlock_screen():
    system("loginctl", "unlock-session", seat_session())
    wait_for(lambda: not tester.status()["screen_locked"], "the agent to know that the screen is unlocked")


def is_held_back():
    return "awstap" in system("systemd-inhibit", "--list", "--no-pager")


@named("awstap-watch holds sleep back")
def _():
    wait_for(is_held_back, "the inhibitor")


@named("behind a locked screen what is held is served, and nobody is asked")
def _():
    held, touches = check(tester.awstap("get", "work")).json(), key.number("touches")
    lock_screen()
    try:
        equal(check(tester.awstap("get", "work")).json(), held)
        fails(tester.awstap("get", "cold"), 4, "locked")
        equal(key.number("touches"), touches)
    finally:
        unlock_screen()
    check(tester.awstap("get", "cold"))


@named("lock_on=screen: the lock of the screen forgets that key's sessions")
def _():
    set_policy("plain", "lock_on=screen")
    check(tester.awstap("get", "plain"))
    lock_screen()
    unlock_screen()
    sessions = tester.sessions()
    expect("plain" not in sessions and "work" in sessions, sessions)


@named("lock_on=removal: pulling the security key forgets that key's sessions")
def _():
    set_policy("plain", "lock_on=removal")
    check(tester.awstap("get", "plain"))
    key.unplug()
    wait_for(lambda: "plain" not in tester.sessions(), "the session to go")
    expect("work" in tester.sessions(), "other sessions went too")
    key.plug()


# What the system does in place of sleeping, by when every delay inhibitor is released: ask the agent what it holds.
ASLEEP = """[Service]
User=tester
Environment=XDG_RUNTIME_DIR=/run/user/1000
ExecStart=
ExecStart=/bin/sh -c 'exec /usr/local/bin/awstap status --json >/home/tester/asleep'
"""


def property_of_login(name):
    return system("busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                  "org.freedesktop.login1.Manager", name).strip()


def sleeping():
    """The state of what the system does in place of sleeping."""
    return system("systemctl", "show", "-P", "ActiveState", "systemd-suspend.service").strip()


def arrange_sleep():
    folder = "/run/systemd/system/systemd-suspend.service.d"
    os.makedirs(folder)
    with open(folder + "/zz-ask.conf", "w", encoding="ascii") as file:
        file.write(ASLEEP)
    system("systemctl", "daemon-reload")


@named("sleep waits until no session is held any more")
def _():
    arrange_sleep()
    check(tester.awstap("get", "plain"))
    agent = tester.status()["pid"]
    os.kill(agent, signal.SIGSTOP)
    try:
        system("systemctl", "suspend", "--no-block")
        wait_for(lambda: property_of_login("PreparingForSleep") == "b true", "the machine to be about to sleep")
        equal(sleeping(), "inactive")
    finally:
        os.kill(agent, signal.SIGCONT)
    wait_for(lambda: property_of_login("PreparingForSleep") == "b false", "the machine to wake up")
    with open("/home/tester/asleep", encoding="utf-8") as file:
        equal(json.load(file)["sessions"], [])


@named("after that a touch is wanted again, and the inhibitor is held again")
def _():
    touches = key.number("touches")
    check(tester.awstap("get", "plain"))
    equal(key.number("touches"), touches + 1)
    wait_for(is_held_back, "the inhibitor")


@named("awstap-watch killed: sessions are forgotten, and it is there again")
def _():
    check(tester.awstap("get", "plain"))
    for pid in tester.processes("awstap-watch"):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not tester.sessions(), "the sessions to go")
    wait_for(is_held_back, "the inhibitor")


# The end.

@named("stopping the units leaves nothing")
def _():
    check(tester.systemctl("stop", *UNITS))
    wait_for(lambda: not tester.processes(), "the agent and its helpers to end")
    fails(tester.awstap("status"), 3, "no agent is running")


@named("logging out ends the agent")
def _():
    check(tester.systemctl("start", UNITS[0]))
    check(tester.awstap("key", "list"))
    expect(tester.processes(), "no agent")
    system("systemctl", "stop", "getty@tty1.service")
    system("loginctl", "terminate-user", "tester")
    wait_for(lambda: not tester.processes(), "the agent and its helpers to end")


def one_line(error):
    """What it says, fit to be printed; a dialog that was drawn meanwhile is in it. All of it is in what is left."""
    said = " ".join(str(error).split())
    return "".join(char if char.isprintable() else "?" for char in said)[:600]


def main():
    global aws
    os.makedirs(KEYS, mode=0o700)
    aws = control.FakeAws.start("/run/aws.json")
    for name, function in checks:
        began = time.monotonic()
        try:
            function()
            print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            print(f"not ok {name}: {one_line(error)}", flush=True)
            with open(os.path.join(LEFT, "failures"), "a", encoding="utf-8") as file:
                traceback.print_exc(file=file)
    aws.stop()
    print("all checked", flush=True)


if __name__ == "__main__":
    main()
