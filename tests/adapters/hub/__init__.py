"""Tests of the hub as a source of weights: the real huggingface_hub against a stand-in on loopback."""
