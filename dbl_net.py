import sys; sys.path[:0]=["/work/main"]
import torch; torch.set_num_threads(1)
from trainer.network import Network, NetworkSettings, device_input
from trainer.passes import Spike
x=device_input((torch.rand(2,4,8,8,2)<.5).to(torch.uint8))
for arch in ("fc20-out","6c3p1-or2-out"):
  for norm in ("none","batch"):
    torch.manual_seed(0); net=Network(NetworkSettings(arch,3,8,8,4,norm=norm)).train()
    with torch.no_grad():
        for p in net.parameters(): p.mul_(3).add_(.05)
    f32=net(x,Spike("hard")).rates[0].item()
    for see in (None,lambda*_:None):
        d=Network(NetworkSettings(arch,3,8,8,4,norm=norm)); d.load_state_dict(net.state_dict()); d=d.double().train()
        # read-out of a float32 spike tensor through double weights fails; look at the rate of layer 0 alone
        l=d.weighted()[0]
        try:
            if see is None: r=l.fused(x.double(),Spike("hard"),1)[1].item()
            else: r=l(x.double(),Spike("hard")).mean().item()
        except Exception as e: r=type(e).__name__+" "+str(e)[:80]
        print(arch,norm,"float32 rate",f32,"double net,","fused" if see is None else "separate",r)
