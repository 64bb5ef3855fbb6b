"""The parts of a fleet's history in the key-value store of Ray's GCS."""

from __future__ import annotations

from orchestrator.adapters.part_values import VERSION
from orchestrator.serving.gcs_kv import kv_get, kv_keys, kv_put, kv_remove

PREFIX = f"history/{VERSION}/".encode()


class KvParts:
    """Satisfies `orchestrator.app.history_port.HistoryParts`; waits for the GCS, and raises KvError."""

    def names(self) -> tuple[str, ...]:
        return tuple(key.removeprefix(PREFIX).decode(errors="replace") for key in kv_keys(PREFIX))

    def get(self, name: str) -> bytes | None:
        return kv_get(PREFIX + name.encode())

    def put(self, name: str, value: bytes) -> None:
        kv_put(PREFIX + name.encode(), value)

    def remove(self, name: str) -> None:
        kv_remove(PREFIX + name.encode())
