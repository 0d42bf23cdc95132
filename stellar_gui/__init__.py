"""stellar_gui: stellar spectra, the models that explain them, and their training."""

__version__ = "0.1.0"
