"""The tests decide for themselves what they depend on, whatever the person or the script that runs them has set."""

import os
import signal

from hypothesis import settings

for name in ("HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "TRANSFORMERS_OFFLINE"):
    os.environ.pop(name, None)  # before huggingface_hub is imported, which reads some of them only then
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that Ctrl-C is ignored
settings.register_profile("qorch", deadline=None)  # how fast a machine is says nothing of what is right
settings.load_profile("qorch")
