"""The servers that can be measured: what each needs, how it is started, how it is spoken to.

Peers with flood protection are configured out of it, none keeps anything on disk or writes a log,
and all use TCP_NODELAY where they can. None touches /etc, a fixed port, or another's process.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from harness import machine

START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10
START_TRIES = 3
# An IRC line has 512 bytes, with the sender's name, the channel's and the line end.
IRC_PAYLOAD_BYTES_MAX = 400


class CannotMeasure(Exception):
    """The server is not there, does not start, or does not answer."""


@dataclass(frozen=True)
class Place:
    """Where a server is started: its port, and a directory that is gone after it."""

    port: int
    directory: Path

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)


@dataclass(frozen=True)
class Server:
    """One server as it is measured. Its name is what --only takes."""

    name: str
    title: str
    scheme: str
    program: str  # a path, or a name to be found
    arguments: Callable[[Place], list]
    packages: tuple = ()
    kinds: tuple = ("saturated", "one", "fixed", "idle")
    payload_bytes_max: int = 1 << 20
    connects_per_second: int = 0  # 0: as fast as it answers
    rooms_when_idle: int = 1
    notes: tuple = ()
    on_request: bool = False  # left out unless it is named
    generator: tuple = ()  # what chat-loadgen has to be told, too

    def find_program(self):
        """The program's path, or None if it isn't there."""
        return shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def takes(self, cell):
        return cell.kind in self.kinds


def _ours(*arguments):
    """Without a disk, as the others are."""
    return _ours_that_keeps("none", *arguments)


def _ours_that_keeps(durability, *arguments):
    return lambda place: [
        "--listen", f"127.0.0.1:{place.port}", "--log-level", "warn",
        "--data", str(place.directory / "data"), "--durability", durability, *arguments]


def _relay(place):
    return ["--port", str(place.port)]


def _redis(place):
    # It asks for some descriptors more than it has clients.
    clients_max = max(1, machine.descriptor_limit() - 100)
    return ["--port", str(place.port), "--bind", "127.0.0.1", "--protected-mode", "no",
            "--save", "", "--appendonly", "no", "--maxclients", str(clients_max),
            "--client-output-buffer-limit", "normal 0 0 0 pubsub 0 0 0",
            "--tcp-backlog", "4096", "--loglevel", "warning", "--dir", str(place.directory)]


def _nats(place):
    return ["-c", place.write("nats.conf", f"""\
host: "127.0.0.1"
port: {place.port}
max_connections: 100000
max_pending: 1073741824
write_deadline: "60s"
""")]


def _mosquitto(place):
    # Started as root it goes on as another user, and does not mind if that one is not there.
    return ["-c", place.write("mosquitto.conf", f"""\
listener {place.port} 127.0.0.1
allow_anonymous true
max_connections -1
max_queued_messages 0
set_tcp_nodelay true
persistence false
sys_interval 0
log_dest none
log_type none
""")]


def _ngircd(place):
    # Started as root it goes on as "nobody".
    return ["-n", "-f", place.write("ngircd.conf", f"""\
[Global]
Name = bench.local
Listen = 127.0.0.1
Ports = {place.port}
AdminInfo1 = bench
MotdPhrase = hello
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = local7
""")]


def _inspircd(place):
    config = place.write("inspircd.conf", f"""\
<server name="bench.local" description="bench" network="Bench" id="0BE">
<admin name="bench" nick="bench" email="bench@localhost">
<bind address="127.0.0.1" port="{place.port}" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="1h" fakelag="no" threshold="1000000"
         commandrate="1000000" hardsendq="1G" softsendq="1G" recvq="1M" localmax="100000"
         globalmax="100000" limit="100000" maxconnwarn="no" resolvehostnames="no" useident="no">
<performance somaxconn="4096" softlimit="100000" netbuffersize="65534" clonesonconnect="no">
<options defaultmodes="nt">
""")
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return ["--nofork", "--nolog", "--nopid", *as_root, "--config", config]


def all_servers(root):
    """Every server, ours first. root: of the project."""
    build = root / "build" / "release"
    ours = str(build / "tools" / "chat-server")
    peers = build / "bench" / "peers"
    irc = {
        "scheme": "irc",
        "payload_bytes_max": IRC_PAYLOAD_BYTES_MAX,
        "rooms_when_idle": 100,  # whoever joins a channel is announced to all in it
    }
    irc_notes = ("payloads of at most 400 bytes", "idle clients are spread over 100 channels",
                 "never sets TCP_NODELAY")
    return (
        Server("ours", "chat-server", "native", ours, _ours()),
        Server("ours-2", "chat-server --threads 2", "native", ours, _ours("--threads", "2"),
               notes=("both threads on the one core: what handing over costs",)),
        Server("ours-epoll", "chat-server --backend epoll", "native", ours,
               _ours("--backend", "epoll")),
        Server("ours-uring", "chat-server --backend io_uring", "native", ours,
               _ours("--backend", "io_uring")),
        Server("ours-commit", "chat-server --durability commit", "native", ours,
               _ours_that_keeps("commit"), on_request=True),
        Server("ours-sync", "chat-server --durability sync", "native", ours,
               _ours_that_keeps("sync"), on_request=True),
        Server("limit", "the limit", "lines", str(peers / "limit"), _relay),
        Server("redis", "Redis", "redis", "redis-server", _redis, ("redis-server",)),
        Server("nats", "NATS", "nats", "nats-server", _nats, ("nats-server",),
               notes=("promises the order of each sender's messages only, not of a room's",)),
        Server("inspircd", "InspIRCd", program="inspircd", arguments=_inspircd,
               packages=("inspircd",), **irc,
               notes=(*irc_notes, "logs clients in once a second")),
        # Its backlog holds ten connections: more at once have to try again, a second later.
        Server("ngircd", "ngircd", program="ngircd", arguments=_ngircd, packages=("ngircd",),
               **irc, connects_per_second=200,
               notes=(*irc_notes, "its small backlog is spared: 200 connects a second")),
        Server("libuv", "libuv chat", "lines", str(peers / "uv_chat"), _relay, ("libuv1-dev",)),
        Server("asio", "Asio chat", "lines", str(peers / "asio_chat"), _relay, ("libasio-dev",)),
        Server("threads", "Python threads", "lines",
               str(root / "bench" / "peers" / "threads_chat.py"), _relay,
               kinds=("saturated", "one", "fixed")),
        Server("mosquitto", "mosquitto", "mqtt", "mosquitto", _mosquitto, ("mosquitto",)),
    )


def uses_io_uring(program):
    """Whether this chat-server has the backend and the kernel lets it: it says so at its start."""
    words = [program, "--listen", "127.0.0.1:0", "--backend", "io_uring", "--log-level", "info"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            said = next((line for line in process.stderr if "backend " in line), "")
        finally:
            process.terminate()
    return "backend io_uring" in said


def free_port():
    """A port of 127.0.0.1 that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@dataclass
class Running:
    """A started server; a context that ends with it. It is ended by its own pid."""

    server: Server
    core: int | None
    _directory: tempfile.TemporaryDirectory = field(init=False)
    _process: subprocess.Popen = field(init=False)
    port: int = field(init=False)

    def __enter__(self):
        for tries_left in reversed(range(START_TRIES)):
            try:
                return self._start()
            except CannotMeasure:
                # Somebody else may have taken the port in the meantime.
                if tries_left == 0:
                    raise

    def __exit__(self, *_):
        self._stop()

    @property
    def pid(self):
        return self._process.pid

    @property
    def directory(self):
        """Its own, gone when it has ended."""
        return self._directory.name

    @property
    def target(self):
        return f"{self.server.scheme}://127.0.0.1:{self.port}"

    def _start(self):
        program = self.server.find_program()
        if program is None:
            raise CannotMeasure(f"{self.server.program} is not there")
        self.port = free_port()
        self._directory = tempfile.TemporaryDirectory(prefix="bench-")
        directory = Path(self._directory.name)
        directory.chmod(0o755)  # for those that go on as another user
        pin = ["taskset", "-c", str(self.core)] if self.core is not None else []
        log = directory / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*pin, program, *self.server.arguments(Place(self.port, directory))],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=directory)
        try:
            self._wait_until_it_listens()
        except BaseException as error:  # an interrupt, too, leaves nothing behind
            self._process.kill()
            self._process.wait()
            said = log.read_text(errors="replace").strip().splitlines()[-5:]
            self._directory.cleanup()
            if isinstance(error, CannotMeasure):
                raise CannotMeasure("; ".join([str(error), *said])) from None
            raise
        return self

    def _wait_until_it_listens(self):
        give_up = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                raise CannotMeasure(f"ended at once with exit code {self._process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise CannotMeasure(f"does not listen after {START_TIMEOUT_S} s")

    def _stop(self):
        # The second request does not wait for clients.
        for _ in range(2):
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._directory.cleanup()
