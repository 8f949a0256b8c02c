"""A device that every test of the module can be fitted to, and a model of it.

The environment says what is tested: PYTHONPATH the module, PSI the program, PSI_NGSPICE_WORKER.
"""

import os
import subprocess

import numpy
import pytest

import psi_xlstm

SMALL = {"states": 1, "features": 2}


def waveforms(number):
    """Time, voltage and current of a conductance that moves with the voltage; record `number`."""
    t = numpy.arange(400) * 1e-6
    v = numpy.sin(2e3 * numpy.pi * (4 + number) * t) + 0.4 * numpy.sin(22e3 * numpy.pi * t)
    i = numpy.empty_like(t)
    x = 0.1 * number
    for k, voltage in enumerate(v):
        i[k] = 1e-4 * numpy.exp(2 * x) * voltage
        x += 1e-6 * 6e3 * (0.1 + voltage * voltage) * ((0.9 if voltage > 0 else 0.1) - x)
    return t, v, i


@pytest.fixture(scope="session")
def device():
    """Rows t, v, i of three records."""
    return [list(rows) for rows in zip(*(waveforms(number) for number in (1, 2, 3)))]


@pytest.fixture(scope="session")
def told():
    """What the fit of `result` told on its way."""
    return []


@pytest.fixture(scope="session")
def result(device, told):
    return psi_xlstm.fit(*device, **SMALL, progress=lambda *news: told.append(news))


@pytest.fixture(scope="session")
def model_file(result, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.safetensors"
    result.model.save(file)
    return file


@pytest.fixture(scope="session")
def psi():
    """Runs the program: psi(words ...) -> the finished process."""

    def run(*words):
        command = [os.environ["PSI"], *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run
