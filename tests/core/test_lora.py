"""An adapter of the right dimensions fits any architecture, and any other is refused by the name of its module."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES as DEMOS
from orchestrator.adapters.demo_model.weights import demo_weights
from orchestrator.core.lora import Adapter, Pair, pairs_of
from orchestrator.core.lora_match import mismatch, named_as_text_only
from orchestrator.core.lora_widths import Width, layer_widths
from orchestrator.core.parameters import convolved_channels, text_parameters
from orchestrator.core.profile import Architecture
from tests.core.adapters import EVERY, PREFIXES, adapter, architectures, layer_modules, pair

ranks = st.sampled_from([1, 4, 8, 300])


def matrices(architecture: Architecture) -> int:
    """What the modules hold, without embedding and head."""
    layers = range(architecture.num_hidden_layers)
    widths = [width for layer in layers for width in layer_modules(architecture, layer).values()]
    return sum(width.inputs * width.outputs * width.copies for width in widths)


def beside_matrices(a: Architecture) -> int:
    """Norms, convolutions, and the two numbers of each head."""
    of_linear = (
        convolved_channels(a) * a.linear_conv_kernel_dim + 2 * a.linear_num_value_heads + a.linear_value_head_dim
    )
    norms = 2 * a.hidden_size * a.num_hidden_layers + a.hidden_size
    return a.full_attention_layers * 2 * a.head_dim + a.linear_attention_layers * of_linear + norms


@pytest.mark.parametrize("name", EVERY)
def test_the_modules_are_all_the_matrices_that_the_published_counts_have(name: str) -> None:
    a = EVERY[name]
    ends = a.vocab_size * a.hidden_size * (2 - a.tie_word_embeddings)
    assert matrices(a) + beside_matrices(a) + ends == text_parameters(a)


@pytest.mark.parametrize("name", DEMOS)
def test_the_modules_are_as_wide_as_in_the_checkpoint_that_vllm_serves(name: str) -> None:
    shapes = {key.removesuffix(".weight"): tensor.shape for key, tensor in demo_weights(DEMOS[name]).items()}
    for layer in range(DEMOS[name].num_hidden_layers):
        for module, width in layer_widths(DEMOS[name], layer).items():
            assert shapes[f"model.layers.{layer}.{module}"] == (width.outputs, width.inputs)


@settings(deadline=None)
@given(architectures, ranks, st.sampled_from(PREFIXES), st.data())
def test_an_adapter_of_the_models_dimensions_matches(
    architecture: Architecture, rank: int, prefix: str, data: st.DataObject
) -> None:
    layer = data.draw(st.integers(0, architecture.num_hidden_layers - 1))
    made = adapter(architecture, rank, (layer,), prefix)
    assert mismatch(made, architecture) is None
    assert named_as_text_only(made) == (prefix == "model.")


@settings(deadline=None)
@given(architectures, ranks, st.data())
def test_any_other_dimension_is_refused_by_the_name_of_its_module(
    architecture: Architecture, rank: int, data: st.DataObject
) -> None:
    made = adapter(architecture, rank, (0, 3))
    index = data.draw(st.integers(0, len(made.pairs) - 1))
    factor, side = data.draw(st.sampled_from([("a", 0), ("a", 1), ("b", 0), ("b", 1)]))
    one = made.pairs[index]
    sizes = list(getattr(one, factor))
    sizes[side] = data.draw(st.integers(0, 2 * sizes[side] + 1).filter(lambda size: size != sizes[side]))
    wrong = replace(one, **{factor: tuple(sizes)})
    problem = mismatch(replace(made, pairs=(*made.pairs[:index], wrong, *made.pairs[index + 1 :])), architecture)
    assert problem is not None
    assert problem.startswith(f"{one.module}: lora_")


def of_demo(*pairs: Pair) -> str | None:
    return mismatch(Adapter((8,), pairs), DEMOS["demo"])


def test_what_was_needed_and_what_is_there_is_said() -> None:
    q_proj = "model.layers.3.self_attn.q_proj"
    assert of_demo(pair(q_proj, Width(128, 512), 8)) == (
        f"{q_proj}: lora_B is 512 x 8, and the model's has 1024 outputs"
    )
    assert of_demo(pair(q_proj, Width(128, 1024), 4)) == (
        f"{q_proj}: lora_A is 4 x 128, and the config says rank 8 for both factors"
    )


def test_both_factors_have_one_rank_also_where_a_pattern_allows_several() -> None:
    module = "model.layers.0.mlp.up_proj"
    allowed = (Pair(module, (4, 128), (384, 4)), Pair(module, (8, 128), (384, 8)))
    assert [mismatch(Adapter((4, 8), (one,)), DEMOS["demo"]) for one in allowed] == [None, None]
    mixed = Pair(module, (4, 128), (384, 8))
    assert mismatch(Adapter((4, 8), (mixed,)), DEMOS["demo"]) == (
        f"{module}: lora_B is 384 x 8, and the config says rank 4 or 8 for both factors"
    )


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("model.layers.4.mlp.up_proj", "the model has 4 layers"),
        ("model.layers.03.mlp.up_proj", "is no module of the text model"),
        ("model.layers.\u0663.mlp.up_proj", "is no module of the text model"),
        ("model.layers.0.self_attn.q_proj", "layer 0 of the model has no self_attn.q_proj that takes an adapter"),
        ("model.layers.3.linear_attn.out_proj", "layer 3 of the model has no linear_attn.out_proj"),
        ("model.layers.0.linear_attn.conv1d", "layer 0 of the model has no linear_attn.conv1d"),
        ("model.layers.0.mlp.experts.0.up_proj", "layer 0 of the model has no mlp.experts.0.up_proj"),
        ("model.visual.blocks.0.attn.qkv", "is no module of the text model"),
        ("mtp.layers.0.mlp.up_proj", "is no module of the text model"),
        ("layers.0.mlp.up_proj", "is no module of the text model"),
        ("model.lm_head", "is no module of the text model"),
    ],
)
def test_a_module_that_the_model_has_not_is_named(module: str, problem: str) -> None:
    said = of_demo(pair(module, Width(128, 384), 8))
    assert said is not None
    assert said.startswith(module)
    assert problem in said


@pytest.mark.parametrize("layout", ["qwen3.5-35b-a3b", "qwen3.5-35b-a3b, text only"])
def test_experts_are_one_parameter_beside_a_vision_encoder_and_single_ones_without(layout: str) -> None:
    other = next(name for name in ("qwen3.5-35b-a3b", "qwen3.5-35b-a3b, text only") if name != layout)
    problem = mismatch(adapter(EVERY[other]), EVERY[layout])
    assert problem is not None
    assert "experts" in problem


@pytest.mark.parametrize("leaves_out", ["linear_attn.in_proj_qkv", "mlp.experts", "mlp.experts.base_layer"])
def test_what_vllm_takes_only_together_is_refused_alone(leaves_out: str) -> None:
    architecture = EVERY["qwen3.5-35b-a3b"]
    made = adapter(architecture, layers=(0,))
    module = f"model.layers.0.{leaves_out}"
    problem = mismatch(replace(made, pairs=tuple(one for one in made.pairs if one.module != module)), architecture)
    assert problem is not None
    assert f"only together with {module}" in problem


@settings(deadline=None)
@given(
    st.dictionaries(st.from_regex(r"(model\.)?layers\.\d\.[a-z_]{1,9}", fullmatch=True), st.integers(1, 99), min_size=1)
)
def test_the_factors_of_a_file_come_in_pairs(modules: dict[str, int]) -> None:
    shapes = {}
    for module, rank in modules.items():
        shapes[f"base_model.model.{module}.lora_A.weight"] = (rank, 7)
        shapes[f"base_model.model.{module}.lora_B.weight"] = (9, rank)
    assert pairs_of(shapes) == tuple(Pair(module, (rank, 7), (9, rank)) for module, rank in modules.items())


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ((), "it has no tensors"),
        (("base_model.model.x.lora_A.weight",), "x has lora_A only, and a pair was expected"),
        (("base_model.model.x.lora_magnitude_vector",), "neither lora_A nor lora_B"),
        (("base_model.model.\x1b[2J.lora_A.weight",), "tensor 'base_model.model.\\x1b[2J.lora_A.weight' is neither"),
        (("base_model.model.x.lora_B.bias",), "neither lora_A nor lora_B"),
        (("base_model.model.lm_head.base_layer.weight",), "it has no tensors"),
    ],
)
def test_tensors_that_are_no_pairs_are_named(names: tuple[str, ...], problem: str) -> None:
    said = pairs_of(dict.fromkeys(names, (8, 8)))
    assert isinstance(said, str)
    assert problem in said


def test_an_embeddings_factors_and_the_copy_of_the_base_beside_them_are_read() -> None:
    shapes = {
        "base_model.model.model.embed_tokens.lora_embedding_A": (8, 100),
        "base_model.model.model.embed_tokens.lora_embedding_B": (16, 8),
        "base_model.model.model.embed_tokens.base_layer.weight": (100, 16),
    }
    assert pairs_of(shapes) == (Pair("model.embed_tokens", (8, 100), (16, 8)),)
