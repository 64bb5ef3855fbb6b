"""The `demo` model: tiny, with random weights, of the real Qwen 3.5 architecture, made on this machine in a second.

It stands in for a model whose weights cannot be had. What it writes is words without sense; everything around
it (hybrid attention, tokenizer, chat template, engine, memory) is the real thing.
"""

from orchestrator.adapters.demo_model.make import DEMO_GGUF, make_demo_checkpoint, make_demo_gguf

__all__ = ["DEMO_GGUF", "make_demo_checkpoint", "make_demo_gguf"]
