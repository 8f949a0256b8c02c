* divider
.param r=1k
vin in 0 sin(0 0.8 100k)
rs in a {r}
xd a 0 one_state g0=2e-4
c1 a 0 1n
.tran 10n 20u
.end
