"""What a person asks of a replica, brought to it through Ray Serve: all are told, the one meant answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ray.serve.exceptions import DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.serving.gateway.api_errors import ApiError

TIMEOUT_S = 2.0


async def pass_on(order: ReplicaOrder, variants: Sequence[DeploymentHandle[Any]]) -> str | None:
    """Why the replica refuses, nothing where it does as it is told; None where it is none of these variants'.

    Raises ApiError 503 where some could not be asked, and none of the others is the one.
    """
    told = await asyncio.gather(*(_answers(each, order) for each in variants), return_exceptions=True)
    answers = [answer for each in told for answer in (each if isinstance(each, list) else [each])]
    said = next((answer for answer in answers if isinstance(answer, str)), None)
    if said is None and any(isinstance(answer, BaseException) for answer in answers):
        raise ApiError(503, "the replicas cannot be asked now", code="replicas_not_reached", retry_after_s=2)
    return said


async def _answers(variant: DeploymentHandle[Any], order: ReplicaOrder) -> list[Any]:
    asked = variant.broadcast("obey", order.to_data())
    try:
        return list(await asked.results_async(timeout_s=TIMEOUT_S, return_exceptions=True))
    except DeploymentUnavailableError:  # it has no replica
        return []
