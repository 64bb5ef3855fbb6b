"""How fast one stream decodes on a CPU, roughly: the bytes that a token reads over the memory's bandwidth.

Calibrated on one public point: Qwen3.5-9B Q4_K_M on a Core Ultra 7 155H, 8.5 tok/s (community submission);
this model says 7.7. Servers with many memory channels are faster than it thinks.
"""

from __future__ import annotations

from orchestrator.core.inventory import Inventory
from orchestrator.core.parameters import text_parameters
from orchestrator.core.plan import Device, Fit
from orchestrator.core.prediction import Prediction
from orchestrator.core.profile import Profile

CPU_BANDWIDTH_BYTES_S = 40e9  # assumed: what two channels of DDR5 give in practice
CORE_BANDWIDTH_BYTES_S = 5e9  # assumed: what one core reads and unpacks
LAYER_S = {False: 100e-6, True: 200e-6}  # assumed: fixed cost of a layer, by whether it routes to experts


def bytes_per_token(profile: Profile) -> float:
    """The share of the weights that one decoded token reads."""
    model = profile.model
    held = text_parameters(model.architecture) if model.architecture else model.parameters.total
    return profile.weights.bytes * model.parameters.active_per_token / held


def cpu_decode_tok_s(profile: Profile, cores: int) -> float:
    """Tokens a second of one stream on `cores`, with nothing else running."""
    bandwidth_bytes_s = min(CPU_BANDWIDTH_BYTES_S, cores * CORE_BANDWIDTH_BYTES_S)
    return 1 / (bytes_per_token(profile) / bandwidth_bytes_s + _layers_s(profile))


def _layers_s(profile: Profile) -> float:
    """What the layers of one token take beyond reading; unknown architectures are not charged for it."""
    architecture = profile.model.architecture
    if architecture is None:
        return 0.0
    return architecture.num_hidden_layers * LAYER_S[architecture.experts is not None]


def predict_on_cpu(fit: Fit, inventory: Inventory) -> Prediction | None:
    """None on a GPU."""
    if fit.device is Device.GPU:
        return None
    cores = max(1, inventory.host.cpu_cores // fit.replicas_per_host)
    tok_s = cpu_decode_tok_s(fit.profile, cores)
    return Prediction(tok_s, tok_s, 1, tok_s, 1.0, 1, 1.0, ())
