* 1 states, 19 trained numbers; trained on -1.20 V to 1.20 V, 60.0 uS to 800 uS, steps to 1.00 us
* conductance the states can hold at 0 V: 45.5 uS to 1.12 mS
* drift of ln(conductance) at 0 V: at most 1680 1/s
* largest |argument| of an exponential up to three times the training voltage: 7.05
* longest time step for accurate transients: 100 ns; trapezoidal integration
.subckt one_state p n params: g0=0.00021908902300206645 hold=1.0 area=1.0 m=1.0 noise=0.0 soa=0.0
* held while this source is 1: operating point, DC sweep, AC, start of a transient
Vh h 0 dc {hold} pulse({hold} 0.0 0.0 1e-10 1e-10 1e9 2e9)
.param c0_1={0.12475325361574748+(0.6249999999999999)*(log(g0/2e-04)-(0.31960520578519597))}
Ga3_1_1 0 a3_1 p n 2.666666666666667
Ga3_1_2 0 a3_1 x1 0 0.13125
Ia3_1 0 a3_1 {2.1+(0.21)*c0_1}
Ga3_1_0 a3_1 0 a3_1 0 1.0
Bt4_1 0 t4_1 I=tanh(V(a3_1))
Gt4_1_0 t4_1 0 t4_1 0 1.0
Ga3_2_1 0 a3_2 p n 2.4166666666666665
Ga3_2_2 0 a3_2 x1 0 -0.08125
Ia3_2 0 a3_2 {0.11+(-0.13)*c0_1}
Ga3_2_0 a3_2 0 a3_2 0 1.0
Bt4_2 0 t4_2 I=tanh(V(a3_2))
Gt4_2_0 t4_2 0 t4_2 0 1.0
Ga3_3_1 0 a3_3 p n 2.8333333333333335
Ga3_3_2 0 a3_3 x1 0 0.05
Ia3_3 0 a3_3 {-2.3+(0.08)*c0_1}
Ga3_3_0 a3_3 0 a3_3 0 1.0
Bt4_3 0 t4_3 I=tanh(V(a3_3))
Gt4_3_0 t4_3 0 t4_3 0 1.0
Ga6_1_1 0 a6_1 t4_1 0 -1.1
Ga6_1_2 0 a6_1 t4_2 0 -0.15
Ga6_1_3 0 a6_1 t4_3 0 1.2
Ia6_1 0 a6_1 {-4.6}
Ga6_1_0 a6_1 0 a6_1 0 1.0
Bl1 0 l1 I=5e-04*(1e+06*ln(1.0+exp(V(a6_1))))
Gl1_0 l1 0 l1 0 1.0
Ga9_1_1 0 a9_1 t4_1 0 0.31
Ga9_1_2 0 a9_1 t4_2 0 0.52
Ga9_1_3 0 a9_1 t4_3 0 0.27
Ia9_1 0 a9_1 {0.04}
Ga9_1_0 a9_1 0 a9_1 0 1.0
Bq1 0 q1 I=1.6*(tanh(V(a9_1))-({c0_1}))
Gq1_0 q1 0 q1 0 1.0
Br1 0 r1 I=(1.0-V(h))*V(l1)*(V(q1)-V(x1))-V(h)*1000.0*V(x1)
Gr1_0 r1 0 r1 0 1.0
Gx1 0 x1 r1 0 1e-05
Cx1 x1 0 5e-09 ic=0.0
Rx1 x1 0 999999999999999.9
Ga11_1_1 0 a11_1 x1 0 1.0
Ia11_1 0 a11_1 {0.12+(1.6)*c0_1}
Ga11_1_0 a11_1 0 a11_1 0 1.0
Bi p n I=m*area*((V(p,n))*(2e-04*exp(V(a11_1))))
* noise=1: thermal noise of the conductance, 4 k T G
Rw w 0 1.0
Bw p n I=noise*sqrt(m*area*max(2e-04*exp(V(a11_1)),0.0)+1e-30)*V(w)
* soa=1: V(soa) is 0 inside the training range, else by how many halves of it one is
* outside; a subcircuit cannot write a message
Bsoa 0 soa I=soa*(max(abs(V(p,n)-0.0)*0.8333333333333334-1.0,0.0)+max(abs(2e-04*exp(V(a11_1))-0.00043)*2702.702702702703-1.0,0.0))
Gsoa_0 soa 0 soa 0 1.0
.ends one_state
