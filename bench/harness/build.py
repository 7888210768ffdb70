"""Installing and building what is measured, the way the other commands of the project do it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADGEN = ROOT / "build" / "release" / "tools" / "chat-loadgen"

# $1: for what. Then packages, "--", and CMake targets.
_SCRIPT = """
set -euo pipefail
source tools/lib.sh
purpose=$1
shift
packages=()
while [[ $1 != -- ]]; do
  packages+=("$1")
  shift
done
shift
install_missing "$purpose" "${packages_test[@]}" "${packages[@]}"
configure -S "$root" --preset release
build release "$@"
"""


class CannotBuild(Exception):
    """Its output has said why."""


def install_and_build(purpose, packages, targets):
    """Installs the Debian packages that are missing, where there is apt, and builds the targets in
    release mode."""
    words = ["bash", "-c", _SCRIPT, "bench", purpose, *packages, "--", *targets]
    if subprocess.run(words, cwd=ROOT).returncode != 0:
        raise CannotBuild(f"{purpose} could not be built")


def commit():
    """The commit that is measured, with a + if files differ from it; empty where it isn't known."""
    return _said("git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=12")


def versions(packages):
    """{package: version} of those that Debian's package manager has installed."""
    found = {name: _said("dpkg-query", "-W", "-f", "${Version}", name) for name in packages}
    return {name: version for name, version in found.items() if version}


def _said(*words):
    """What a command prints; empty if it fails or isn't there."""
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
