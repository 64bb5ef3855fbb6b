"""What a replica did since the look before, from the totals that it tells."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.core.scaling.pace import Written
from orchestrator.core.scaling.prior import TokenWork
from orchestrator.core.scaling.seen import ReplicaSample

STALE_S = 5.0  # replicas tell every second

BEGINNING = ReplicaSample(0.0, 0.0, 0.0, 0.0, 0.0, max_num_seqs=1.0)  # what a replica would have told as it began


class Window(NamedTuple):
    """Work of a replica that was full all the time, from the end of one request to the end of another."""

    work: float = 0.0
    seconds: float = 0.0


class ReplicaTrack(NamedTuple):
    """What a replica told last, and when."""

    sample: ReplicaSample
    told_s: float
    window: Window | None = None  # None while the replica has room


class Gain(NamedTuple):
    """What was served since the look before, in work as of `TokenWork`, and the requests that were unfinished then."""

    served: float
    unfinished: float
    seconds: float
    generated: float = 0.0  # tokens
    running: float = 0.0  # requests, on average
    full: Window | None = None  # that has just ended

    @property
    def written(self) -> Written:
        return Written(self.generated, self.running, self.seconds)


def followed(
    track: ReplicaTrack | None, sample: ReplicaSample | None, now_s: float, work: TokenWork
) -> tuple[ReplicaTrack | None, Gain | None]:
    """The track with one more sample, and the gain; None where the replica tells nothing of use.

    Totals that have fallen tell nothing either: what they say is only where the next sample is counted from.
    """
    if sample is None or not sample.sensible:
        return track, None
    if track is None and sample.clock_s <= STALE_S:
        track = ReplicaTrack(BEGINNING, now_s)
    if track is None:
        return ReplicaTrack(sample, now_s), None
    return _after(track, sample, now_s, work)


def _after(
    track: ReplicaTrack, sample: ReplicaSample, now_s: float, work: TokenWork
) -> tuple[ReplicaTrack, Gain | None]:
    before = track.sample
    seconds = sample.clock_s - before.clock_s
    prompt = sample.prompt_tokens_total - before.prompt_tokens_total
    generated = sample.generation_tokens_total - before.generation_tokens_total
    if seconds < 0 or prompt < 0 or generated < 0:
        return ReplicaTrack(sample, now_s), None
    if not seconds:
        return track, Gain(0.0, sample.unfinished, 0.0) if now_s - track.told_s <= STALE_S else None
    served = work.of(prompt, generated)
    open_, ended = _window(track, sample, served)
    running = (before.num_requests_running + sample.num_requests_running) / 2
    return ReplicaTrack(sample, now_s, open_), Gain(served, before.unfinished, seconds, generated, running, ended)


def _window(track: ReplicaTrack, sample: ReplicaSample, served: float) -> tuple[Window | None, Window | None]:
    """The window that is open, and the one that has ended; some engines count a request's tokens as it ends."""
    if not (track.sample.full and sample.full):
        return None, None
    if track.window is None:
        return (Window() if served else None), None
    longer = Window(track.window.work + served, track.window.seconds + sample.clock_s - track.sample.clock_s)
    return (Window(), longer) if served else (longer, None)
