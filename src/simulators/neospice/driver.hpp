#pragma once

namespace psi_xlstm {

/// The Python program that runs one netlist: a JSON object {netlist, analysis, voltages} on
/// standard input, one with axis, current, imaginary, voltages on standard output, or `problem`.
/// With {sources, nodes} as well it gives every point of their currents and voltages.
inline constexpr const char* kNeospiceDriver = R"(import json, sys
request = json.load(sys.stdin)
answer = {}
try:
    import neospice
    result = neospice.run(request["netlist"])
    kind = request["analysis"]
    found = getattr(result, {"tran": "transient", "op": "dc", "dc": "dc_sweep", "ac": "ac"}[kind])
    if not found.status.converged:
        answer["problem"] = "did not converge"
    else:
        axis = {"tran": "time", "dc": "sweep_values", "ac": "frequency"}.get(kind)
        def numbers(values):
            return [float(x) for x in (values if hasattr(values, "__len__") else [values])]
        if "sources" in request:
            answer["sources"] = [numbers(found.current(name)) for name in request["sources"]]
            answer["nodes"] = [numbers(found.voltage(name)) for name in request["nodes"]]
            current = answer["sources"][0]
        else:
            current = found.current("vmeter")
        if kind == "ac":
            answer["current"] = [float(x.real) for x in current]
            answer["imaginary"] = [float(x.imag) for x in current]
        else:
            answer["current"] = numbers(current)
        answer["axis"] = numbers(getattr(found, axis)) if axis else []
        answer["voltages"] = [numbers(found.voltage(name))[0] for name in request["voltages"]]
except Exception as error:
    answer = {"problem": " ".join(str(error).split())[:300] or type(error).__name__}
json.dump(answer, sys.stdout)
)";

}  // namespace psi_xlstm
