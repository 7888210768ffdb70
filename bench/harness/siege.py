"""Many clients that begin and never finish: headers that drip, TLS handshakes and upgrades half
done. They do as little as they can, so that what they cost is the server's."""

import os
import selectors
import socket
import ssl
import threading
import time
from dataclasses import dataclass

DRIP_EVERY_S = 5  # a byte of each connection whose headers drip
CONNECT_TRIES = 50  # a full backlog refuses for a moment
_DRIPPING = b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: "
# Without its last line end.
_UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
KINDS = ("headers", "handshakes", "upgrades")
REASON = "registration_timeout"  # under which the server counts all of them


def client_hello():
    """The first flight of a TLS client."""
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing,
                                                server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@dataclass
class Ended:
    """How the connections of one kind fared. Seconds are from their begin."""

    opened: int = 0
    ended: int = 0
    first_s: float = 0
    last_s: float = 0

    def note(self, age_s):
        self.first_s = age_s if self.ended == 0 else min(self.first_s, age_s)
        self.last_s = max(self.last_s, age_s)
        self.ended += 1


class Siege:
    """Besieges a port from a thread of its own with so many connections of each kind, until the
    server has ended them all or stop() is called; a context that stops with it."""

    def __init__(self, port, of_each_kind, begin_after_s=0.0):
        self._port = port
        self._of_each_kind = of_each_kind
        self._begin_after_s = begin_after_s
        self._stopping = threading.Event()
        self._standing = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._dripping = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.kinds = {kind: Ended() for kind in KINDS}
        self.error = ""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_until_it_stands(self, seconds):
        """Whether all connections were there in time."""
        return self._standing.wait(seconds)

    def wait_until_it_ends(self, seconds):
        """Whether the server has ended all of them in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive() and not self.error

    def stop(self):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        # Only what nobody else wants of the processors, or it would delay server and generator.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        try:
            if self._stopping.wait(self._begin_after_s):
                return
            self._open_all()
            self._standing.set()
            self._hold_out()
        except OSError as error:
            self.error = str(error)
        finally:
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()
            self._selector.close()

    def _open_all(self):
        says = {"headers": _DRIPPING, "handshakes": client_hello(), "upgrades": _UPGRADE}
        for _ in range(self._of_each_kind):
            for kind in KINDS:
                self._open(kind, says[kind])

    def _open(self, kind, says):
        for tries_left in reversed(range(CONNECT_TRIES)):
            try:
                peer = socket.create_connection(("127.0.0.1", self._port), timeout=10)
                break
            except OSError:
                if tries_left == 0:
                    raise
                time.sleep(0.1)
        peer.setblocking(False)
        peer.send(says)
        self.kinds[kind].opened += 1
        self._selector.register(peer, selectors.EVENT_READ, (kind, time.monotonic()))
        if kind == "headers":
            self._dripping.add(peer)

    def _hold_out(self):
        next_drip = time.monotonic() + DRIP_EVERY_S
        while self._selector.get_map() and not self._stopping.is_set():
            for key, _ in self._selector.select(0.5):
                self._read(key)
            if time.monotonic() >= next_drip:
                next_drip += DRIP_EVERY_S
                self._drip()

    def _read(self, key):
        kind, begun = key.data
        try:
            if key.fileobj.recv(1 << 16):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # reset: as good as ended
        self._selector.unregister(key.fileobj)
        self._dripping.discard(key.fileobj)
        key.fileobj.close()
        self.kinds[kind].note(time.monotonic() - begun)

    def _drip(self):
        for peer in self._dripping:
            try:
                peer.send(b"x")
            except OSError:
                pass  # it has ended, which reading will tell


def closed_by_reason(port):
    """{reason: how many}, as /metrics has it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asks:
        asks.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        page = b"".join(iter(lambda: asks.recv(1 << 16), b"")).decode()
    before, after = 'reactor_chat_sessions_closed_total{reason="', '"} '
    return {line[len(before):].split('"')[0]: int(line.split(after)[1])
            for line in page.splitlines() if line.startswith(before)}
