# SPDX-License-Identifier: BSD-2-Clause
"""The way to a server on loopback, which can be cut, stopped up, or lead elsewhere."""

import asyncio
import socket
import struct
import threading
from urllib.parse import urlsplit

PATIENCE = 10


class Relay:
    """Passes bytes between its own port and the port of `url`, both on 127.0.0.1."""

    def __init__(self, url):
        self.scheme = urlsplit(url).scheme
        self.target = urlsplit(url).port
        self.port = 0
        self.greeting = None  # bytes sent in place of being connected
        self.held = 0  # how often bytes came that were not let through at once
        self.server = None
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.open()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def lead_to(self, url):
        """New connections go to the port of `url`."""
        self.target = urlsplit(url).port

    def open(self):
        """Listen, at the same port as before."""
        self._do(self._open())

    def shut(self):
        """Refuse new connections and break those that there are."""
        self._do(self._shut())

    def reset(self):
        """Break the connections that there are, by RST."""
        self._do(self._reset())

    def stop_up(self):
        """Connections stay, and nothing comes through any more."""
        self.loop.call_soon_threadsafe(self.flowing.clear)

    def let_flow(self):
        self.loop.call_soon_threadsafe(self.flowing.set)

    def close(self):
        self.shut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _do(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    async def _open(self):
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _shut(self):
        if self.server:
            self.server.close()
            self.server = None
        await self._reset()

    async def _reset(self):
        for writer in self.writers:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.writers = set()
        await asyncio.sleep(0)  # what abort() has put off until the loop comes round

    async def _carry(self, reader, writer):
        if self.greeting is not None:
            writer.write(self.greeting)
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                self.held += not self.flowing.is_set()
                await self.flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
