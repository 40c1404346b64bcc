# SPDX-License-Identifier: BSD-2-Clause
"""The real clients: the AWS CLI, boto3 and moto, in a folder from which the person of a test can run them.

What the Python that runs us has is copied to build/python, else it is installed there by pip; once, and kept."""

import contextlib
import fcntl
import functools
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import unittest

import world

PYTHON = world.PYTHON
WANTED = ("awscli", "boto3", "moto", "flask", "flask-cors")  # of moto's server, what STS and IAM need
FOLDER = os.path.join(world.TOP, "build", "python")
VERSION = "import sys; print(sys.version_info[:2])"


def place():
    """The folder with the tools, which the person can reach: bin/aws, and what PYTHONPATH wants. Skips without them."""
    target, reason = _place()
    if reason:
        raise unittest.SkipTest(reason)
    return target


@functools.cache
def _place():
    """The folder, or None and why there is none."""
    try:
        source = _made()
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout).decode(errors="replace").strip().splitlines()
        return None, f"no AWS CLI, boto3 and moto here, and pip can't install them: {(lines or ['?'])[-1]}"
    target = os.path.join(world.base(), "python")
    shutil.copytree(source, target, copy_function=_link)
    os.mkdir(os.path.join(target, "bin"))
    path = os.path.join(target, "bin", "aws")
    with open(path, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\nPYTHONPATH={target} exec {PYTHON} -m awscli "$@"\n')
    os.chmod(path, 0o755)
    return target, None


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _made():
    os.makedirs(os.path.dirname(FOLDER), exist_ok=True)
    with open(FOLDER + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(FOLDER):
            _make()
    return FOLDER


def _make():
    new = FOLDER + ".new"
    shutil.rmtree(new, ignore_errors=True)
    if not _copy(new):
        shutil.rmtree(new, ignore_errors=True)
        _install(new)
    shutil.rmtree(os.path.join(new, "bin"), ignore_errors=True)
    subprocess.run(["chmod", "-R", "go+rX", new], check=True)
    os.rename(new, FOLDER)


def _run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)


def _install(target):
    """A Debian without python3-pip has pip in its venv."""
    venv = FOLDER + ".venv"
    _run(PYTHON, "-m", "venv", "--clear", venv)
    _run(os.path.join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--target", target, *WANTED)
    shutil.rmtree(venv)


def _copy(target):
    """Copy them from the Python that runs us. False where it lacks some, or is not of the person's version."""
    if _run(PYTHON, "-c", VERSION).stdout != _run(sys.executable, "-c", VERSION).stdout:
        return False
    found = {}
    if not all(_find(name, found) for name in WANTED):
        return False
    for distribution in found.values():
        for file in distribution.files or ():
            source = distribution.locate_file(file)
            if file.parts[0] != ".." and os.path.isfile(source):
                os.makedirs(os.path.join(target, file.parent), exist_ok=True)
                shutil.copy2(source, os.path.join(target, file))
    _run(PYTHON, "-m", "compileall", "-q", "-j0", target)
    return True


def _find(name, found):
    """Add a distribution and what it requires, as far as that is installed. Whether it is installed itself."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return True
    try:
        found[key] = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    for requirement in found[key].requires or ():
        if "extra ==" not in requirement:
            _find(re.match(r"[\w.-]+", requirement)[0], found)
    return True


@contextlib.contextmanager
def moto(machine):
    """A moto server of the machine's person: its URL. It asks for no authentication until told to count to zero."""
    script = ("import sys; from moto.server import ThreadedMotoServer\n"
              "server = ThreadedMotoServer('127.0.0.1', 0, verbose=False); server.start()\n"
              "print('http://%s:%d' % server.get_host_and_port(), flush=True); sys.stdin.read(); server.stop()")
    child = machine.start(PYTHON, "-c", script, env={"PYTHONPATH": place()}, stdin=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    try:
        yield child.stdout.readline().strip()
    finally:
        child.stdin.close()
        child.wait(world.PATIENCE)
