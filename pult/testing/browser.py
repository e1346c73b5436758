"""The Chromium of the browser tests: one that is there already, else one installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
MISSING = (
    "The browser tests need Chromium; install it (Debian: apt install chromium; Fedora: dnf install chromium; "
    "macOS: brew install --cask chromium) or set PULT_CHROMIUM to a Chrome or Chromium."
)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome (PULT_CHROMIUM first), else None."""
    named = os.environ.get("PULT_CHROMIUM", "").strip()
    for candidate in (named, *NAMES, *MAC_APPS):
        if candidate and (path := shutil.which(candidate)):
            return path
    return None


def main() -> int:
    """Have a Chromium: install it where this user may, else say in one line what is missing."""
    if find_chromium():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Installing Chromium for the browser tests ...\n")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *command], env=environment, capture_output=True, check=False)
        if find_chromium():
            return 0
    sys.stderr.write(f"{MISSING}\n")
    return 1


def launch_arguments() -> list[str]:
    """What Chromium needs to run here: as root and in a container it cannot build its own sandbox."""
    in_container = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
    arguments = ["--disable-dev-shm-usage"]
    return [*arguments, "--no-sandbox"] if os.geteuid() == 0 or in_container else arguments


if __name__ == "__main__":
    sys.exit(main())
