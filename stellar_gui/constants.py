"""Constants of nature that several layers use. Imports nothing of the project."""

C_KMS = 299792.458
"""Speed of light, km/s."""
