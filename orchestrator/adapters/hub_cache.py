"""The Hugging Face cache folder on this disk, and qorch's notes beside it; no network.

The layout is the hub's own, so that other tools find what qorch fetched and qorch finds what they fetched
(https://huggingface.co/docs/huggingface_hub/guides/manage-cache):

    models--ORG--NAME/blobs/DIGEST              content, named by sha256 (LFS) or git blob id
    models--ORG--NAME/snapshots/COMMIT/FILE     link to the blob
    models--ORG--NAME/refs/REVISION             commit of a branch or tag
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from orchestrator.adapters.checksums import is_digest
from orchestrator.adapters.files import write_private
from orchestrator.adapters.hub_listing import COMMIT, Listing, RemoteFile, wanted
from orchestrator.adapters.model_files import gguf_names, indexed_names, is_safetensors_part
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.profile import Profile


def hub_cache_folder(environ: Mapping[str, str]) -> Path:
    """Where the Hugging Face libraries keep models, by default ~/.cache/huggingface/hub."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{base}/huggingface"
    folder = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE") or f"{home}/hub"
    return Path(os.path.expandvars(folder)).expanduser()


class RepoCache:
    """One repository in the cache: `root` is the hub's cache folder, `notes` is qorch's own."""

    def __init__(self, root: Path, notes: Path, repo: str) -> None:
        self.repo = repo
        self.folder = root / f"models--{repo.replace('/', '--')}"
        self.notes = notes / repo.replace("/", "--")

    def path(self, commit: str, name: str = "") -> Path:
        """Where a file of the commit is, or the folder of all of them."""
        return self.folder / "snapshots" / commit / name

    def blob(self, digest: str) -> Path:
        """Where content of this digest is."""
        return self.folder / "blobs" / digest

    def partial(self, digest: str) -> Path:
        """Where content of this digest gathers while it is fetched."""
        return self.folder / "blobs" / f"{digest}.incomplete"

    # revisions: a branch is resolved to a commit once, and the note of it is followed from then on

    def pin_note(self, revision: str) -> Path:
        """The note that says which commit a branch was resolved to."""
        return self.notes / f"{quote(revision, safe='')}.commit"

    def commits(self, revision: str) -> tuple[str, ...]:
        """Commits to look for, best first: the one qorch noted, then the one other tools noted."""
        known = (self.pinned(revision), _commit(self.folder / "refs" / revision))
        return tuple(dict.fromkeys(commit for commit in known if commit))

    def pinned(self, revision: str) -> str | None:
        """The commit that qorch noted for a branch; a commit is its own."""
        return revision if COMMIT.fullmatch(revision) else _commit(self.pin_note(revision))

    def pin(self, revision: str, commit: str) -> None:
        """Note the commit of a branch that has none noted; a cache that cannot be written to goes without."""
        if self.pinned(revision) is None:
            with contextlib.suppress(OSError):
                write_private(self.pin_note(revision), f"{commit}\n")

    def publish(self, revision: str, commit: str) -> None:
        """Tell other tools the commit that the hub gave for a branch, where none has noted one."""
        ref = self.folder / "refs" / revision
        if revision != commit and not ref.exists():
            ref.parent.mkdir(parents=True, exist_ok=True)
            ref.write_text(commit)

    # files

    def remember(self, listing: Listing) -> None:
        """Keep what the hub said about a commit, which never changes."""
        write_private(self.notes / f"{listing.commit}.json", json.dumps(asdict(listing), indent=1))

    def listing(self, commit: str) -> Listing | None:
        """What the hub said about the commit when it was asked."""
        try:
            noted = json.loads((self.notes / f"{commit}.json").read_bytes())
            return Listing(noted["commit"], tuple(RemoteFile(**file) for file in noted["files"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def present(self, profile: Profile, commit: str) -> tuple[RemoteFile, ...] | None:
        """The profile's files at this commit, or None where one is missing or its digest is not known."""
        listing = self.listing(commit)
        if listing is None:
            return self._linked(profile, commit)
        files = wanted(profile, listing)
        return files if files and all(self.path(commit, file.name).is_file() for file in files) else None

    def locate(self, commit: str, file: RemoteFile) -> Path | None:
        """Where the file's content is, in the commit's folder or not yet; None where it is not here."""
        places = (self.path(commit, file.name), self.blob(file.digest))
        return next((place for place in places if place.is_file()), None)

    def place(self, commit: str, file: RemoteFile) -> None:
        """Make a blob appear under its name in the commit's folder, as a link if the disk has links."""
        link, blob = self.path(commit, file.name), self.blob(file.digest)
        if link.is_file():
            return
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(os.path.relpath(blob, link.parent))
        except OSError:
            os.replace(blob, link)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only qorch that fetches this repository; the lock goes when the process does."""
        self.notes.mkdir(parents=True, exist_ok=True)
        with (self.notes / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                raise EnvironmentNotReady(
                    f"{self.repo}: another qorch is fetching it", hint="try again when it has finished"
                ) from busy
            yield

    def _linked(self, profile: Profile, commit: str) -> tuple[RemoteFile, ...] | None:
        """The files as their links tell them: the hub's libraries name each blob by its digest."""
        files = []
        try:
            for name in sorted(self._names(profile, commit)):
                path = self.path(commit, name)
                files.append(RemoteFile(name, path.stat().st_size, os.path.basename(os.readlink(path))))
        except (OSError, EnvironmentNotReady):
            return None
        return tuple(files) if all(is_digest(file.digest) for file in files) else None

    def _names(self, profile: Profile, commit: str) -> frozenset[str]:
        """The files that a commit fetched by another tool must have, and those that it has beside them."""
        if profile.weights.file:
            return frozenset(gguf_names(profile))
        folder = self.path(commit)
        beside = {entry.name for entry in folder.iterdir() if is_safetensors_part(entry.name)}
        return indexed_names(folder) | {"config.json", "tokenizer.json"} | beside


def quarantine(path: Path) -> Path:
    """Take a corrupt file out of use: its content is renamed, and the link to it is removed."""
    content = path.resolve()
    aside = content.with_name(f"{content.name}.quarantined")
    os.replace(content, aside)
    path.unlink(missing_ok=True)
    return aside


def _commit(note: Path) -> str | None:
    """The commit that a note names, if there is such a note and it names one."""
    try:
        text = note.read_text().strip()
    except (OSError, ValueError):
        return None
    return text if COMMIT.fullmatch(text) else None
