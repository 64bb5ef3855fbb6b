"""What the hub says about a repository at one commit: its files, their sizes and digests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.adapters.model_files import gguf_names, is_safetensors_part
from orchestrator.core.profile import Profile

COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository as the hub describes it."""

    name: str
    bytes: int
    digest: str  # sha256 of a file in LFS, git blob id of another


@dataclass(frozen=True)
class Listing:
    """The files of a repository at one commit."""

    commit: str
    files: tuple[RemoteFile, ...]


def wanted(profile: Profile, listing: Listing) -> tuple[RemoteFile, ...]:
    """The profile's files among those listed, weights last; empty where a file that it needs is not there."""
    named = set(gguf_names(profile))
    files = [file for file in listing.files if (file.name in named if named else is_safetensors_part(file.name))]
    if named - {file.name for file in files} or not any(_is_weights(file) for file in files):
        return ()
    return tuple(sorted(files, key=lambda file: (_is_weights(file), file.name)))


def weights_bytes(profile: Profile, files: tuple[RemoteFile, ...]) -> int:
    """Bytes of the model's own weights: without tokenizer, configuration and vision projector."""
    return sum(file.bytes for file in files if _is_weights(file) and file.name != profile.weights.mmproj_file)


def _is_weights(file: RemoteFile) -> bool:
    return file.name.endswith((".gguf", ".safetensors"))
