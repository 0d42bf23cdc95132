"""The device that these tests are about; $STELLAR_GUI_TEST_DEVICE names another one.

They stand apart from the other tests, and run by ``make test-gpu`` where a GPU is.
"""

import os

import pytest

from stellar_gui.training.device import choose_device


@pytest.fixture(scope="session")
def device():
    return str(choose_device(os.environ.get("STELLAR_GUI_TEST_DEVICE", "cuda")))
