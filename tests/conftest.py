"""The tests decide for themselves what of the hub's settings is set, whatever the person who runs them has."""

import os

for name in ("HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "TRANSFORMERS_OFFLINE"):
    os.environ.pop(name, None)  # before huggingface_hub is imported, which reads some of them only then
