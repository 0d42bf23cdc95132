"""An emulator with a broadening: the right width, its derivative, never over a gap."""

import numpy as np
import pytest
import torch

from stellar_gui import Spectra
from stellar_gui.constants import C_KMS
from stellar_gui.models import Broadened, SpectralModel, load_model, save_model
from stellar_gui.models.broadened import Broadening
from stellar_gui.preprocess import degrade
from tests.line_model import LineModel, log_grid, random_labels
from tests.small_transfer import small_emulator, some_labels

LINES = LineModel()


def lines(n=4):
    """Flux (n, 560) of stars at resolution 25000, float64."""
    return LINES(torch.tensor(random_labels(LINES, n)))


def inner(array, edge=20):
    """Pixels of both pieces, without their ends."""
    return torch.cat(
        [array[..., edge : 260 - edge], array[..., 260 + edge : -edge]], -1
    )


@pytest.mark.parametrize("fwhm", [4.0, 9.0, 18.0])
def test_broadening_widens_lines_by_its_fwhm(fwhm):
    wider = LineModel()
    wider.width = np.hypot(LINES.width, fwhm / C_KMS / 2.3548)
    labels = torch.tensor(random_labels(LINES, 4))
    area = wider(labels) - 1.0  # a wider line of the same area is shallower
    expected = 1.0 + area * (LINES.width / wider.width)
    broadened = Broadening(LINES.wavelength)(lines()[:, None], torch.full((4,), fwhm))
    assert (inner(broadened[:, 0]) - inner(expected)).abs().max() < 2e-4


def test_broadening_agrees_with_a_lower_resolution():
    flux = lines().numpy()
    spectra = Spectra(
        LINES.wavelength.numpy(),
        flux,
        np.full(flux.shape, 1e4),
        medium="air",
        resolution=25000.0,
    )
    fwhm = C_KMS * np.sqrt(15000.0**-2 - 25000.0**-2)
    lower = torch.tensor(np.array(degrade(spectra, 15000.0).flux))
    broadened = Broadening(LINES.wavelength)(lines()[:, None], torch.full((4,), fwhm))
    assert (broadened[:, 0] - lower).abs().max() < 2e-3


def test_no_broadening_leaves_the_spectrum():
    flux = lines()[:, None]
    broaden = Broadening(LINES.wavelength)
    torch.testing.assert_close(broaden(flux, torch.zeros(4)), flux)


def test_nothing_passes_a_gap():
    flux = torch.ones(1, 1, 560, dtype=torch.float64)
    flux[:, :, :260] = 0.5
    broadened = Broadening(LINES.wavelength)(flux, torch.tensor([20.0]))
    torch.testing.assert_close(broadened, flux)


def test_pixels_of_any_grid_get_their_own_kernel():
    """Linear pixels, whose km/s differ: as on a logarithmic grid that is as fine."""
    line = lambda grid: 1 - 0.5 * np.exp(-0.5 * ((grid - 5005) / 0.09) ** 2)  # noqa: E731
    log = log_grid((5000.0,), (200,), np.log(5010 / 5000) / 200)
    linear = np.linspace(5000.5, 5009.5, 181)
    width = torch.tensor([12.0])
    deep = [
        Broadening(torch.tensor(grid))(torch.tensor(line(grid))[None, None], width)
        for grid in (log, linear)
    ]
    both = [
        np.interp(5005 + np.arange(-5, 6) * 0.05, g, d[0, 0].numpy())
        for g, d in zip((log, linear), deep, strict=True)
    ]
    assert np.abs(both[0] - both[1]).max() < 2e-3


def test_the_jacobian_is_that_of_finite_differences():
    model = Broadened(small_emulator(torch.float64))
    labels, width = some_labels(), torch.tensor([[3.0], [7.0], [12.0]]).double()
    jacobian = model.jacobian(labels, width)
    both = torch.cat([labels, width], 1)
    for k, step in enumerate([1e-3, 1e-6, 1e-6, 1e-6, 1e-6]):
        off = step * torch.eye(5, dtype=torch.float64)[k]
        up, down = ((both + s * off).split([4, 1], 1) for s in (1, -1))
        numeric = (model(*up) - model(*down)) / (2 * step)
        torch.testing.assert_close(jacobian[:, :, k], numeric, atol=1e-9, rtol=1e-4)
    at_mean = model.jacobian(labels, torch.full((3, 1), 5.0))
    torch.testing.assert_close(model.jacobian(labels), at_mean[:, :, :4])


def test_without_a_value_the_broadening_is_that_of_the_prior():
    model = Broadened(small_emulator())
    assert isinstance(model, SpectralModel)
    labels = some_labels()
    narrow = model.at(0.0)(labels)
    torch.testing.assert_close(narrow, model.emulator(labels))
    given = torch.full((3, 1), 8.0)
    torch.testing.assert_close(model.at(8.0)(labels), model(labels, given))


def test_a_saved_model_is_the_same_model(tmp_path):
    model = Broadened(small_emulator()).at(7.0)
    loaded = load_model(save_model(model, tmp_path / "broadened.safetensors"))
    assert torch.equal(loaded(some_labels()), model(some_labels()))
    assert loaded.header() == model.header()
    assert loaded.nuisance[3:] == model.nuisance[3:]


def test_vbroad_is_not_fitted_twice():
    emulator = small_emulator()
    tensors, header = emulator.to_tensors(), emulator.header()
    names = ["teff", "vbroad", "fe_h", "mg_h"]
    with_vbroad = type(emulator).from_tensors(tensors, header | {"label_names": names})
    with pytest.raises(ValueError, match=r"vbroad among its labels.*Use it as it is"):
        Broadened(with_vbroad)
