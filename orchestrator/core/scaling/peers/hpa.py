"""What Kubernetes' HorizontalPodAutoscaler does around a metric, for the peers that act through it.

Source: kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale: looks every 15 s, never goes below the
largest wish of the stabilisation window, and adds 4 pods or doubles them in 15 s, whichever is more.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.sliding import Sliding, largest, with_value

PERIOD_S = 15.0
TOLERANCE = 0.1
MOST_PODS, MOST_RATE = 4, 2


@dataclass(frozen=True)
class Wishes:
    """Those of the stabilisation window."""

    window: Sliding = ()
    looked_s: float | None = None

    def due(self, now_s: float, period_s: float = PERIOD_S) -> bool:
        return self.looked_s is None or now_s - self.looked_s >= period_s


def stabilised(wish: int, main: VariantLoad, wishes: Wishes, now_s: float, window_s: float) -> tuple[int, Wishes]:
    """The replicas that follow from a wish, and the wishes to remember."""
    window = with_value(wishes.window, now_s, wish, window_s)
    most = max(main.replicas + MOST_PODS, main.replicas * MOST_RATE)
    wanted = wish if wish >= main.replicas else min(main.replicas, int(largest(window)))
    return min(wanted, most), Wishes(window, now_s)
