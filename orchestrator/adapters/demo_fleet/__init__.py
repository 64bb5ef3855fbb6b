"""A simulated fleet, and the recording of it that `qorch top --demo` shows."""

from pathlib import Path

RECORDING = Path(__file__).with_name("recording.gz")
