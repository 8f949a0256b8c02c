"""Models: what they compute is what psi computes; what is wrong is one sentence."""

import os
import threading
import warnings

import numpy
import pytest

import psi_xlstm


@pytest.fixture
def model(model_file):
    return psi_xlstm.Model.load(model_file)


@pytest.fixture(scope="module")
def drive():
    t = numpy.cumsum(0.3e-6 + 0.4e-6 * numpy.sin(numpy.arange(500)) ** 2)
    return t, 0.9 * numpy.sin(3e4 * t) + 0.1 * numpy.sin(7e5 * t)


def predicted(psi, model_file, drive, folder, *words):
    """The current of `psi predict`, which writes numbers that read back as the same doubles."""
    file = folder / "drive.csv"
    rows = (f"{float(t)!r},{float(v)!r}" for t, v in zip(*drive))
    file.write_text("time_s,voltage_V\n" + "\n".join(rows) + "\n")
    answer = psi("predict", model_file, file, *words)
    assert answer.returncode == 0, answer.stderr
    return numpy.array([float(line.split(",")[2]) for line in answer.stdout.splitlines()[1:]])


def test_simulates_as_psi_predict_bit_by_bit(model, model_file, drive, psi, tmp_path):
    expected = predicted(psi, model_file, drive, tmp_path, "--g0", "2e-4")
    found = model.simulate(*drive, g0=2e-4)
    assert found.dtype == numpy.float64
    assert found.tobytes() == expected.tobytes()


def test_says_where_it_starts_when_it_is_not_told(model, model_file, drive, psi, tmp_path):
    with pytest.warns(psi_xlstm.ModelWarning, match="no initial conductance is given, assumed"):
        found = model.simulate(*drive)
    assert found.tobytes() == predicted(psi, model_file, drive, tmp_path).tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(psi_xlstm.ModelWarning):
            model.simulate(*drive)


def test_a_long_drive_is_the_same_as_its_parts(model):
    t = numpy.arange(150_001) * 1e-7  # more than what is simulated in the caller's thread
    v = numpy.sin(3e4 * t)
    whole = model.simulate(t, v, g0=2e-4)
    assert whole[:1000].tobytes() == model.simulate(t[:1000], v[:1000], g0=2e-4).tobytes()


def test_steps_as_it_simulates(model, drive):
    whole = model.simulate(*drive, g0=2e-4)
    assert model.states.size == 0
    model.reset(g0=2e-4)
    for _ in range(2):  # The second time goes back in time, to the start.
        steps = [model.step(t, v) for t, v in zip(*drive)]
        assert numpy.array(steps).tobytes() == whole.tobytes()
    assert model.states.shape == (model.state_count,) == (1,)
    assert 0 < abs(model.states[0]) < 1.5


def test_two_models_of_one_file_run_apart(model_file, drive):
    one, other = psi_xlstm.Model.load(model_file), psi_xlstm.Model.load(model_file)
    one.reset(g0=1e-4)
    other.reset(g0=3e-4)
    assert one.step(0.0, 0.5) < other.step(0.0, 0.5)
    before = other.states.copy()
    one.step(1e-6, 0.7)
    assert other.states.tobytes() == before.tobytes()


def test_takes_what_numpy_takes(model):
    t, v = [0, 1e-6, 2e-6], numpy.array([1, 2, 3], dtype=numpy.float32) / 8
    expected = model.simulate(numpy.array(t), numpy.array([0.125, 0.25, 0.375]), g0=2e-4)
    assert model.simulate(t, v, g0=2e-4).tobytes() == expected.tobytes()
    strided = numpy.repeat(v, 2)[::2]
    assert model.simulate(tuple(t), strided, g0=2e-4).tobytes() == expected.tobytes()
    assert model.simulate([], [], g0=2e-4).size == 0


def test_several_threads_use_one_model(model, drive):
    expected = model.simulate(*drive, g0=2e-4).tobytes()
    found = [None] * 4

    def work(place):
        found[place] = {model.simulate(*drive, g0=2e-4).tobytes() for _ in range(20)}

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{expected}] * 4


def test_knows_what_it_was_trained_on(model, device):
    low, high = model.voltage_range
    assert low == min(v.min() for v in device[1][:1])
    assert high == max(v.max() for v in device[1][:1])
    assert 0 < model.conductance_range[0] < model.conductance_range[1] < 1e-3
    assert model.time_step == pytest.approx(1e-6)
    assert model.name == "device"


def test_writes_what_psi_emit_writes(model, model_file, psi, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", psi_xlstm.ModelWarning)  # no C compiler
        files = model.emit(tmp_path / "here", name="my_device")
    assert (
        psi("emit", model_file, "--out", tmp_path / "there", "--name", "my_device").returncode == 0
    )
    assert {file.suffix for file in files} >= {".va", ".sp", ".c"}
    for file in files:
        if file.suffix != ".osdi":
            assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes()


@pytest.mark.filterwarnings("ignore::psi_xlstm.ModelWarning")  # no compiled form
def test_says_that_a_name_is_changed(model, tmp_path):
    with pytest.warns(psi_xlstm.ModelWarning, match="is called resistor_device"):
        files = model.emit(tmp_path, name="resistor")
    assert {file.name.split(".")[0] for file in files} == {"resistor_device"}


def test_others_run_while_the_library_works(model, tmp_path, monkeypatch):
    """A compiler that waits for a thread of Python: it comes only where the interpreter is free."""
    os.mkfifo(tmp_path / "news")
    compiler = tmp_path / "compiler"
    compiler.write_text(f"#!/bin/sh\ncat '{tmp_path}/news' >/dev/null\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    thread = threading.Thread(target=(tmp_path / "news").write_text, args=("go on",), daemon=True)
    thread.start()
    files = model.emit(tmp_path / "hdl")
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert {file.suffix for file in files} == {".va", ".sp", ".c", ".sym", ".kicad_sym", ".md"}


@pytest.mark.parametrize(
    ("t", "v", "kind", "sentence"),
    [
        (
            [0, 1],
            [0],
            "DataError",
            "record drive: expected as many voltages as times, found 1 and 2",
        ),
        (
            [1, 0],
            [0, 0],
            "DataError",
            "record drive: expected times that increase, found 0 s after 1 s at sample 1",
        ),
        (
            [0, 1],
            [0, float("nan")],
            "DataError",
            "record drive: expected a finite voltage at every sample, found nan at sample 1",
        ),
        (
            [[0, 1]],
            [0, 1],
            "ShapeError",
            "t: expected one row of numbers, found an array of 2 dimensions",
        ),
    ],
)
def test_a_wrong_drive_is_one_sentence(model, t, v, kind, sentence):
    with pytest.raises(psi_xlstm.Error) as caught:
        model.simulate(t, v, g0=2e-4)
    assert type(caught.value) is getattr(psi_xlstm, kind)
    assert str(caught.value) == sentence


def test_a_wrong_start_is_one_sentence(model):
    sentence = r"^g0: expected a number > 0 and at most 1e\+18 \(in S\), found -1$"
    with pytest.raises(psi_xlstm.ConfigError, match=sentence):
        model.simulate([0, 1], [0, 1], g0=-1)
    with pytest.raises(psi_xlstm.ConfigError, match=sentence):
        model.reset(g0=-1)


def test_a_wrong_file_is_the_sentence_of_the_program(psi, tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no model")
    for file in (damaged, tmp_path / "missing.safetensors"):
        with pytest.raises(psi_xlstm.DataError) as caught:
            psi_xlstm.Model.load(file)
        told = psi("info", file)
        assert told.returncode == 1
        assert told.stderr == f"psi: error: {caught.value}\n"
