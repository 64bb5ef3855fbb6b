"""qorch: deploys the Qwen 3.5 family on the hardware at hand."""

__version__ = "0.1.0"
