"""From waveforms of an electronic device to a compact model that a circuit simulator runs.

    import psi_xlstm

    result = psi_xlstm.fit(t, v, i)            # seconds, volts, amperes; lists of arrays: records
    print(result)
    i = result.model.simulate(t, v)
    result.model.emit("hdl")                   # Verilog-A, SPICE, compiled

Times are in seconds, voltages in volts, currents in amperes, conductances in siemens.
"""

from collections.abc import Sequence
from typing import Any, Union

import numpy
from numpy.typing import ArrayLike

from . import _library
from ._library import (
    ConfigError,
    DataError,
    EmitError,
    Error,
    Model,
    ModelWarning,
    Record,
    Result,
    ShapeError,
    SpiceError,
    TestedRecord,
    __version__,
    fit_records,
    read,
)

__all__ = [
    "ConfigError",
    "DataError",
    "EmitError",
    "Error",
    "Model",
    "ModelWarning",
    "Record",
    "Result",
    "ShapeError",
    "SpiceError",
    "TestedRecord",
    "__version__",
    "fit",
    "fit_records",
    "read",
]

for _name in __all__:
    _thing = getattr(_library, _name, None)
    if isinstance(_thing, type):
        _thing.__module__ = __name__


_Rows = Union[ArrayLike, Sequence[ArrayLike]]


def _rows(numbers: Any) -> list[ArrayLike]:
    """`numbers` as a list of rows: one row, or a row for each record."""
    if len(numbers) == 0 or numpy.ndim(next(iter(numbers))) == 0:
        return [numbers]
    return list(numbers)


def fit(t: _Rows, v: _Rows, i: _Rows, **options: Any) -> Result:
    """A compact model fitted to the current `i` under the voltage `v` at the times `t`.

    Each is one row of numbers, or a list of rows, one for each record; one row of times serves all
    records. The options are those of fit_records(), which are those of `psi fit`.
    """
    times, voltages, currents = _rows(t), _rows(v), _rows(i)
    if len(times) == 1:
        times = times * len(voltages)
    if not len(times) == len(voltages) == len(currents):
        raise ShapeError(
            f"fit: expected t, v and i of equally many records, found {len(times)}, "
            f"{len(voltages)} and {len(currents)}"
        )
    rows = enumerate(zip(times, voltages, currents), start=1)
    return fit_records([Record(*row, id=str(number)) for number, row in rows], **options)
