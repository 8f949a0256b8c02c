"""The types of psi_xlstm. N samples, S states."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypedDict

from numpy import float64
from numpy.typing import ArrayLike, NDArray

__version__: str

class Error(Exception):
    """Base of all that this package raises on purpose: one sentence, what was expected and found."""

class ConfigError(Error):
    """An option is wrong."""

class DataError(Error):
    """A file or a record is wrong."""

class ShapeError(Error):
    """An array has the wrong shape."""

class EmitError(Error):
    """A model cannot be written in the wanted form."""

class SpiceError(Error):
    """ngspice could not be started, or refused a netlist."""

class ModelWarning(UserWarning):
    """A model extrapolates, a start is assumed, a name is changed, a form is left out."""

class Record:
    """Voltage and current of one device against time. Its arrays cannot be written to."""

    def __init__(
        self,
        time: ArrayLike,
        voltage: ArrayLike,
        current: ArrayLike | None = None,
        id: str = "1",
        initial_conductance: float | None = None,
    ) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def time(self) -> NDArray[float64]:
        """[s], [N]."""
    @property
    def voltage(self) -> NDArray[float64]:
        """[V], [N]."""
    @property
    def current(self) -> NDArray[float64]:
        """[A], [N]; empty where there is none."""
    @property
    def initial_conductance(self) -> float | None:
        """[S], where it is known."""
    @property
    def remarks(self) -> list[str]:
        """What the reader left out."""
    def __len__(self) -> int: ...

def read(path: str | PathLike[str], sign: Literal[1, -1] = 1) -> list[Record]:
    """The records of a file of waveforms; sign -1: the current was counted out of the device."""

class Model:
    """A trained model, with one run of it under way (reset, step, states).

    simulate() and emit() leave the run alone, and several threads may call them at once.
    """

    @staticmethod
    def load(path: str | PathLike[str]) -> Model:
        """The model of a file, model.safetensors. Raises DataError where there is none."""
    def save(self, path: str | PathLike[str]) -> None:
        """Writes the model to a file that load() and psi take."""
    def simulate(self, t: ArrayLike, v: ArrayLike, g0: float | None = None) -> NDArray[float64]:
        """The current [A], [N], under the voltage v [V] at the times t [s], which increase.

        The device starts at the conductance g0 [S]; without one, in the middle of those that it was
        trained on, with a ModelWarning. Equal to what `psi predict` gives, bit by bit.
        """
    def reset(self, g0: float | None = None) -> None:
        """Begins a run from the conductance g0 [S], or from the middle."""
    def step(self, t: float, v: float) -> float:
        """The current [A] at the next sample of the run; a time before the last begins it again."""
    @property
    def states(self) -> NDArray[float64]:
        """The states after the last step, [S]; empty before the first one."""
    def emit(self, folder: str | PathLike[str], name: str = "") -> list[Path]:
        """Writes <name>.va, .sp, .c and, with a C compiler, .osdi; returns the files."""
    @property
    def name(self) -> str: ...
    @property
    def state_count(self) -> int:
        """S."""
    @property
    def voltage_range(self) -> tuple[float, float]:
        """Of the training data [V]."""
    @property
    def conductance_range(self) -> tuple[float, float]:
        """Along the training data [S]."""
    @property
    def time_step(self) -> float:
        """Between samples of the training data [s]."""

class TestedRecord:
    """A record that the fit did not see, and the current of the model under its voltage."""

    @property
    def record(self) -> Record: ...
    @property
    def predicted(self) -> NDArray[float64]:
        """[A], [N]."""
    @property
    def scored_from(self) -> int:
        """The samples before it gave the start and are not scored."""
    @property
    def initial_conductance(self) -> float:
        """The start [S]."""

class Candidate(TypedDict):
    """A size of model that was tried."""

    states: int
    features: int
    static_features: int
    parameters: int
    validation_mse: float
    chosen: bool

class Result:
    """What a fit found; str(result) is the table that `psi fit` prints."""

    @property
    def model(self) -> Model | None:
        """None where no start could be evaluated; `reason` says why."""
    @property
    def error(self) -> float | None:
        """RMSE on the test records over the standard deviation of their current."""
    @property
    def errors(self) -> dict[str, float | None]:
        """All errors on the test records, by name."""
    @property
    def baselines(self) -> dict[str, float | None]:
        """The error of predictors without memory, by name."""
    @property
    def candidates(self) -> list[Candidate]: ...
    @property
    def tests(self) -> list[TestedRecord]: ...
    @property
    def verdict(self) -> Literal["passed", "FAILED", "not verified"]: ...
    @property
    def reason(self) -> str:
        """One sentence; empty where it passed."""
    @property
    def warnings(self) -> list[str]: ...
    @property
    def folder(self) -> Path | None:
        """Of the run; None where no `out` was given."""
    @property
    def page(self) -> Path | None:
        """The report."""

def fit_records(
    records: list[Record],
    *,
    name: str = "",
    out: str | PathLike[str] | None = None,
    split: str = "",
    correct: str = "",
    continuous: bool = False,
    g0: float | None = None,
    noise: float | None = None,
    sign: Literal[1, -1] = 1,
    states: int | None = None,
    features: int | None = None,
    time_constants: bool | None = None,
    cosimulate: bool | None = None,
    seed: int = 11,
    threads: int = 2,
    progress: Callable[[str, float, str], Any] | None = None,
) -> Result:
    """A compact model fitted to records, as `psi fit` does.

    out: the folder of the run with its report, emitted files and stored results; a run that was
    interrupted goes on there. Without one, nothing is kept but the result.
    split, correct, continuous, g0, noise, sign, states, features, seed, threads: as of `psi fit`.
    time_constants, cosimulate: whether to estimate the device's time constants, and to simulate the
    emitted model in ngspice; by default where there is an `out`.
    progress(stage, done, detail) is called in this thread; what it raises ends the fit, as Ctrl-C
    does (KeyboardInterrupt).
    """
