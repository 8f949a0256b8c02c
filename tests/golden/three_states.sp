* 3 states, 49 trained numbers; trained on -1.00 V to 1.00 V, 220 uS to 1.00 mS, steps to 1.00 us
* conductance the states can hold at 0 V: 98.0 uS to 2.09 mS
* drift of ln(conductance) at 0 V: at most 4970 1/s
* largest |argument| of an exponential up to three times the training voltage: 6.7
* longest time step for accurate transients: 100 ns; trapezoidal integration
.subckt three_states p n params: g0=0.00046904157598234294 hold=1.0 area=1.0 m=1.0 noise=0.0 soa=0.0
* held while this source is 1: operating point, DC sweep, AC, start of a transient
Vh h 0 dc {hold} pulse({hold} 0.0 0.0 1e-10 1e-10 1e9 2e9)
.param c0_1={0.23783846592791408+(0.768639508070715)*(log(g0/5e-04)-(0.43507866174365045))}
.param c0_2={-0.536212520528441+(-0.5124263387138099)*(log(g0/5e-04)-(0.43507866174365045))}
.param c0_3={-0.023448996951226708+(0.0256213169356905)*(log(g0/5e-04)-(0.43507866174365045))}
Ga3_1_1 0 a3_1 p n 2.8
Ga3_1_2 0 a3_1 x1 0 0.12222222222222223
Ga3_1_3 0 a3_1 x2 0 0.11666666666666668
Ga3_1_4 0 a3_1 x3 0 0.5
Ia3_1 0 a3_1 {2.2+(0.11)*c0_1+(-0.07)*c0_2+(0.05)*c0_3}
Ga3_1_0 a3_1 0 a3_1 0 1.0
Bt4_1 0 t4_1 I=tanh(V(a3_1))
Gt4_1_0 t4_1 0 t4_1 0 1.0
Ga3_2_1 0 a3_2 p n 3.1
Ga3_2_2 0 a3_2 x1 0 -0.13333333333333333
Ga3_2_3 0 a3_2 x2 0 -0.1
Ga3_2_4 0 a3_2 x3 0 0.2
Ia3_2 0 a3_2 {0.7+(-0.12)*c0_1+(0.06)*c0_2+(0.02)*c0_3}
Ga3_2_0 a3_2 0 a3_2 0 1.0
Bt4_2 0 t4_2 I=tanh(V(a3_2))
Gt4_2_0 t4_2 0 t4_2 0 1.0
Ga3_3_1 0 a3_3 p n 2.7
Ga3_3_2 0 a3_3 x1 0 0.044444444444444446
Ga3_3_3 0 a3_3 x2 0 -0.21666666666666667
Ga3_3_4 0 a3_3 x3 0 -0.8999999999999999
Ia3_3 0 a3_3 {-0.8+(0.04)*c0_1+(0.13)*c0_2+(-0.09)*c0_3}
Ga3_3_0 a3_3 0 a3_3 0 1.0
Bt4_3 0 t4_3 I=tanh(V(a3_3))
Gt4_3_0 t4_3 0 t4_3 0 1.0
Ga3_4_1 0 a3_4 p n 3.3
Ga3_4_2 0 a3_4 x1 0 0.08888888888888889
Ga3_4_3 0 a3_4 x2 0 0.08333333333333334
Ga3_4_4 0 a3_4 x3 0 1.0
Ia3_4 0 a3_4 {-2.4+(0.08)*c0_1+(-0.05)*c0_2+(0.1)*c0_3}
Ga3_4_0 a3_4 0 a3_4 0 1.0
Bt4_4 0 t4_4 I=tanh(V(a3_4))
Gt4_4_0 t4_4 0 t4_4 0 1.0
Ga6_1_1 0 a6_1 t4_1 0 -0.7
Ga6_1_2 0 a6_1 t4_2 0 -0.2
Ga6_1_3 0 a6_1 t4_3 0 0.25
Ga6_1_4 0 a6_1 t4_4 0 0.75
Ia6_1 0 a6_1 {-3.6}
Ga6_1_0 a6_1 0 a6_1 0 1.0
Bl1 0 l1 I=0.0003333333333333333*(1e+06*ln(1.0+exp(V(a6_1))))
Gl1_0 l1 0 l1 0 1.0
Ga6_2_1 0 a6_2 t4_1 0 -0.6
Ga6_2_2 0 a6_2 t4_2 0 -0.1
Ga6_2_3 0 a6_2 t4_3 0 0.15
Ga6_2_4 0 a6_2 t4_4 0 0.55
Ia6_2 0 a6_2 {-5.3}
Ga6_2_0 a6_2 0 a6_2 0 1.0
Bl2 0 l2 I=0.0003333333333333333*(1e+06*ln(1.0+exp(V(a6_2))))
Gl2_0 l2 0 l2 0 1.0
Ga9_1_1 0 a9_1 t4_1 0 0.35
Ga9_1_2 0 a9_1 t4_2 0 0.41
Ga9_1_3 0 a9_1 t4_3 0 0.28
Ga9_1_4 0 a9_1 t4_4 0 0.19
Ia9_1 0 a9_1 {0.05}
Ga9_1_0 a9_1 0 a9_1 0 1.0
Bq1 0 q1 I=0.9*(tanh(V(a9_1))-({c0_1}))
Gq1_0 q1 0 q1 0 1.0
Br1 0 r1 I=(1.0-V(h))*V(l1)*(V(q1)-V(x1))-V(h)*1000.0*V(x1)
Gr1_0 r1 0 r1 0 1.0
Gx1 0 x1 r1 0 1e-05
Cx1 x1 0 3.3333333333333334e-09 ic=0.0
Rx1 x1 0 1000000000000000.1
Ga9_2_1 0 a9_2 t4_1 0 0.22
Ga9_2_2 0 a9_2 t4_2 0 -0.17
Ga9_2_3 0 a9_2 t4_3 0 0.48
Ga9_2_4 0 a9_2 t4_4 0 0.31
Ia9_2 0 a9_2 {-0.08}
Ga9_2_0 a9_2 0 a9_2 0 1.0
Bq2 0 q2 I=-0.6*(tanh(V(a9_2))-({c0_2}))
Gq2_0 q2 0 q2 0 1.0
Br2 0 r2 I=(1.0-V(h))*V(l2)*(V(q2)-V(x2))-V(h)*1000.0*V(x2)
Gr2_0 r2 0 r2 0 1.0
Gx2 0 x2 r2 0 1e-05
Cx2 x2 0 3.3333333333333334e-09 ic=0.0
Rx2 x2 0 1000000000000000.1
Ga9_3_1 0 a9_3 t4_1 0 0.12
Ga9_3_2 0 a9_3 t4_2 0 0.37
Ga9_3_3 0 a9_3 t4_3 0 -0.09
Ga9_3_4 0 a9_3 t4_4 0 0.44
Ia9_3 0 a9_3 {0.02}
Ga9_3_0 a9_3 0 a9_3 0 1.0
Bq3 0 q3 I=0.1*(tanh(V(a9_3))-({c0_3}))
Gq3_0 q3 0 q3 0 1.0
Br3 0 r3 I=(1.0-V(h))*V(l1)*(V(q3)-V(x3))-V(h)*1000.0*V(x3)
Gr3_0 r3 0 r3 0 1.0
Gx3 0 x3 r3 0 1e-05
Cx3 x3 0 3.3333333333333334e-09 ic=0.0
Rx3 x3 0 1000000000000000.1
Ga11_1_1 0 a11_1 x1 0 1.0
Ga11_1_2 0 a11_1 x2 0 1.0
Ga11_1_3 0 a11_1 x3 0 0.3
Ia11_1 0 a11_1 {-0.1+(0.9)*c0_1+(-0.6)*c0_2+(0.03)*c0_3}
Ga11_1_0 a11_1 0 a11_1 0 1.0
Bi p n I=m*area*((V(p,n))*(5e-04*exp(V(a11_1))))
* noise=1: thermal noise of the conductance, 4 k T G
Rw w 0 1.0
Bw p n I=noise*sqrt(m*area*max(5e-04*exp(V(a11_1)),0.0)+1e-30)*V(w)
* soa=1: V(soa) is 0 inside the training range, else by how many halves of it one is
* outside; a subcircuit cannot write a message
Bsoa 0 soa I=soa*(max(abs(V(p,n)-0.0)*1.0-1.0,0.0)+max(abs(5e-04*exp(V(a11_1))-0.00061)*2564.102564102564-1.0,0.0))
Gsoa_0 soa 0 soa 0 1.0
.ends three_states
