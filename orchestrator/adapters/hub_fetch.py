"""Bringing one repository's files from the hub into the cache: pinned, resumed, checked, only what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

from orchestrator.adapters.checksums import Verified, has_digest
from orchestrator.adapters.hub import Hub, HubTrouble
from orchestrator.adapters.hub_cache import RepoCache, quarantine
from orchestrator.adapters.hub_listing import Listing, RemoteFile, wanted
from orchestrator.adapters.model_files import gguf_names, refuse_code, refuse_pickles
from orchestrator.adapters.partial_file import PartialFile
from orchestrator.app.weights import OnProgress, Progress
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.profile import Profile

ATTEMPTS = 2  # a file that arrives corrupt is fetched once more
GONE = 404


def free_bytes(folder: Path) -> int:
    """Free bytes of the disk that a folder is on, or will be on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class HubFetch:
    """What a fetch works with: the hub, the repository's cache, and the memory of files that were right."""

    hub: Hub
    cache: RepoCache
    verified: Verified
    free_bytes: Callable[[Path], int]

    def fetch(self, profile: Profile, progress: OnProgress) -> Listing:
        """The profile's files, all in the cache and right, at the pinned commit or one that is pinned now."""
        if self.hub.trouble:
            raise HubTrouble(self.hub.trouble)
        with self.cache.locked():
            listing = self._listing(profile)
            found = Listing(listing.commit, self._wanted(profile, listing))
            self._complete(found, progress)
            self.cache.publish(profile.weights.revision, found.commit)
        return found

    def unsound(self, listing: Listing, progress: OnProgress) -> tuple[RemoteFile, ...]:
        """Those files that are missing or corrupt; a corrupt one is put aside, a right one is remembered."""
        return tuple(
            file
            for file, on_bytes in _steps(listing.files, "check", progress)
            if not self._is_sound(listing.commit, file, on_bytes)
        )

    def _is_sound(self, commit: str, file: RemoteFile, on_bytes: Callable[[int], None]) -> bool:
        path = self.cache.locate(commit, file)
        if path is None:
            return False
        if self.verified.knows(path, file.digest):
            return True
        if has_digest(path, file.digest, on_bytes):
            self.verified.add(path, file.digest)
            return True
        quarantine(path)
        return False

    def _listing(self, profile: Profile) -> Listing:
        """What the pinned commit holds; where none is pinned, the branch is resolved and its commit pinned."""
        repo, revision = profile.weights.repo, profile.weights.revision
        pinned = self.cache.pinned(revision)
        if pinned and (noted := self.cache.listing(pinned)):
            return noted
        try:
            listing = self.hub.listing(repo, pinned or revision)
        except HubTrouble as trouble:
            anew = self._anew(profile) if trouble.status == GONE else None
            raise HubTrouble(trouble.message, anew or trouble.hint, trouble.status) from trouble
        self.cache.remember(listing)
        self.cache.pin(revision, listing.commit)
        return listing

    def _wanted(self, profile: Profile, listing: Listing) -> tuple[RemoteFile, ...]:
        files = wanted(profile, listing)
        if files:
            return files
        if not profile.weights.file:
            refuse_pickles(file.name for file in listing.files)
        missing = set(gguf_names(profile)) - {file.name for file in listing.files} or {"*.safetensors"}
        raise EnvironmentNotReady(
            f"{profile.name}: {', '.join(sorted(missing))} is not among the {len(listing.files)} files of "
            f"{profile.weights.repo} at {listing.commit}",
            hint=self._anew(profile),
        )

    def _anew(self, profile: Profile) -> str | None:
        """How to leave a pinned commit for the one that the branch has now."""
        note = self.cache.pin_note(profile.weights.revision)
        return f"rm {note}  # then {profile.weights.revision} is resolved anew" if note.exists() else None

    def _complete(self, listing: Listing, progress: OnProgress) -> None:
        """Fetch what is not there; a config that names code stops it before any weights are fetched."""
        missing = self.unsound(listing, progress)
        self._refuse_full_disk(missing)
        for file in listing.files:
            if file not in missing:
                self.cache.place(listing.commit, file)
        for file, on_bytes in _steps(missing, "fetch", progress):
            if file.name.endswith(".safetensors"):
                refuse_code(self.cache.path(listing.commit))
            self._fetch_file(listing.commit, file, on_bytes)
            self.cache.place(listing.commit, file)

    def _fetch_file(self, commit: str, file: RemoteFile, on_bytes: Callable[[int], None]) -> None:
        """Fetch one file into its blob; what has the wrong digest is put aside and never gets there."""
        blob = self.cache.blob(file.digest)
        for _ in range(ATTEMPTS):
            with PartialFile(self.cache.partial(file.digest), file.digest, file.bytes) as partial_file:
                self.hub.download(self.cache.repo, commit, file, partial_file, on_bytes)
            if partial_file.hexdigest() == file.digest:
                os.replace(partial_file.path, blob)
                self.verified.add(blob, file.digest)
                return
            aside = quarantine(partial_file.path)
        raise EnvironmentNotReady(
            f"{file.name} of {self.cache.repo} arrived corrupt {ATTEMPTS} times from {self.hub.host}: "
            f"its digest is not {file.digest}; the last copy is {aside}",
            hint="export HF_ENDPOINT=https://MIRROR  # or try again later",
        )

    def _refuse_full_disk(self, missing: tuple[RemoteFile, ...]) -> None:
        """Stop before the first byte where the disk has no room for the last."""
        here = sum(_size(self.cache.partial(file.digest)) for file in missing)
        needed_bytes = sum(file.bytes for file in missing) - here
        free = self.free_bytes(self.cache.folder)
        if needed_bytes > free:
            folder = self.cache.folder.parent
            raise EnvironmentNotReady(
                f"{self.cache.repo}: {needed_bytes:,} bytes to fetch, {free:,} bytes free in {folder}",
                hint="export HF_HUB_CACHE=DIR  # on a disk with room",
            )


def _steps(
    files: Iterable[RemoteFile], step: str, progress: OnProgress
) -> Iterator[tuple[RemoteFile, Callable[[int], None]]]:
    """Each file with what tells `progress` how many of its bytes are done, over all files."""
    sizes = [file.bytes for file in files]
    for file, before in zip(files, accumulate(sizes, initial=0), strict=False):
        yield file, partial(_tell, progress, file.name, before, sum(sizes), step)


def _tell(progress: OnProgress, name: str, before: int, total_bytes: int, step: str, done_bytes: int) -> None:
    progress(Progress(name, before + done_bytes, total_bytes, step))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
