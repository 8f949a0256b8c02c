* pulses and a subcircuit
.subckt cell p n w=1
r1 p m {2*w}
xm m n one_state m=2
.ends
v1 in 0 pulse(0 1 1u 10n 10n 2u 5u)
xa in out cell w=50
b1 q 0 v=v(in)*0.5+i(v1)*10
e1 z 0 in 0 2
rl out 0 100
v2 y 0 pwl(0 0 1u 1
+ 2u 0) dc 0
ry y 0 1meg
rq q z 1k
.ic v(out)=0
.options reltol=1e-4
.tran 10n 10u uic
.end
