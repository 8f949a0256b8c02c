"""A model of a device from its waveforms, and pictures of how good it is.

Without a file it fits a device of its own: a conductance that moves with the voltage.

    python fit_and_draw.py [FILE.csv] [--out FOLDER]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import psi_xlstm


def own_device(number, noise):
    """Time, voltage and current of one record of the device."""
    t = np.arange(800) * 1e-6
    v = np.sin(2e3 * np.pi * (4 + number) * t) + 0.4 * np.sin(22e3 * np.pi * t)
    i = np.empty_like(t)
    x = 0.1 * number
    for k, voltage in enumerate(v):
        i[k] = 1e-4 * np.exp(2 * x) * voltage
        x += 1e-6 * 6e3 * (0.1 + voltage**2) * ((0.9 if voltage > 0 else 0.1) - x)
    return t, v, i + noise.normal(0, 0.01 * i.std(), i.size)


def records_of(file):
    if file:
        return psi_xlstm.read(file)
    noise = np.random.default_rng(1)
    return [psi_xlstm.Record(*own_device(n, noise), id=str(n)) for n in (1, 2, 3, 4, 5)]


def draw(tested, error, file):
    """Measured and predicted current of a held-out record against time and against voltage."""
    record = tested.record
    figure, ((current, loop), (residual, rest)) = plt.subplots(
        2, 2, figsize=(10, 5), height_ratios=[3, 1], width_ratios=[2, 1], layout="constrained"
    )
    t, measured, predicted = record.time * 1e3, record.current * 1e6, tested.predicted * 1e6
    current.plot(t, measured, color="#888888", lw=3, label="measured")
    current.plot(t, predicted, color="#c1272d", lw=1, label="model, running freely")
    current.set_ylabel("current [µA]")
    current.margins(y=0.2)
    current.legend(loc="upper right", ncols=2)
    current.set_title(f"record {record.id}: error {100 * error:.2f} % of the current's deviation")
    residual.plot(t, predicted - measured, color="#1f4e9c", lw=0.7)
    residual.set(xlabel="time [ms]", ylabel="residual [µA]")
    loop.plot(record.voltage, measured, color="#888888", lw=3)
    loop.plot(record.voltage, predicted, color="#c1272d", lw=1)
    loop.set(xlabel="voltage [V]", ylabel="current [µA]")
    rest.axis("off")
    figure.savefig(file, dpi=150)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("file", nargs="?", help="waveforms; without one: a device of the example")
    options.add_argument("--out", type=Path, default=Path("fit_and_draw"), help="folder")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    def progress(stage, done, detail):
        print(f"{stage:<12} {100 * done:3.0f} %  {detail}")

    result = psi_xlstm.fit_records(records_of(given.file), progress=progress)
    print(result)
    if result.model is None:
        raise SystemExit(f"no model: {result.reason}")
    result.model.save(given.out / "model.safetensors")
    for file in result.model.emit(given.out / "hdl"):
        print(file)
    picture = given.out / "held_out_record.png"
    draw(result.tests[-1], result.error, picture)
    print(picture)


if __name__ == "__main__":
    main()
