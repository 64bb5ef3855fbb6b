"""What a QwenFleet may say: a structural schema, whose descriptions are the reference."""

from __future__ import annotations

from typing import Any

from orchestrator.core.manifests.forms import CLAIM, GATEWAY_CLASS, IMAGE, NAMESPACE, REDIS, Form
from orchestrator.core.manifests.settings import MOST_GATEWAYS, MigStrategy, Upgrade
from orchestrator.core.objective import Objective
from orchestrator.core.parallel import TENSOR_PARALLEL_SIZES
from orchestrator.core.qwen_fleet.replan import ReplanPolicy
from orchestrator.core.qwen_fleet.rules import GOALS_NEED_BOUNDS, INCREMENTAL, RANGE, REPLICAS_OR_BOUNDS, Rule
from orchestrator.core.vllm_guards import MOST_SPECULATIVE_TOKENS

Schema = dict[str, Any]

DURATION = r"^\d{1,6}(\.\d{1,3})?(ms|s|m|h)$"
MOST_REPLICAS = 256


def text(description: str, pattern: str = "", **more: Any) -> Schema:
    return {"type": "string", "description": description, **({"pattern": pattern} if pattern else {}), **more}


def whole_text(form: Form) -> str:
    """A pattern that all of a text has to be of."""
    return f"^{form.pattern}$"


def whole(description: str, least: int, most: int, **more: Any) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most, **more}


def above_zero(description: str, most: float = 1e9) -> Schema:
    return {"type": "number", "description": description, "minimum": 0, "exclusiveMinimum": True, "maximum": most}


def several(description: str, pattern: str, most: int) -> Schema:
    items = {"type": "string", "pattern": pattern, "maxLength": 253}
    return {"type": "array", "description": description, "items": items, "maxItems": most}


def structure(description: str, properties: Schema, *rules: Rule, **more: Any) -> Schema:
    checked = {"x-kubernetes-validations": [rule.data() for rule in rules]} if rules else {}
    return {"type": "object", "description": description, "properties": properties, **checked, **more}


TARGETS = structure(
    "What the fleet shall reach, where its number of replicas follows the load.",
    {
        "tokS": above_zero("Generated tokens a second that the fleet is kept able to write, whatever comes."),
        "wait": text("Before a replica takes a request, e.g. 2s.", DURATION),
        "ttft": text("From a request's arrival to its first token, e.g. 1.5s.", DURATION),
        "tpot": text("For each further token, e.g. 50ms.", DURATION),
        "attainment": above_zero("Share of requests for which this shall be so; else 0.999.", 0.999999),
        "maxCost": above_zero("Most that all replicas cost an hour, by `prices`."),
    },
)  # fmt: skip
GATEWAY = structure(
    "Where clients come in.",
    {
        "replicas": whole("Gateway pods.", 1, MOST_GATEWAYS, default=2),
        "allowFrom": several("Namespaces whose pods may ask the fleet, besides its own.", whole_text(NAMESPACE), 64),
    },
)
UPGRADE = structure(
    "What KubeRay does when the Ray cluster's own settings change.",
    {
        "type": text(
            "NewCluster: a second one, then all traffic at once. None: wait until somebody deletes it.",
            enum=[each.value for each in Upgrade],
            default=Upgrade.NEW_CLUSTER.value,
        ),
        "gatewayClass": text("Of the Gateway API, by which an incremental upgrade goes.", whole_text(GATEWAY_CLASS)),
    },
)
REPLAN = structure(
    "When another plan may take the place of the one that runs.",
    {
        "policy": text(
            "IfBroken: when its nodes are gone or taken. IfBetter: also when the cluster has something clearly better. "
            "Never: only when this object changes.",
            enum=[each.value for each in ReplanPolicy],
            default=ReplanPolicy.IF_BROKEN.value,
        ),
        "minInterval": text("Between two plans, for something better.", DURATION, default="6h"),
        "grace": text("In which nodes that are gone may come back.", DURATION, default="5m"),
    },
)
PRICES: Schema = {
    "type": "object",
    "description": "What an hour costs, in your currency: of a GPU by its name (`a100-80gb`), of any other (`gpu`), of "
    "a host that serves on its CPU (`host`).",
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1e9},
    "maxProperties": 64,
}
SPEC = structure(
    "What is asked for. All of it may be left out: then the best profile that the cluster can run is served.",
    {
        "model": text("Only this model, e.g. qwen3.5-9b.", maxLength=63),
        "profile": text("auto, a precision (bf16, fp8, gptq, gguf) or a profile's name.", default="auto", maxLength=63),
        "for": text(
            "What the choice weighs most.",
            enum=[each.value for each in Objective],
            default=Objective.BALANCED.value,
        ),
        "context": whole("Tokens of context (max_model_len).", 1, 2**31 - 1),
        "concurrency": whole("Sequences at once of a replica (max_num_seqs).", 1, 1024),
        "speculativeTokens": whole(
            "Tokens that the model's own layer drafts in each pass, without prefix caching then (vLLM).",
            0,
            MOST_SPECULATIVE_TOKENS,
        ),
        "tensorParallelSize": {
            "type": "integer",
            "description": "GPUs that each replica is split over.",
            "enum": list(TENSOR_PARALLEL_SIZES),
        },
        "maxGpus": whole("GPUs of all replicas together.", 1, 65536),
        "minTokS": above_zero("Tokens a second that one stream must reach."),
        "replicas": whole("Engine replicas, where their number is fixed.", 1, MOST_REPLICAS),
        "minReplicas": whole("Fewest engine replicas, where their number follows the load; 1 where it is not said.", 0,
                             MOST_REPLICAS),
        "maxReplicas": whole("Most of them; without it, their number is fixed.", 1, MOST_REPLICAS),
        "targets": TARGETS,
        "schedule": several("More at certain times, e.g. `mon-fri 08:00-18:00 Europe/Berlin min=2`.", "", 64),
        "prices": PRICES,
        "image": text("Of every pod: qorch with Ray and the engine; else the operator's choice.", whole_text(IMAGE)),
        "gateway": GATEWAY,
        "modelClaim": text("A PersistentVolumeClaim (ReadWriteMany) of weights for all pods.", whole_text(CLAIM)),
        "redis": text("Where the head keeps its state, to outlive it, e.g. redis:6379.", whole_text(REDIS)),
        "upgrade": UPGRADE,
        "monitoring": {
            "type": "boolean",
            "description": "With a PodMonitor, alerts and a dashboard for Grafana.",
            "default": False,
        },
        "tolerations": several("Taints whose nodes may be used, as KEY[=VALUE][:EFFECT].", "", 64),
        "migStrategy": text(
            "How nodes without GPU Feature Discovery's labels offer MIG slices: by resources of their own, or as GPUs.",
            enum=[each.value for each in MigStrategy],
            default=MigStrategy.MIXED.value,
        ),
        "replan": REPLAN,
        "suspend": {
            "type": "boolean",
            "description": "The operator changes nothing while this is true; what runs goes on.",
            "default": False,
        },
    },
    REPLICAS_OR_BOUNDS,
    RANGE,
    GOALS_NEED_BOUNDS,
    *INCREMENTAL,
)  # fmt: skip
