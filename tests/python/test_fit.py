"""Fits: those of psi fit; what they tell; how they end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

import psi_xlstm
from conftest import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::psi_xlstm.ModelWarning")


def test_finds_a_model_that_is_better_than_none_without_memory(result):
    assert isinstance(result.model, psi_xlstm.Model)
    assert result.model.state_count == 1
    assert result.error == result.errors["nrmse_std"]
    assert result.error < 0.5 * min(result.baselines.values())
    assert [c["states"] for c in result.candidates if c["chosen"]] == [1]
    assert result.folder is None
    assert result.page is None
    assert "device" in repr(result)
    assert str(result).strip()


def test_tells_the_current_of_the_records_that_were_held_out(result, device):
    (tested,) = result.tests
    assert tested.record.current.tobytes() == device[2][2].tobytes()
    residual = (tested.predicted - tested.record.current)[tested.scored_from :]
    measured = tested.record.current[tested.scored_from :]
    assert numpy.sqrt(numpy.mean(residual**2)) / numpy.std(measured) == pytest.approx(result.error)
    again = result.model.simulate(
        tested.record.time, tested.record.voltage, g0=tested.initial_conductance
    )
    assert again == pytest.approx(tested.predicted, rel=1e-9, abs=1e-15)


def test_tells_how_far_it_is_in_the_thread_that_asked(told, result):
    assert told[0][0] == "data"
    assert {"choose", "report"} <= {stage for stage, _, _ in told}
    assert all(0 <= done <= 1 and isinstance(detail, str) for _, done, detail in told)


def test_a_folder_holds_the_same_run_as_that_of_psi_fit(device, result, psi, tmp_path):
    run = psi_xlstm.fit(*device, **SMALL, out=tmp_path / "python", cosimulate=False)
    assert run.folder == tmp_path / "python"
    assert run.page.is_file()
    same = "--states 1 --features 2 --name device --no-tau --out".split()
    answer = psi("fit", tmp_path / "python" / "data.csv", *same, tmp_path / "psi")
    assert answer.returncode in (0, 2), answer.stderr
    theirs = next((tmp_path / "psi").rglob("model.safetensors"))
    (tmp_path / "ours").mkdir()
    result.model.save(tmp_path / "ours" / "model.safetensors")
    model = psi_xlstm.Model.load(theirs)
    drive = device[0][1], device[1][1]
    expected = model.simulate(*drive, g0=2e-4).tobytes()
    assert result.model.simulate(*drive, g0=2e-4).tobytes() == expected
    assert run.model.simulate(*drive, g0=2e-4).tobytes() == expected
    checked = psi("check", tmp_path / "python")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_corrects_what_it_is_asked_to_and_tells_by_how_much(device):
    t, v, i = device
    moved = [row + 2e-5 for row in i]
    corrected = psi_xlstm.fit(t, v, moved, **SMALL, correct="offset")
    assert any(w.startswith("--correct offset: took ") for w in corrected.warnings)
    (tested,) = corrected.tests
    assert moved[2] - tested.record.current == pytest.approx(2e-5, rel=0.1)


def test_reads_what_it_fits(device, tmp_path):
    file = tmp_path / "device.csv"
    lines = ["record,time_s,voltage_V,current_A"]
    for number, rows in enumerate(zip(*device), start=1):
        lines += [",".join([str(number), *(repr(float(x)) for x in row)]) for row in zip(*rows)]
    file.write_text("\n".join(lines) + "\n")
    records = psi_xlstm.read(file)
    assert [record.id for record in records] == ["device/1", "device/2", "device/3"]
    for record, t, v, i in zip(records, *device):
        assert len(record) == t.size
        assert record.time.tobytes() == t.tobytes()
        assert record.voltage.tobytes() == v.tobytes()
        assert record.current.tobytes() == i.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        records[0].time[0] = 1
    (turned, *_) = psi_xlstm.read(file, sign=-1)
    assert turned.current.tobytes() == (-device[2][0]).tobytes()
    with pytest.raises(psi_xlstm.DataError, match="nothing.csv"):
        psi_xlstm.read(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        (lambda d: d[2][0].__setitem__(7, numpy.inf), {}, "record 1: expected a finite current at every sample, found inf at sample 7"),
        (lambda d: d[0].pop(), {}, "fit: expected t, v and i of equally many records, found 2, 3 and 3"),
        (lambda d: d[1].__setitem__(1, d[1][1] * 0), {}, "record 2: expected a voltage, found only zeros"),
        (lambda d: None, {"sign": 0}, "data: expected a sign of 1 or -1, found 0"),
        (lambda d: None, {"correct": "gain"}, "fit: /data/correct: expected"),
        (lambda d: None, {"states": 17}, "fit: /selection/states: expected an integer"),
        (lambda d: None, {"name": "a b"}, "--name: expected a letter followed by"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(device, change, options, sentence):
    rows = [[row.copy() for row in kind] for kind in device]
    change(rows)
    with pytest.raises(psi_xlstm.Error) as caught:
        psi_xlstm.fit(*rows, **options)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_too_few_samples_are_told(device):
    short = [[row[:15] for row in kind] for kind in device]
    with pytest.raises(
        psi_xlstm.DataError, match="record 1: expected at least 20 samples, found 15"
    ):
        psi_xlstm.fit(*short)


def test_a_callback_that_raises_ends_the_fit(device, tmp_path):
    class Enough(Exception):
        pass

    def stop(stage, done, detail):
        if stage == "choose":
            raise Enough(detail)

    with pytest.raises(Enough, match="states"):
        psi_xlstm.fit(*device, out=tmp_path / "run", progress=stop)
    assert (tmp_path / "run" / "config.json").is_file()


LONG_FIT = """
import numpy, psi_xlstm, sys
t = numpy.arange(20_000) * 1e-6
v = numpy.sin(3e3 * t) + 0.4 * numpy.sin(7e4 * t)
i = 1e-4 * v * (1 + 0.5 * numpy.tanh(numpy.convolve(v, numpy.ones(500) / 500)[: t.size]))
print("begun", flush=True)
try:
    psi_xlstm.fit([t, t, t], [v, 0.9 * v, 0.8 * v], [i, 0.9 * i, 0.8 * i], out=sys.argv[1])
except KeyboardInterrupt as e:
    print("KeyboardInterrupt", flush=True)
"""


def test_control_c_ends_a_fit_with_keyboard_interrupt(tmp_path):
    words = [sys.executable, "-c", LONG_FIT, str(tmp_path / "run")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == "begun\n"
        while not (tmp_path / "run" / "config.json").exists():
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "KeyboardInterrupt\n"
        assert process.wait() == 0
    assert not list(tmp_path.glob("psi_*"))


PACKAGED_FIT = """
import sys
sys.path[:0] = sys.argv[1:3]
import psi_xlstm
from conftest import SMALL, waveforms
rows = zip(*(waveforms(number) for number in (1, 2, 3)))
psi_xlstm.fit(*map(list, rows), **SMALL, out=sys.argv[3], time_constants=False)
print(psi_xlstm.__file__)
"""


def test_a_package_finds_its_own_worker(tmp_path):
    """As it is installed: the worker in bin/ beside the module; this one cannot work."""
    package = tmp_path / "site" / "psi_xlstm"
    shutil.copytree(Path(psi_xlstm.__file__).parent, package)
    worker = package / "bin" / "psi_ngspice_worker"
    worker.parent.mkdir(exist_ok=True)
    worker.write_text(f"#!/bin/sh\ntouch '{tmp_path}/called'\nexit 1\n")
    worker.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k != "PSI_NGSPICE_WORKER"}
    here = Path(__file__).parent
    words = [sys.executable, "-B", "-c", PACKAGED_FIT, package.parent, here, tmp_path / "run"]
    answer = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, env=environment, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"{package / '__init__.py'}\n"
    assert (tmp_path / "called").exists()
