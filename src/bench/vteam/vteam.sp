* The VTEAM memristor (data/vteam.hpp) with linear resistance and the window of Biolek, written by
* hand for a SPICE with B-sources. x = u - u0: zero at the start. ngspice 39 drops the parentheses
* that braces mean in a B-source: differences stand outside of them.
.subckt vteam p n params: u0=0.5 v_on=-0.2 v_off=0.2 k_on=-1.869e-4 k_off=1.869e-4 alpha_on=1
+ alpha_off=1 r_on=1e3 r_off=20e3 w_on=0 w_off=3e-9 window_power=2
Cx x 0 1n ic=0
Rx x 0 1e15
Bu u 0 V=min(max(V(x)+{u0},0),1)
Bx 0 x I=V(p,n) > {v_off} ?
+ {1e-9*k_off/(w_off-w_on)}*pow(V(p,n)/{v_off}-1,{alpha_off})*(1-pow(V(u),{2*window_power})) :
+ (V(p,n) < {v_on} ?
+ {1e-9*k_on/(w_off-w_on)}*pow(V(p,n)/{v_on}-1,{alpha_on})*(1-pow(1-V(u),{2*window_power})) : 0)
Bi p n I=V(p,n)/({r_on}+({r_off}-{r_on})*V(u))
.ends vteam
