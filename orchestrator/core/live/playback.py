"""Where in a recording one is, and how fast it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

SLOWEST, FASTEST = 0.5, 64.0
LEAST_STEP_S = 0.001


def played_s(at_s: float, before_s: float) -> float:
    """When a frame is played: at its own time, or just after the one before where the clock was put back."""
    return max(round(at_s, 3), before_s + LEAST_STEP_S)


@dataclass(frozen=True)
class Playback:
    """Times are those of the recording, in Unix time; `speed` is its seconds in one of ours."""

    begin_s: float
    end_s: float
    at_s: float
    speed: float = 1.0
    paused: bool = False
    loops: bool = False

    def after(self, seconds: float) -> Playback:
        """So many seconds of ours later; at the end it stays, or begins anew."""
        if self.paused:
            return self
        at_s = self.at_s + seconds * self.speed
        return self.at(self.begin_s if self.loops and at_s > self.end_s else at_s)

    def at(self, at_s: float) -> Playback:
        """At this moment, or the one nearest to it that was recorded."""
        return replace(self, at_s=min(max(self.begin_s, at_s), self.end_s))

    def faster(self, factor: float) -> Playback:
        return replace(self, speed=min(max(SLOWEST, self.speed * factor), FASTEST))

    def paused_at(self, at_s: float) -> Playback:
        return replace(self.at(at_s), paused=True)

    def toggled(self) -> Playback:
        """Goes on where it was paused; from its end it goes on from the beginning."""
        ended = self.paused and self.at_s >= self.end_s
        return replace(self, paused=not self.paused, at_s=self.begin_s if ended else self.at_s)

    @property
    def share(self) -> float:
        """Of the recording, what lies behind, from 0 to 1."""
        length_s = self.end_s - self.begin_s
        return (self.at_s - self.begin_s) / length_s if length_s else 1.0
