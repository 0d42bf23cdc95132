"""Constants of nature and names, for several layers. Imports nothing of the project."""

C_KMS = 299792.458
"""Speed of light, km/s."""

MODEL_TITLES = {"cannon": "Cannon", "payne": "Payne", "cycle_starnet": "Cycle-StarNet"}
"""Kinds of models as a reader knows them."""
