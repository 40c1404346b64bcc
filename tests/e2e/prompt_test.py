# SPDX-License-Identifier: BSD-2-Clause
"""awstap-prompt, spoken to as a signer does: with the pinentry of tests, and with real ones on real terminals."""

import os
import re
import shutil
import signal
import unittest

import wire
from screen import Screen
from world import USER, Case, Machine, check, wait_for

STAKE = ("Open work: account 123456789012, for 12 hours\nrole arn:aws:iam::123456789012:role/admin, for 1 hour\n\n"
         "Asked for by terraform, in ~/infra (as far as the system can tell)")
CANCELLED = "the dialog was cancelled; run it again to be asked again"
NO = "the dialog was answered with no; run it again to be asked again"
NO_TERMINAL = "run it at a terminal, or log in at the desktop"
VERSION = re.compile(r"\d+\.\d+\.\d+")


def state_of(pid):
    """The state and the parent of a process; ("Z", "") when it is no more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "Z", ""


def is_gone(pid):
    """Whether a process has ended, reaped or not."""
    return state_of(pid)[0] == "Z"


def catches_interrupts(pid):
    """Whether a process has a handler for SIGINT."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            caught = next(line for line in file if line.startswith("SigCgt:")).split()[1]
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        return False
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


def child_of(pid):
    return next(int(child) for child in os.listdir("/proc") if child.isdigit() and state_of(child)[1] == str(pid))


class Prompt:
    """An awstap-prompt and the signer's side of its conversation."""

    def __init__(self, machine, **context):
        fields = ("tty", "term", "lc_ctype", "lc_messages", "display", "wayland_display", "xauthority", "dbus",
                  "requester", "pinentry")
        self.child, self.conversation = wire.helper(machine, "awstap-prompt")
        version = VERSION.search(check(machine.awstap("--version")).out)[0]
        self.conversation.sendall(wire.hello(version) +
                                  wire.frame(wire.CONTEXT, *(wire.text(context.get(name, "")) for name in fields)))

    def hear(self):
        """The next frame, or None at the end; its HELLO comes with the first."""
        try:
            frame = wire.read_frame(self.conversation)
        except ConnectionResetError:  # it has not read all that was sent
            return None
        return self.hear() if frame and frame[0] == wire.HELLO else frame

    def ask(self, kind=wire.PASSPHRASE, stake=STAKE, label="Passphrase:", problem="", seconds=60):
        self.conversation.sendall(wire.frame(wire.PROMPT_ASK, wire.number(kind), wire.text(stake), wire.text(label),
                                             wire.text(problem), wire.number(seconds)))

    def answer(self):
        """What was typed; True for yes; or the line that says why not."""
        kind, fields = self.hear()
        if kind == wire.DONE:
            return True
        if kind == wire.PROMPT_ANSWER:
            return fields[4:]
        assert kind == wire.PROMPT_FAILED, kind
        status, text = wire.number_and_text(fields)
        assert status == 4, status
        return text

    def asked(self, *arguments, **options):
        self.ask(*arguments, **options)
        return self.answer()

    def close(self):
        """Hang up, and wait until it has ended: its exit status."""
        self.conversation.close()
        return self.child.wait(60)


class PromptCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)

    def prompt(self, **context):
        prompt = Prompt(self.machine, **context)
        self.addCleanup(prompt.conversation.close)
        return prompt

    def assert_one_line(self, text, *words):
        self.assertIsInstance(text, str)
        self.assertNotIn("\n", text)
        for word in words:
            self.assertIn(word, text)

    def use_system_pinentry(self):
        os.unlink(self.machine.program("pinentry"))


class Answers(PromptCase):
    """What comes of a question, with a pinentry that answers as it is told."""

    def ask_once(self, answer, *arguments, **options):
        self.machine.pinentry(answer)
        return self.prompt().asked(*arguments, **options)

    def last(self):
        return self.machine.dialogs()[-1]

    def test_what_is_typed_comes_back(self):
        """Byte by byte: blanks, percent signs, and what is not ASCII."""
        for typed in ("1234", " two  blanks ", "100%25 + ü€𝄞", "x" * 255):
            with self.subTest(typed=typed):
                self.assertEqual(self.ask_once("pin " + typed), typed.encode())

    def test_dialog_shows_the_stake(self):
        self.ask_once("pin 1234", wire.PIN, label="PIN:", problem="Wrong PIN: 2 tries are left.")
        last = self.last()
        self.assertEqual((last["question"], last["title"], last["desc"], last["prompt"], last["error"]),
                         ("GETPIN", "awstap", STAKE, "PIN:", "Wrong PIN: 2 tries are left."))
        self.assertIn(last["timeout"], range(50, 62))

    def test_yes_and_no(self):
        self.assertIs(self.ask_once("confirm yes", wire.CONFIRM, label=""), True)
        last = self.last()
        self.assertEqual((last["question"], last["ok"], last["cancel"], last["desc"]), ("CONFIRM", "Yes", "No", STAKE))
        self.assertEqual(self.ask_once("confirm no", wire.CONFIRM), NO)
        self.assertEqual(self.ask_once("cancel", wire.CONFIRM), NO)

    def test_problem_of_a_yes_or_no_is_in_its_text(self):
        self.ask_once("confirm yes", wire.CONFIRM, problem="The key was pulled.", stake="Try again?")
        self.assertEqual(self.last()["desc"], "The key was pulled.\n\nTry again?")

    def test_cancelled(self):
        self.assertEqual(self.ask_once("cancel"), CANCELLED)
        self.assertEqual(self.ask_once("error 198 Fully cancelled"), CANCELLED)

    def test_questions_one_after_the_other(self):
        """A cancelled dialog ends the question, not the conversation."""
        self.machine.pinentry("pin one", "cancel", "pin two")
        prompt = self.prompt()
        self.assertEqual([prompt.asked(), prompt.asked(), prompt.asked()], [b"one", CANCELLED, b"two"])
        self.assertEqual(prompt.close(), 0)
        self.assertEqual([entry["end"] for entry in self.machine.pinentry_log() if "end" in entry], ["BYE"] * 3)

    def test_new_passphrase_is_typed_twice(self):
        self.assertEqual(self.ask_once("pin correct horse", wire.NEW_PASSPHRASE), b"correct horse")
        self.assertEqual(self.last()["repeat"], "Again:")

    def test_pinentry_that_cannot_ask_twice(self):
        """It is asked twice by us, and anew where the two are not the same."""
        self.machine.pinentry("norepeat", "pin one", "pin two", "pin three", "pin three")
        self.assertEqual(self.prompt().asked(wire.NEW_PASSPHRASE), b"three")
        dialogs = self.machine.dialogs()
        self.assertEqual([dialog["prompt"] for dialog in dialogs], ["Passphrase:", "Again:"] * 2)
        self.assertEqual([dialog.get("error") for dialog in dialogs], [None, None, "The two are not the same.", None])
        self.machine.pinentry("norepeat", *(f"pin {i}" for i in range(6)))
        self.assertEqual(self.prompt().asked(wire.NEW_PASSPHRASE), CANCELLED)

    def test_nothing_typed(self):
        """Nothing is no answer: it is asked for again, three times in all."""
        self.machine.pinentry("pin ", "pin 1234")
        self.assertEqual(self.prompt().asked(wire.PIN), b"1234")
        self.assertEqual(self.last()["error"], "Nothing was typed.")
        self.machine.pinentry("always pin ")
        self.assertEqual(self.prompt().asked(wire.PIN), CANCELLED)
        self.assertEqual(len(self.machine.dialogs()), 5)

    def test_more_typed_than_fits(self):
        self.machine.pinentry("pin " + "x" * 256, "pin " + "x" * 900, "pin y")
        self.assertEqual(self.prompt().asked(), b"y")
        self.assertEqual([dialog.get("error") for dialog in self.machine.dialogs()],
                         [None] + ["That is too long: 255 bytes at most."] * 2)

    def test_nobody_answers(self):
        """The pinentry says so; and one that hangs is ended when the time is over."""
        text = "no answer in the dialog within 60 s; run it again and answer it"
        self.assertEqual(self.ask_once("timeout"), text)
        for how in ("hang", "hang hard"):
            with self.subTest(how=how):
                self.machine.pinentry(how)
                before = len(self.machine.dialogs())
                prompt = self.prompt()
                prompt.ask()
                pid = self.machine.wait_dialog(before + 1)["pid"]
                self.machine.clock(66000)
                self.assertEqual(prompt.answer(), text)
                self.assertTrue(is_gone(pid))
                self.machine.clock(0)

    def test_pinentry_dies(self):
        self.assert_one_line(self.ask_once("die"), "/pinentry has ended without an answer; run it again")

    def test_pinentry_that_is_killed(self):
        self.machine.pinentry("hang")
        prompt = self.prompt()
        prompt.ask()
        os.kill(self.machine.wait_dialog()["pid"], signal.SIGKILL)
        self.assert_one_line(prompt.answer(), "/pinentry has ended without an answer; run it again")

    def test_pinentry_that_speaks_something_else(self):
        for answer in ("garbage", "flood"):
            with self.subTest(answer=answer):
                self.assert_one_line(self.ask_once(answer), "/pinentry does not speak as a pinentry does; use another")

    def test_pinentry_that_cannot_show(self):
        self.assert_one_line(self.ask_once("error 301 Screen or window too small"),
                             "/pinentry cannot show a dialog here: Screen or window too small ; run it at another")

    def test_conversation_closes(self):
        """The dialog goes when the signer does, at once, and whatever it is doing."""
        for how in ("hang", "hang hard"):
            with self.subTest(how=how):
                self.machine.pinentry(how)
                before = len(self.machine.dialogs())
                prompt = self.prompt()
                prompt.ask()
                pid = self.machine.wait_dialog(before + 1)["pid"]
                wait_for(lambda: "hangs" in self.machine.pinentry_log()[-1], "it to hang")
                self.assertEqual(prompt.close(), 0)
                self.assertTrue(is_gone(pid))

    def test_told_to_end(self):
        """SIGTERM, as the agent sends it, takes the dialog away as well; killed, it takes it with it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number=number):
                self.machine.pinentry("hang")
                before = len(self.machine.dialogs())
                prompt = self.prompt()
                prompt.ask()
                pid = self.machine.wait_dialog(before + 1)["pid"]
                prompt.child.send_signal(number)
                self.assertEqual(prompt.child.wait(60), 0 if number == signal.SIGTERM else -number)
                wait_for(lambda pid=pid: is_gone(pid), "the pinentry to end")

    def test_question_during_a_question(self):
        """That is none of the protocol: the dialog goes, and the conversation is over."""
        self.machine.pinentry("hang")
        prompt = self.prompt()
        prompt.ask()
        pid = self.machine.wait_dialog()["pid"]
        prompt.ask()
        self.assertIsNone(prompt.hear())
        self.assertTrue(is_gone(pid))

    def test_what_is_no_question(self):
        for number in (0, 7):
            prompt = self.prompt()
            prompt.ask(number)
            self.assertIsNone(prompt.hear())
            self.assertEqual(prompt.child.wait(60), 1)


class Harmless(PromptCase):
    """What others may choose, as the name of their program, steers neither dialog nor terminal."""

    def shown(self, stake, label="PIN:"):
        self.machine.pinentry("pin 1")
        prompt = self.prompt()
        prompt.asked(wire.PIN, stake=stake, label=label)
        return self.machine.dialogs()[-1]

    def test_control_characters(self):
        shown = self.shown("Open work\nAsked for by \x1b[2Jevil\r\x07\x9b1m\tx", label="PI\nN\x1b:")
        self.assertEqual(shown["desc"], "Open work\nAsked for by ?[2Jevil????1m?x")
        self.assertEqual(shown["prompt"], "PI?N?:")

    def test_markup(self):
        shown = self.shown('by <img src="x"> &lt;b&gt; R&D a_b', label="PIN of my_blue_<key>:")
        self.assertEqual(shown["desc"], 'by (img src="x") +lt;b+gt; R+D a_b')
        self.assertEqual(shown["prompt"], "PIN of my-blue-(key):")

    def test_lines_that_look_like_commands(self):
        shown = self.shown("Open work%0ASETDESC nothing\nSETDESC Close\r\nGETPIN")
        self.assertEqual(shown["desc"], "Open work%0ASETDESC nothing\nSETDESC Close?\nGETPIN")

    def test_a_stake_longer_than_a_line(self):
        """It is cut after a whole character, and what is at stake still comes first."""
        shown = self.shown("Open work\n" + "ü" * 560)["desc"]
        self.assertTrue(shown.startswith("Open work\nüüü"))
        self.assertTrue(shown.endswith("üüü..."))

    def test_context_that_is_no_option(self):
        self.machine.pinentry("pin 1")
        prompt = self.prompt(lc_ctype="C\nSETDESC evil", lc_messages="a b", term="x%0A", tty="/dev/null")
        prompt.asked()
        self.assertEqual(self.machine.dialogs()[-1]["options"], {})
        self.assertFalse([entry for entry in self.machine.pinentry_log() if "error" in entry])


class Surroundings(PromptCase):
    """What a pinentry finds, and which one it is."""

    def test_environment(self):
        self.machine.pinentry("pin 1")
        prompt = self.prompt(display=":9", wayland_display="wayland-7", xauthority="/x/auth", dbus="unix:path=/x/bus",
                             lc_ctype="C.UTF-8", lc_messages="de_DE.UTF-8", term="vt100")
        prompt.asked()
        start = self.machine.pinentry_log()[0]
        environment = dict(start["environment"])
        environment.pop("PWD", None)  # the shell's that starts the pinentry of tests
        self.assertEqual(environment, {
            "PATH": "/usr/bin:/bin", "HOME": self.machine.home, "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.machine.run_dir,
            "DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-7", "XAUTHORITY": "/x/auth",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x/bus", "LC_CTYPE": "C.UTF-8", "LC_MESSAGES": "de_DE.UTF-8",
            "TERM": "vt100"})
        self.assertEqual(self.machine.dialogs()[-1]["options"], {"lc-ctype": "C.UTF-8", "lc-messages": "de_DE.UTF-8"})

    def test_no_descriptor_is_passed_on(self):
        self.machine.pinentry("hang")
        prompt = self.prompt()
        prompt.ask()
        pid = self.machine.wait_dialog()["pid"]
        wait_for(lambda: "hangs" in self.machine.pinentry_log()[-1], "it to hang")
        links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        self.assertEqual({re.sub(r":.*", "", link) for link in links}, {"pipe", "/dev/null"})

    def test_the_one_that_was_chosen(self):
        other = os.path.join(self.machine.folder, "other")
        shutil.copy(self.machine.program("pinentry"), other)
        os.unlink(self.machine.program("pinentry"))
        self.machine.pinentry("pin 1")
        self.assertEqual(self.prompt(pinentry=other).asked(), b"1")
        os.unlink(other)
        self.assert_one_line(self.prompt(pinentry=other).asked(), f"the pinentry {other} is not there; install it, or")

    def test_the_one_that_was_chosen_cannot_be_run(self):
        self.assert_one_line(self.prompt(pinentry="/etc/passwd").asked(),
                             "/etc/passwd cannot show a dialog here: Permission denied")

    def test_the_one_that_was_chosen_is_none(self):
        self.assert_one_line(self.prompt(pinentry="/bin/true").asked(),
                             "/bin/true cannot show a dialog here: it ends at once")

    def test_one_that_never_says_a_word(self):
        self.machine.pinentry("mute")
        prompt = self.prompt()
        prompt.ask()
        wait_for(lambda: len(self.machine.pinentry_log()) == 2, "it to hang")
        self.machine.clock(11000)
        self.assert_one_line(prompt.answer(), "/pinentry cannot show a dialog here: it does not answer")

    def test_no_place_to_ask(self):
        self.use_system_pinentry()
        self.assertEqual(self.prompt().asked(), "a dialog is needed, and there is neither a display nor a terminal for "
                                                "it; " + NO_TERMINAL)
        for tty, why in (("/dev/pts/99999", "No such file or directory"),
                         ("/etc/passwd", "Inappropriate ioctl for device"),
                         ("/dev/null", "Inappropriate ioctl for device")):
            self.assertEqual(self.prompt(tty=tty).asked(),
                             f"a dialog is needed, and the terminal {tty} cannot be opened ({why}); {NO_TERMINAL}")


def needs(program):
    return unittest.skipUnless(os.access(program, os.X_OK), f"no {program} here")


class OnTerminal(PromptCase):
    """The real pinentries for terminals."""

    def setUp(self):
        super().setUp()
        self.use_system_pinentry()
        self.screen = Screen(self.machine)
        self.addCleanup(self.screen.close)
        self.before = self.screen.settings()

    def on_screen(self, **context):
        context = {"tty": self.screen.tty, "term": "screen", "lc_ctype": "C.UTF-8", **context}
        return self.prompt(**context)

    def assert_sane(self):
        self.assertEqual(self.screen.settings(), self.before)


@needs("/usr/bin/pinentry-curses")
class Curses(OnTerminal):
    def test_passphrase(self):
        """On the terminal of who asks: the stake, the label, and never what is typed."""
        prompt = self.on_screen()
        prompt.ask()
        screen = self.screen.wait(*STAKE.replace("\n\n", "\n").split("\n")[:2], "Passphrase:", "<OK>", "<Cancel>")
        self.assertIn("Asked for by terraform, in ~/infra", screen)
        self.screen.type("pass phrase")
        self.assertNotIn("pass phrase", self.screen.wait("***********"))
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"pass phrase")
        self.assert_sane()
        self.assertNotIn("Passphrase:", self.screen.text())

    def test_pin_with_a_problem(self):
        prompt = self.on_screen()
        prompt.ask(wire.PIN, label="PIN:", problem="Wrong PIN. This is the last try before the key locks itself.")
        self.screen.wait("This is the last try before the key locks itself.", "PIN:")
        self.screen.type("1234")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"1234")

    def test_code(self):
        prompt = self.on_screen()
        prompt.ask(wire.ASK_CODE, label="Code:")
        self.screen.wait("Code:")
        self.screen.type("123456")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"123456")

    def test_new_passphrase(self):
        """Where it can ask for both at once they stand below each other, else they come one after the other."""
        prompt = self.on_screen()
        prompt.ask(wire.NEW_PASSPHRASE)
        screen = self.screen.wait("Passphrase:")
        self.screen.type("new one")
        self.screen.press("Tab" if "Again:" in screen else "Enter")
        self.screen.wait("Again:")
        self.screen.type("new one")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"new one")

    def test_yes_and_no(self):
        prompt = self.on_screen()
        for keys, answer in ((("Enter",), True), (("Tab", "Enter"), NO)):
            prompt.ask(wire.CONFIRM, label="")
            self.screen.wait("Open work", "<Yes>", "<No>")
            self.screen.press(*keys)
            self.assertEqual(prompt.answer(), answer)
        self.assert_sane()

    def test_cancelled(self):
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Passphrase:")
        self.screen.press("C-e")
        self.assertEqual(prompt.answer(), CANCELLED)
        self.assert_sane()

    def test_taken_away(self):
        """Closed while it is on the screen: the terminal is as it was, screen and settings."""
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Passphrase:")
        self.assertNotEqual(self.screen.settings(), self.before)
        prompt.close()
        self.assert_sane()
        self.assertNotIn("Passphrase:", self.screen.text())

    def test_killed(self):
        """A pinentry that is killed leaves the terminal without echo: we do not."""
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Passphrase:")
        os.kill(child_of(prompt.child.pid), signal.SIGKILL)
        self.assert_one_line(prompt.answer(), "/usr/bin/pinentry-curses has ended without an answer; run it again")
        self.assert_sane()

    def test_time_is_over(self):
        prompt = self.on_screen()
        prompt.ask(seconds=1)
        self.assertEqual(prompt.answer(), "no answer in the dialog within 1 s; run it again and answer it")
        self.assert_sane()

    def test_what_was_typed_before(self):
        """It is no part of the answer."""
        self.screen.type("early\n")
        self.screen.wait("early")
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Passphrase:")
        self.screen.type("late")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"late")

    def test_locale_without_the_characters(self):
        """The question comes all the same."""
        prompt = self.on_screen(lc_ctype="C")
        prompt.ask(stake="Open Schlüssel\nfor 12 hours")
        self.screen.wait("Open Schl??ssel", "for 12 hours")
        self.screen.type("x")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"x")

    def test_terminal_of_somebody_else(self):
        if USER is None:
            self.skipTest("only root can give a terminal away")
        os.chown(self.screen.tty, 0, 0)
        self.assertEqual(self.on_screen().asked(),
                         f"a dialog is needed, and the terminal {self.screen.tty} cannot be opened "
                         f"(Permission denied); {NO_TERMINAL}")

    def test_display_that_is_not_there(self):
        """The dialog comes to the terminal where the desktop's pinentry can't show it."""
        prompt = self.on_screen(display=":4711")
        prompt.ask()
        self.screen.wait("Open work", "Passphrase:")
        self.screen.type("1")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"1")


@needs("/usr/bin/pinentry-tty")
class Tty(OnTerminal):
    def on_screen(self, **context):
        return super().on_screen(pinentry="/usr/bin/pinentry-tty", **context)

    def test_passphrase(self):
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Open work: account 123456789012", "Passphrase:")
        self.screen.type("hidden")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"hidden")
        self.assertNotIn("hidden", self.screen.text())
        self.assert_sane()

    def test_new_passphrase(self):
        prompt = self.on_screen()
        prompt.ask(wire.NEW_PASSPHRASE)
        for label, text in (("Passphrase:", "new one"), ("Again:", "new one")):
            self.screen.wait(label)
            self.screen.type(text)
            self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"new one")

    def test_yes_and_no(self):
        prompt = self.on_screen()
        for key, answer in (("y", True), ("n", NO)):
            prompt.ask(wire.CONFIRM, label="")
            wait_for(lambda: self.screen.text().rstrip().endswith("[yn]?"), "the question")
            self.screen.press(key)
            self.assertEqual(prompt.answer(), answer)
        self.assert_sane()

    def test_taken_away(self):
        """Its echo is switched on again, and what is written next stands in a line of its own."""
        prompt = self.on_screen()
        prompt.ask()
        self.screen.wait("Passphrase:")
        prompt.close()
        self.assert_sane()
        with open(self.screen.tty, "w", encoding="ascii") as terminal:
            terminal.write("the next line")
        self.assertIn("\nthe next line", self.screen.wait("the next line"))

    def test_small_terminal(self):
        """Where curses has no room, this one is asked by itself."""
        self.screen.close()
        self.screen = Screen(self.machine, width=80, height=6)
        self.addCleanup(self.screen.close)
        prompt = OnTerminal.on_screen(self)
        prompt.ask()
        self.screen.wait("Passphrase:")
        self.screen.type("1")
        self.screen.press("Enter")
        self.assertEqual(prompt.answer(), b"1")


@needs("/usr/bin/pinentry-curses")
class WithTheAgent(Case):
    """A command on a terminal, and its dialog on the same one."""

    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.machine.add_key()
        os.unlink(self.machine.program("pinentry"))
        script = ('trap : INT; stty -g >before; read begin; awstap mfa code work; status=$?; stty -g >after;'
                  'echo $status >status; exec sleep 1000')
        self.screen = Screen(self.machine, "sh", "-c", script)
        self.addCleanup(self.screen.close)
        self.before = self.screen.settings()
        self.screen.press("Enter")
        self.screen.wait("Show an MFA code of work", "<Yes>", "<No>")

    def read(self, name):
        with open(os.path.join(self.machine.home, name), encoding="ascii") as file:
            return file.read()

    def assert_ended(self, status):
        """The command has ended like this, the dialog is no more, and the terminal is as it was."""
        def ended():
            try:
                return self.read("status")
            except FileNotFoundError:
                return None
        self.assertEqual(wait_for(ended, "the command to end"), f"{status}\n")
        self.assertEqual(self.read("after"), self.read("before"))  # at once: the shell's line is not drawn over
        wait_for(lambda: not self.machine.processes("awstap-prompt"), "awstap-prompt to end")
        self.assertEqual(self.screen.settings(), self.before)
        self.assertNotIn("<Yes>", self.screen.text())

    def test_yes(self):
        self.screen.press("Enter")
        self.assert_ended(0)
        self.assertRegex(self.screen.text(), r"\n\d{6}\n")

    def test_no(self):
        """Nothing blinks after a no."""
        touches = self.key.number("touches")
        self.screen.press("Tab", "Enter")
        self.assert_ended(4)
        self.screen.wait(NO)
        self.assertEqual(self.key.number("touches"), touches)

    def test_interrupted(self):
        """Ctrl-C takes command and dialog away, first the dialog, and the agent goes on."""
        agents = self.machine.processes("awstap-agent")
        for pid in agents:
            os.kill(pid, signal.SIGSTOP)  # so that it takes its time
        self.screen.press("C-c")
        wait_for(lambda: not any(map(catches_interrupts, self.machine.processes("awstap"))), "Ctrl-C to be taken")
        for pid in agents:
            os.kill(pid, signal.SIGCONT)
        self.assert_ended(130)
        check(self.machine.awstap("status"))

    def test_terminated(self):
        """Ended by another program, it leaves the terminal as it was, too."""
        for pid in self.machine.processes("awstap"):
            os.kill(pid, signal.SIGTERM)
        self.assert_ended(143)

    def test_agent_dies(self):
        """The dialog does not outlive it."""
        for pid in self.machine.processes("awstap-agent"):
            os.kill(pid, signal.SIGKILL)
        self.assert_ended(3)


if __name__ == "__main__":
    unittest.main()
