"""Ray Serve's HAProxy with ports and files of its own; else it takes fixed ones, which are all of a machine's."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.ports import free_ports

PORTS = (
    "RAY_SERVE_HAPROXY_METRICS_PORT", "RAY_SERVE_HAPROXY_STATS_PORT",
    "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT", "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT",
)  # fmt: skip
FILES = {
    "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": "haproxy.cfg",
    "RAY_SERVE_HAPROXY_SOCKET_PATH": "admin.sock",
    "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": "metrics.sock",
    "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": "",
    "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": "server-state",
}


def haproxy(folder: Path) -> dict[str, str]:
    """Settings of Ray's by which HAProxy is the ingress, on ports of its own and with its files in `folder`."""
    ports = zip(PORTS, map(str, free_ports(len(PORTS))), strict=True)
    files = {name: str(folder / file) for name, file in FILES.items()}
    return {"RAY_SERVE_ENABLE_HA_PROXY": "1", **dict(ports), **files}
