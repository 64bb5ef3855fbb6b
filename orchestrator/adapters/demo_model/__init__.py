"""The stand-ins `demo` and `demo-moe`: tiny, random weights, the real Qwen 3.5 architectures, made here in a second.

They stand in for models whose weights cannot be had. What they write is words without sense; everything around
it (hybrid attention, experts, tokenizer, chat template, engine, memory) is the real thing.
"""

from orchestrator.adapters.demo_model.make import can_make, make_demo_checkpoint, make_demo_gguf

__all__ = ["can_make", "make_demo_checkpoint", "make_demo_gguf"]
