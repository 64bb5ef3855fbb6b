"""Which versions of vLLM qorch starts: what is older than the floor has holes that a request can use."""

from __future__ import annotations

import re

Version = tuple[int, int, int, bool]  # False: before the release itself, so that 0.33.0rc1 sorts below 0.33.0

LEAST_VERSION: Version = (0, 32, 0, True)
LEAST_WHY = "below it a request's own chat template can stop the server (CVE-2026-115911)"
CHECKED_VERSIONS = ("0.32.0", "0.33.0")  # whose own parser took every argument list
RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(\.?(?:a|b|rc|dev)\d*)?")


def parsed_version(text: str) -> Version | None:
    """E.g. "0.32.0+cpu" or "0.33.1rc2.dev7+g1a2b3c"; None for what names no release."""
    found = RELEASE.match(text)
    if found is None:
        return None
    major, minor, patch, before = found.groups()
    return int(major), int(minor), int(patch or 0), before is None


def version_refusal(text: str) -> str | None:
    """Why this vLLM is not started, or None."""
    version = parsed_version(text)
    if version is not None and version >= LEAST_VERSION:
        return None
    what = f"vLLM {text} is too old" if version else f"vLLM calls itself {text!r}"
    return f"{what}, {dotted_version(LEAST_VERSION)} or newer is needed: {LEAST_WHY}"


def dotted_version(version: Version) -> str:
    return ".".join(map(str, version[:3]))
