# SPDX-License-Identifier: BSD-2-Clause
"""Listening on loopback: one thread per connection, requests handed on one by one."""

import itertools
import socket
import struct
import threading

from http1 import BadRequest, RequestReader, render_head

HANDSHAKE_S = 10


class Connection:
    """An accepted connection; `served` counts the requests that arrived on it."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number
        self.served = 0

    def secure(self, context):
        """The TLS handshake; OSError where the client breaks it off."""
        self.sock.settimeout(HANDSHAKE_S)
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    def await_close(self):
        """Read and ignore until the peer has closed."""
        while self.sock.recv(65536):
            pass

    def reset_on_close(self):
        """Let the coming close send RST in place of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self):
        self.sock.close()


class Listener:
    """A port of 127.0.0.1, free at the time of asking. `serve(connection)` runs in a thread of
    its own per connection, which is closed when it returns."""

    def __init__(self, serve):
        self.serve = serve
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.connections = set()
        self.closed = False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(512)
        self.port = self.sock.getsockname()[1]

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        """Take no more connections and break those that are open."""
        with self.lock:
            self.closed = True
            self.sock.close()
            for connection in self.connections:
                try:
                    connection.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while not self.closed:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, next(self.numbers))
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with self.lock:
            if self.closed:
                connection.close()
                return
            self.connections.add(connection)
        try:
            self.serve(connection)
        except OSError:
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
            connection.close()


def converse(connection, handle):
    """Hand one request after another to `handle(connection, request)` for as long as it returns
    True and the client keeps the connection; bytes that are no request get a 400."""
    reader = RequestReader(connection.sock)
    try:
        request = reader.next()
        while request is not None:
            connection.served += 1
            if not handle(connection, request) or not request.keep_alive:
                return
            request = reader.next()
    except BadRequest as error:
        body = f"Bad Request: {error}\n".encode("utf-8", "replace")
        head = render_head(400, {"Content-Type": "text/plain", "Content-Length": len(body),
                                 "Connection": "close"})
        connection.sock.sendall(head + body)
