* 0 states, 7 trained numbers; trained on -1.00 V to 1.00 V, 700 uS to 1.60 mS, steps to 1.00 us
* conductance the states can hold at 0 V: 1.11 mS to 1.11 mS
* drift of ln(conductance) at 0 V: at most 0 1/s
* largest |argument| of an exponential up to three times the training voltage: 0.834
* longest time step for accurate transients: 1.00 us; trapezoidal integration
.subckt static_curve p n params: area=1.0 m=1.0 noise=0.0 soa=0.0
Ga3_1_1 0 a3_1 p n 1.7
Ia3_1 0 a3_1 {0.6}
Ga3_1_0 a3_1 0 a3_1 0 1.0
Bt4_1 0 t4_1 I=tanh(V(a3_1))
Gt4_1_0 t4_1 0 t4_1 0 1.0
Ga3_2_1 0 a3_2 p n 2.4
Ia3_2 0 a3_2 {-1.1}
Ga3_2_0 a3_2 0 a3_2 0 1.0
Bt4_2 0 t4_2 I=tanh(V(a3_2))
Gt4_2_0 t4_2 0 t4_2 0 1.0
Ga11_1_1 0 a11_1 t4_1 0 0.35
Ga11_1_2 0 a11_1 t4_2 0 -0.22
Ia11_1 0 a11_1 {-0.26407713323665094}
Ga11_1_0 a11_1 0 a11_1 0 1.0
Bi p n I=m*area*((V(p,n))*(0.001*exp(V(a11_1))))
* noise=1: thermal noise of the conductance, 4 k T G
Rw w 0 1.0
Bw p n I=noise*sqrt(m*area*max(0.001*exp(V(a11_1)),0.0)+1e-30)*V(w)
* soa=1: V(soa) is 0 inside the training range, else by how many halves of it one is
* outside; a subcircuit cannot write a message
Bsoa 0 soa I=soa*(max(abs(V(p,n)-0.0)*1.0-1.0,0.0)+max(abs(0.001*exp(V(a11_1))-0.00115)*2222.222222222222-1.0,0.0))
Gsoa_0 soa 0 soa 0 1.0
.ends static_curve
