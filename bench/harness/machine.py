"""What the machine has, and what its processes use."""

import os
import platform
import resource
import signal
import sys
from pathlib import Path


def descriptor_limit():
    """How many files a process here may have open at most. Processes are started with it."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def prepare():
    """Raises the limit of descriptors for this process, and so for those it starts, and lets it
    end them when it is ended itself. Ends it at once where the system is not known."""
    if sys.platform != "linux":
        sys.exit("error: the benchmarks need Linux: they read /proc and pin processes to cores")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cores():
    """The processors that this process may use."""
    return sorted(os.sched_getaffinity(0))


def describe():
    """The machine in one line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    count = len(cores())
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {count} core{'' if count == 1 else 's'}, {system}"


def file_system_of(directory):
    """What kind of file system a directory is on, as in ext4 or tmpfs."""
    path = Path(directory).resolve()
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    # The last one that was mounted on a place hides those before.
    kinds = {Path(place): kind for _, place, kind, *_ in mounts}
    return next((kinds[place] for place in (path, *path.parents) if place in kinds), "unknown")


def private_bytes(pid):
    """Anonymous resident memory of a process: what is its own, without programs and libraries."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def open_files(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
