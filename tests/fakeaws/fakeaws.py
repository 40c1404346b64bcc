#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fake AWS: STS and IAM on loopback. Options and control verbs are in README.md."""

import argparse
import json
import os
import signal
import ssl
import sys
import threading
import traceback

from aws import Aws
from clock import Clock
from desk import Desk
from endpoint import Endpoint
from journal import Journal
from server import Listener


def parse_options(arguments):
    parser = argparse.ArgumentParser(description="a fake AWS (STS and IAM) on 127.0.0.1")
    parser.add_argument("--ready", metavar="FILE", required=True,
                        help="written, and its line printed, when both ports listen")
    parser.add_argument("--tls-cert", metavar="FILE")
    parser.add_argument("--tls-key", metavar="FILE")
    parser.add_argument("--clock", metavar="FILE", help="holds milliseconds to add to the clock")
    parser.add_argument("--setup", metavar="FILE", help="the world to begin with, JSON")
    parser.add_argument("--log", metavar="FILE", help="JSON lines, one per request")
    options = parser.parse_args(arguments)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    return options


def tls_context(options):
    """The server's TLS settings, or None for plain HTTP."""
    if options.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


def announce(options, endpoint_port, control_port):
    """Write the ready file in one step, and the same line to stdout."""
    scheme = "https" if options.tls_cert else "http"
    line = json.dumps({"endpoint": f"{scheme}://127.0.0.1:{endpoint_port}",
                       "control": f"http://127.0.0.1:{control_port}", "pid": os.getpid()})
    temporary = f"{options.ready}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(line + "\n")
    os.rename(temporary, options.ready)
    print(line, flush=True)


def run(arguments):
    """One fake AWS, until it is told to end; its exit status."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    options = parse_options(arguments)
    aws = Aws(Clock(options.clock))
    if options.setup:
        with open(options.setup, encoding="utf-8") as file:
            aws.setup(json.load(file))
    stopping = threading.Event()
    journal = Journal(options.log)
    endpoint = Endpoint(aws, journal, stopping, tls_context(options))
    listeners = [Listener(endpoint.serve), Listener(Desk(endpoint).serve)]
    for listener in listeners:
        listener.start()
    announce(options, *[listener.port for listener in listeners])
    signal.sigwait(signals)
    stopping.set()
    for listener in listeners:
        listener.stop()
    journal.close()
    os.unlink(options.ready)
    return 0


def run_forked(line):
    """In a process of its own. Whoever sent the line waits for one, also of a fake that can't run."""
    try:
        os._exit(run(json.loads(line)))
    except BaseException:
        traceback.print_exc()
        print(flush=True)
        os._exit(1)


def spawn():
    """One for each line of stdin, a JSON list of options: they share the loading of modules. Prints the ready line of each, or
    an empty one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            run_forked(line)
    return 0


if __name__ == "__main__":
    sys.exit(spawn() if sys.argv[1:] == ["--spawn"] else run(sys.argv[1:]))
