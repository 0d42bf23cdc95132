"""Stars of an emulator, with a Cannon, a Payne and a transfer that know its grid."""

import functools

import numpy as np
import torch

from stellar_gui.models import Cannon
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.spectra import Spectra
from stellar_gui.views.elements import ElementsPage
from tests.small_transfer import (
    GRID,
    NAMES,
    small_emulator,
    small_transfer,
    some_labels,
)

SNR = 80.0


def emulator():
    """A Payne of which each label moves most pixels by some per cent."""
    return small_emulator(depth=0.2)


def stars(n_stars=4, seed=5, prefix="star"):
    """Spectra of the emulator at S/N 80."""
    labels = some_labels(n_stars, seed)
    with torch.no_grad():
        flux = emulator()(labels).numpy()
    noise = np.random.default_rng(seed).normal(size=flux.shape) / SNR
    return Spectra(
        GRID,
        flux + noise,
        np.full(flux.shape, SNR**2),
        ids=[f"{prefix}-{k}" for k in range(n_stars)],
        labels=labels.numpy(),
        label_names=NAMES,
        medium="air",
        resolution=25000.0,
    )


@functools.cache
def models():
    """Models by name, in the order of the interface."""
    return {
        "Cannon": Cannon.train(stars(200, seed=9), NAMES, order=1),
        "Payne": emulator(),
        "Cycle-StarNet": small_transfer(emulator=emulator()),
    }


def looked_at(names=("Cannon", "Payne", "Cycle-StarNet"), **chosen):
    """A session with some of the models, and a selection of its first star."""
    session = Session(stars(), {name: models()[name] for name in names})
    selection = Selection(
        session.stars, tuple(session.models), star=session.ids[0], page="elements"
    )
    selection.choose(**chosen)
    return selection, session


def page_of(names=("Cannon", "Payne", "Cycle-StarNet"), **chosen):
    """The Elements page of `looked_at`, its selection and its session."""
    selection, session = looked_at(names, **chosen)
    return ElementsPage(selection, session), selection, session
