"""Keeps Ray Serve's own replica server off the network.

Ray 2.60 starts a gRPC server in every replica, on all interfaces, that unpickles what it is sent
(`ray/serve/_private/replica.py`, `_on_initialized`) and has no setting for its address. Requests never come
that way in qorch; bound to the node's own address (loopback on a bare host, the pod's on Kubernetes) it is
where Ray's other servers are.
"""

from __future__ import annotations

from dataclasses import replace

import ray
from ray.serve._private import replica

from orchestrator.core.engine_spec import EngineSpec


def bind_to_node() -> None:
    """Call it while a replica is constructed: its server starts right after."""
    add_port = replica.add_port_to_grpc_server
    node_ip = ray.util.get_node_ip_address()
    replica.add_port_to_grpc_server = lambda server, address: add_port(server, address.replace("[::]", node_ip))


def at_node(spec: EngineSpec) -> EngineSpec:
    """An engine whose port is settled is for gateways on other nodes, so it listens on its own node's address."""
    return replace(spec, host=ray.util.get_node_ip_address()) if spec.port else spec
