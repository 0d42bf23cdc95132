"""The synthesiser as its users see it: labels, gradients, changed lines, bad input."""

import numpy as np
import pytest
import torch

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.models.base import SpectralModel
from stellar_gui.synthesis import Synthesiser
from stellar_gui.synthesis.atmosphere import LG_TAU
from stellar_gui.synthesis.grid import sample_grid

from .turbospectrum import star_labels

SUN = (5777.0, 4.44, 0.0, 0.0, 1.0)
GIANT = (4500.0, 2.0, 0.0, 0.0, 1.5)
WINDOW = ((6430.0, 6442.0),)


@pytest.fixture(scope="module")
def synthesiser():
    return Synthesiser()


@pytest.fixture(scope="module")
def small():
    """One window in float64, for gradients."""
    return Synthesiser(windows=WINDOW, dtype=torch.float64)


def _with(labels, **values):
    labels = labels.clone()
    for name, value in values.items():
        labels[:, SYNTHETIC_LABELS.index(name)] = value
    return labels


@torch.no_grad()
def _equivalent_width(synthesiser, labels, low, high):
    """mAngstrom between two wavelengths."""
    wavelength = synthesiser.wavelength.numpy()
    inside = (wavelength > low) & (wavelength < high)
    depth = 1 - synthesiser.flux(labels)[0].numpy()[inside]
    return 1000 * np.trapezoid(depth, wavelength[inside])


def test_is_a_spectral_model(synthesiser):
    assert isinstance(synthesiser, SpectralModel)
    assert synthesiser.wavelength.shape == (2117,)
    assert synthesiser.label_names == SYNTHETIC_LABELS
    assert synthesiser.pieces[0] == (0, synthesiser.pieces[1][0])
    assert synthesiser.pieces[-1][1] == 2117


def test_numpy_labels_give_the_same_flux(small):
    labels = star_labels(*SUN)
    assert torch.equal(small.flux(labels), small.flux(labels.numpy()))


def test_stars_do_not_depend_on_their_neighbours(small):
    """More stars than are computed at a time, against each star alone."""
    labels = torch.as_tensor(sample_grid(5, seed=3))
    with torch.no_grad():
        together = small.flux(labels)
        alone = torch.cat([small.flux(row[None]) for row in labels])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-7)


def test_float32_is_exact_enough(synthesiser):
    labels = torch.cat([star_labels(*SUN), star_labels(*GIANT)])
    precise = Synthesiser(dtype=torch.float64)
    with torch.no_grad():
        error = synthesiser.flux(labels) - precise.flux(labels)
    assert error.abs().max() <= 2e-4


@pytest.mark.parametrize("star", [SUN, GIANT, (4800.0, 1.8, -2.5, 0.4, 1.7)])
def test_gradients_agree_with_differences(small, star):
    """Every label: a random projection of the flux, autograd against differences."""
    labels = _with(star_labels(*star), vbroad=4.0)
    rng = torch.Generator().manual_seed(0)
    weights = torch.randn(len(small.wavelength), generator=rng).double()
    variable = labels.clone().requires_grad_()
    (small.flux(variable)[0] @ weights).backward()
    steps = torch.full((25,), 1e-3).double()
    steps[0] = 1.0  # K
    moved = torch.cat([labels + torch.diag(steps), labels - torch.diag(steps)])
    with torch.no_grad():
        up, down = (small.flux(moved) @ weights).chunk(2)
    # per typical change of a label: 100 K, else 0.1
    scale = torch.where(torch.arange(25) == 0, 100.0, 0.1)
    difference = (up - down) / (2 * steps) * scale
    error = variable.grad[0] * scale - difference
    assert error.abs().max() <= 1e-4 * difference.abs().max()


@pytest.mark.slow
def test_random_stars_of_the_whole_domain_are_physical(synthesiser):
    labels = torch.as_tensor(sample_grid(400, seed=11))
    with torch.no_grad():
        flux = synthesiser.flux(labels)
    assert torch.isfinite(flux).all()
    assert (flux > 0).all()
    assert (flux < 1.002).all()


def test_vbroad_keeps_the_equivalent_width_and_fills_the_core(synthesiser):
    sharp, broad = star_labels(*SUN), _with(star_labels(*SUN), vbroad=12.0)
    widths = [_equivalent_width(synthesiser, x, 7698.0, 7700.5) for x in (sharp, broad)]
    assert widths[1] == pytest.approx(widths[0], rel=0.02)
    with torch.no_grad():
        lowest = synthesiser.flux(torch.cat([sharp, broad])).amin(1)
    assert lowest[1] > lowest[0] + 0.05


@pytest.mark.parametrize(
    ("name", "values", "window", "grows"),
    [
        ("fe_h", (-2.0, -1.0, 0.0, 0.4), (6710.0, 6710.6), True),  # Fe I 6710.3
        ("teff", (4500.0, 5250.0, 6000.0), (6710.0, 6710.6), False),
        ("teff", (4800.0, 5400.0, 6000.0), (7771.6, 7772.3), True),  # O I 7771.9
        ("logg", (1.5, 2.5, 3.5, 4.5), (6432.4, 6433.0), False),  # Fe II 6432.7
        ("na_h", (-0.5, 0.0, 0.5), (5687.9, 5688.6), True),
    ],
)
def test_lines_follow_the_physics(synthesiser, name, values, window, grows):
    star = star_labels(5000.0, 2.5, 0.0, 0.0, 1.5)
    widths = [
        _equivalent_width(synthesiser, _with(star, **{name: value}), *window)
        for value in values
    ]
    assert (np.diff(widths) > 0).all() if grows else (np.diff(widths) < 0).all()


def test_carbon_weakens_forbidden_oxygen(synthesiser):
    """CO takes the oxygen of cool giants: [O I] 6300.3 knows the carbon abundance."""
    giant = star_labels(4300.0, 1.5, 0.0, 0.0, 1.7)
    low, high = (
        _equivalent_width(synthesiser, _with(giant, c_h=c), 6300.1, 6300.5)
        for c in (-0.3, 0.3)
    )
    assert high < low - 1


def test_a_changed_log_gf_changes_that_line_only(synthesiser):
    lines = synthesiser.lines
    line = int(np.argmax(np.where(lines.of_species("K", 1), lines.max_depth, 0)))
    log_gf = lines.log_gf.copy()
    log_gf[line] += 0.3
    changed = synthesiser.with_lines(lines.replace(log_gf=log_gf))
    with torch.no_grad():
        difference = (changed(star_labels(*SUN)) - synthesiser(star_labels(*SUN)))[0]
    near = np.abs(synthesiser.wavelength.numpy() - lines.wavelength[line]) < 12
    assert difference[near].amin() < -0.01
    assert difference[~near].abs().max() < 1e-6


def test_an_offset_in_dex_is_a_change_of_log_gf(small):
    offsets = np.zeros((1, len(small.lines)))
    offsets[0, small.lines.of_species("Ca")] = 0.2
    changed = small.with_lines(
        small.lines.replace(log_gf=small.lines.log_gf + offsets[0])
    )
    with torch.no_grad():
        once = small.flux(star_labels(*SUN), line_offsets=offsets)
        torch.testing.assert_close(once, changed.flux(star_labels(*SUN)))


def test_departures_weaken_the_species_they_name(small):
    factor = np.linspace(0.5, 1.0, len(LG_TAU))
    with torch.no_grad():
        lte = small.flux(star_labels(*SUN))
        iron = small.flux(star_labels(*SUN), departure={(26, 1): factor})
        other = small.flux(star_labels(*SUN), departure={(82, 1): factor})
    assert (iron >= lte - 1e-9).all()
    assert (iron - lte).max() > 0.01
    assert torch.equal(other, lte)


def test_unblended_depths_name_the_strongest_line(synthesiser):
    depths = synthesiser.line_depths(star_labels(*SUN))[0].numpy()
    lines = synthesiser.lines
    assert depths.shape == (len(lines),)
    assert depths.min() >= 0
    assert depths.max() < 1
    near = np.abs(lines.wavelength - 7699) < 2
    assert lines.name[int(np.argmax(np.where(near, depths, 0)))] == "K I"


def test_abundances_can_be_given_by_atomic_number(small):
    with torch.no_grad():
        by_label = small.flux(_with(star_labels(*SUN), ca_h=0.3))
        by_number = small.flux(star_labels(*SUN), log_eps={20: 6.34 + 0.3})
    # the label also moves the mean of the alpha elements, by 0.06 dex
    torch.testing.assert_close(by_label, by_number, rtol=0, atol=0.01)
    assert (by_number - small.flux(star_labels(*SUN))).abs().max() > 0.03


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 4)), r"labels have shape \(2, 4\), expected \(n_stars, 25\)"),
        (np.full((1, 25), np.nan), "labels hold NaN or infinity"),
        (_with(star_labels(*SUN), teff=9000.0), "teff = 9000 lies outside"),
        (_with(star_labels(*SUN), fe_h=-4.5), r"\[M/H\] = -4.5 lies outside"),
        (_with(star_labels(*SUN), vbroad=-1.0), "expected 0 to 12"),
        (_with(star_labels(*SUN), vmicro=-1.0), "vmicro is -1"),
        (_with(star_labels(*SUN), vmicro=9.0), "vmicro is 9 to 9 km/s, expected 0 to"),
        (_with(star_labels(*SUN), logg=1.0), "logg = 1 at teff = 5777 lies outside"),
        (np.zeros((0, 25)), r"shape \(0, 25\), expected .* one star or more"),
    ],
)
def test_bad_labels_are_refused(small, labels, message):
    with pytest.raises(ValueError, match=message):
        small.flux(labels)


def test_bad_structures_are_refused(small):
    with pytest.raises(ValueError, match="structure lacks lg_tau5000, lg_el"):
        small.flux(star_labels(*SUN), structure={"temperature": np.ones(3)})
    uneven = {
        "lg_tau5000": np.ones(3),
        "temperature": np.ones(3),
        "lg_electron_pressure": np.ones(2),
        "lg_gas_pressure": np.ones(3),
    }
    with pytest.raises(ValueError, match=r"arrays have shapes \[\(2,\), \(3,\)\]"):
        small.flux(star_labels(*SUN), structure=uneven)
    outward = {key: np.linspace(1, 0, 9) for key in uneven}
    holed = {key: np.append(np.arange(8.0), np.nan) for key in uneven}
    single = {key: np.ones(1) for key in uneven}
    for structure in (outward, holed, single):
        with pytest.raises(ValueError, match="depth points, expected two or more"):
            small.flux(star_labels(*SUN), structure=structure)


def test_bad_changes_are_refused(small):
    sun = star_labels(*SUN)
    with pytest.raises(ValueError, match="log_eps has 3 entries, expected 93"):
        small.flux(sun, log_eps=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="names atomic number 120"):
        small.flux(sun, log_eps={120: 1.0})
    with pytest.raises(ValueError, match="of hydrogen is 11, expected 12"):
        small.flux(sun, log_eps={1: 11.0})
    with pytest.raises(ValueError, match=r"departure of \(26, 1\) has shape \(3,\)"):
        small.flux(sun, departure={(26, 1): np.ones(3)})
    with pytest.raises(ValueError, match="line_offsets has shape"):
        small.flux(sun, line_offsets=np.ones(7))


@pytest.mark.parametrize("windows", [(), ((5000.0, 4990.0),), ((3000.0, 3010.0),)])
def test_bad_windows_are_refused(windows):
    with pytest.raises(ValueError, match="expected pairs"):
        Synthesiser(windows=windows)


def test_windows_without_lines_are_refused(small):
    with pytest.raises(ValueError, match="5100-5110 lies outside those of the bundled"):
        Synthesiser(windows=((5100.0, 5110.0),))
    with pytest.raises(ValueError, match="lines reaches the windows"):
        Synthesiser(lines=small.lines, windows=((5100.0, 5110.0),))


@pytest.mark.parametrize("resolution", [0, -1.0, 2e5, np.nan])
def test_resolutions_that_cannot_be_synthesised_are_refused(resolution):
    with pytest.raises(ValueError, match="expected a resolution above 0 and at most"):
        Synthesiser(windows=WINDOW, resolution=resolution)


def test_labels_of_spectra_are_taken_as_they_are(synthesiser):
    """`Spectra` locks its arrays, and torch warns of sharing locked memory."""
    locked = star_labels(*SUN).numpy().copy()
    locked.flags.writeable = False
    assert synthesiser.flux(locked).shape == (1, len(synthesiser.wavelength))
