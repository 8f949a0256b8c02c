* 0 states, 16 trained numbers; trained on g 0 V to 1.00 V, d -1.00 V to 1.00 V, steps to 100 ps
* largest |argument| of an exponential up to three times the training voltage: 14
* longest time step for accurate transients: 200 ps; trapezoidal integration
.subckt transistor g d s params: area=1.0 m=1.0 soa=0.0
Bi1 g s I=m*area*(0.001*0.001*V(g,s))
Ga2_1_1 0 a2_1 g s 4.0
Ga2_1_2 0 a2_1 d s 0.0
Ia2_1 0 a2_1 {-2.0}
Ga2_1_0 a2_1 0 a2_1 0 1.0
Bt3_1 0 t3_1 I=ln(1.0+exp(V(a2_1)))
Gt3_1_0 t3_1 0 t3_1 0 1.0
Ga4_1_1 0 a4_1 g s 0.0
Ga4_1_2 0 a4_1 d s 2.0
Ia4_1 0 a4_1 {0.0}
Ga4_1_0 a4_1 0 a4_1 0 1.0
Bt5_1 0 t5_1 I=tanh(V(a4_1))
Gt5_1_0 t5_1 0 t5_1 0 1.0
Gc1_q_1 0 c1_q g s 0.4393370426365389
Gc1_q_2 0 c1_q d s -0.08786740852730777
Gc1_q_3 0 c1_q t3_1 0 0.2636022255819233
Gc1_q_4 0 c1_q t5_1 0 0.0
Ic1_q 0 c1_q {0.0}
Gc1_q_0 c1_q 0 c1_q 0 1.0
Ec1 c1_e 0 c1_q 0 1.0
Vc1 c1_e c1_i 0.0
Cc1 c1_i 0 1.1380784033128917e-12
Fc1 g s Vc1 {m*area}
Bi2 d s I=m*area*(0.001*(ln(1.0+exp(V(a2_1))))*(tanh(V(a4_1))))
Gc2_q_1 0 c2_q g s -0.16690257885333068
Gc2_q_2 0 c2_q d s 0.6676103154133227
Gc2_q_3 0 c2_q t3_1 0 -0.08345128942666534
Gc2_q_4 0 c2_q t5_1 0 0.33380515770666136
Ic2_q 0 c2_q {0.0}
Gc2_q_0 c2_q 0 c2_q 0 1.0
Ec2 c2_e 0 c2_q 0 1.0
Vc2 c2_e c2_i 0.0
Cc2 c2_i 0 5.99151916567312e-13
Fc2 d s Vc2 {m*area}
* soa=1: V(soa) is 0 inside the training range, else by how many halves of it one is
* outside; a subcircuit cannot write a message
Bsoa 0 soa I=soa*(max(abs(V(g,s)-0.5)*2.0-1.0,0.0)+max(abs(V(d,s)-0.0)*1.0-1.0,0.0))
Gsoa_0 soa 0 soa 0 1.0
.ends transistor
