#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include "psi_xlstm/tau/estimate.hpp"
#include "psi_xlstm/data/mem3.hpp"
#include "psi_xlstm/data/vteam.hpp"
#include "psi_xlstm/data/vt100k.hpp"
#include "psi_xlstm/core/number_text.hpp"
using namespace psi_xlstm; using namespace psi_xlstm::tau;
double now(){return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();}
int main(int,char**argv){
  std::string what=argv[1];
  Mem3Config c; c.waveform=what=="kww"?"bursts":what; c.duration=atof(argv[2]); c.sample_rate=atof(argv[3]);
  int n=atoi(argv[4]); int verbose=atoi(argv[5]); int first=atoi(argv[6]);
  std::vector<double> time; for(int i=0;i<c.duration*c.sample_rate+.5;++i) time.push_back(i/c.sample_rate);
  auto truth=c.taus;
  if(what=="kww"){ double t=1.5e-3,b=.5; c.taus.clear(); c.gains.clear(); for(double x=-14;x<14;x+=.25){ c.taus.push_back(t*std::exp(-x)); c.gains.push_back(.6e-3*.25*stretched_density(b,x)); } }
  Record clean; if(what!="vteam") clean=simulate_mem3(c,time,mem3_drive(c));
  int right=0,cover=0,ni=0,white=0; std::vector<std::vector<double>> errs(3); double width[3]={0,0,0}; std::vector<int> mem(5);
  for(int seed=first;seed<first+n;++seed){
    std::vector<Record> rs;
    if(what=="vteam"){ VteamConfig v; v.seed=seed; auto d=vt100k_dataset(v); for(int i:d.split.train) rs.push_back(d.records[i]); }
    else { Record r=clean; Rng rng(seed); add_noise(r,0.03,rng); rs={r}; }
    double t0=now();
    auto e=estimate(rs,{});
    ++mem[(int)e.memory]; right+=e.choice.processes==3; white+=e.fit.whiteness.white(); ni+=e.best_verdict()==Verdict::kNotIdentifiable;
    if(e.processes.size()==3) for(int k=0;k<3;++k){ auto&p=e.processes[k]; errs[k].push_back(std::abs(std::log(p.tau/truth[k]))); width[k]+=p.sd_ln_tau; cover+=p.low.value_or(0)<truth[k]&&truth[k]<p.high.value_or(1e9);}
    if(!verbose) continue;
    if(verbose>1) { for(auto f:{false,true}) for(auto cu:{false,true}) { auto pr=e.choice.records.problem(cu,f); std::vector<double> prev; for(int K=0;K<=5;++K){ auto ff=fit_constant_rates(pr,e.choice.records.grid,K,prev); prev=ff.taus; fmt::print("free {} curved {} K {} bic {:.2f}",f,cu,K,e.choice.records.bic(pr,ff.solution,K,K)); for(double t:ff.taus) fmt::print(" {:.4g}",t); fmt::print("\n"); } } }
    fmt::print("{} {:.2f}s {} free {} curved {} K {} white {} ({:.2g} {:.2g} {:.2g} pow {:.3f}) dbic_str {:.1f} heldout",seed,now()-t0,describe(e.choice.records.response),e.choice.free_start,e.choice.curved,e.choice.processes,e.fit.whiteness.white(),e.fit.whiteness.samples.p_value,e.fit.whiteness.blocks.p_value,e.fit.whiteness.block_power_p,e.fit.whiteness.block_power,e.choice.stretched_bic-e.choice.best_bic());
    for(double h:e.choice.held_out) fmt::print(" {:.6g}",h);
    fmt::print("\n  {}\n",e.conclusion);
    for(auto&p:e.processes) fmt::print("   {:.4g} [{:.4g} {:.4g}] sd {:.1f}% beside slow {:.4g} {:.1f}% {}: {}\n",p.tau,p.low.value_or(NAN),p.high.value_or(NAN),100*p.sd_ln_tau,p.tau_beside_slow,100*p.sd_beside_slow,text_of(p.verdict),p.reason);
  }
  fmt::print("{} n {} K=3 {} white {} notident {} none/fixed/str/bias/unexpl {} {} {} {} {} cover {} ",what,n,right,white,ni,mem[0],mem[1],mem[2],mem[3],mem[4],cover);
  for(int k=0;k<3;++k) if(errs[k].size()){ auto v=errs[k]; std::sort(v.begin(),v.end()); fmt::print(" med {:.2f}% width {:.2f}%",100*v[v.size()/2],100*width[k]/v.size()); }
  fmt::print("\n");
}
