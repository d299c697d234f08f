"""Training on a GPU against training on the CPU."""

import copy
import json

import pytest
import torch

from tests.trainer.networks import lively_network, random_recordings
from tests.trainer.run.test_loop import COMMON, bars
from trainer.data.batches import in_order
from trainer.data.recordings import Data
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.metrics import METRICS_NAME
from trainer.run.one_pass import evaluate
from trainer.settings.config import TrainConfig
from trainer.settings.methods import METHODS
from trainer.settings.passes import Integer, Spike

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
ARCHITECTURES = (
    "6c3p1-or2-8c3s2p1-out",
    "6c5s2p2-sum2-12c3p1g2-fc9-out",
    "rec11-fc7-out",
    "6c3p1-6c3p1r-or2-out",
)


@pytest.fixture(autouse=True)
def full_float32(monkeypatch):
    """Products of a GPU are rounded to TF32 by default."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def both(arch, how, **settings):
    """Output and gradients of one training batch, on the CPU and on the GPU."""
    binned = random_recordings(3, 12, 5, 12, cap=2)
    network = lively_network(arch, binned, 7, **settings)
    found = []
    for device in ("cpu", "cuda"):
        on: Network = copy.deepcopy(network).to(device).train()
        (batch,) = in_order(binned, 12, device)
        output = on(batch[0], how)
        torch.nn.functional.cross_entropy(output.logits, batch[1]).backward()
        gradients = [p.grad.cpu() for p in on.parameters() if p.grad is not None]
        found.append((output.logits.detach().cpu(), [r.detach().cpu() for r in output.rates], gradients))
    return found


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_smooth_pass_and_its_gradients(arch, norm):
    cpu, gpu = both(arch, Spike("smooth", "arctan", 3.0), norm=norm)
    torch.testing.assert_close(gpu[0], cpu[0], atol=1e-4, rtol=1e-3)
    assert len(gpu[2]) == len(cpu[2])
    for a, b in zip(gpu[2], cpu[2], strict=True):
        assert (a - b).norm() <= 1e-3 * b.norm() + 1e-6


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("bits", [8, 2])
def test_the_integer_pass_is_the_same_bits(arch, bits):
    binned = random_recordings(3, 12, 5, 12, cap=2)
    network = lively_network(arch, binned, 7)
    how = Integer((bits,) * len(network.weighted()), Spike("hard"))
    (cpu,) = in_order(binned, 12, "cpu")
    (gpu,) = in_order(binned, 12, "cuda")
    wanted, found = [], []
    with torch.no_grad():
        network(cpu[0], how, see=lambda _, arrived, out: wanted.append((arrived, out)))
        copy.deepcopy(network).cuda()(gpu[0], how, see=lambda _, arrived, out: found.append((arrived, out)))
    for (arrived, out), (arrived_there, out_there) in zip(wanted, found, strict=True):
        assert torch.equal(arrived_there.cpu(), arrived)
        # The read-out's integers times a share, which a GPU multiplies by a reciprocal.
        torch.testing.assert_close(out_there.cpu(), out, rtol=1e-14 if out.dim() == 2 else 0, atol=0)


@pytest.fixture
def data():
    return Data(bars(0, 96), bars(1, 48))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_and_tells_the_devices_accuracy(method, data, tmp_path):
    config = TrainConfig.of(method, **COMMON)
    Trainer(config, data, tmp_path, "cuda", quiet=True).run()
    stored = checkpoint.load(tmp_path)
    assert stored.epoch == config.total_epochs
    last = json.loads((tmp_path / METRICS_NAME).read_text().splitlines()[-1])
    integers = Integer((8, 8), config.spike(True))
    assert (
        last["valid_accuracy"] == evaluate(stored.network(), data.valid, integers).accuracy > 0.5
    )  # on a CPU


def test_resume_ends_as_an_uninterrupted_run(data, tmp_path, monkeypatch):
    """The same bits, where PyTorch's own kernels give them."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    config = TrainConfig.of("sast", **COMMON, rho=0.1)
    whole = Trainer(config, data, tmp_path / "whole", "cuda", quiet=True)
    whole.run()
    parts = tmp_path / "parts"
    run_epoch = Trainer._run_epoch

    def stop(self, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    interrupted = Trainer(config, data, parts, "cuda", quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            interrupted.run()
    resumed = Trainer(config, data, parts, "cuda", quiet=True)
    resumed.resume()
    resumed.run()
    for a, b in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_products_in_bfloat16(data, tmp_path):
    config = TrainConfig.of("hard", **COMMON, precision="bfloat16")
    network = Trainer(config, data, tmp_path, "cuda", quiet=True).run()
    assert evaluate(network, data.valid, Spike("hard"), device="cuda").accuracy > 0.5


def test_activations_computed_again(data, tmp_path):
    """--recompute changes memory, not results."""
    states = []
    for recompute in (False, True):
        config = TrainConfig.of("hard", **COMMON, recompute=recompute)
        trainer = Trainer(config, data, tmp_path / str(recompute), "cuda", quiet=True)
        states.append(trainer.run().state_dict())
    for name, tensor in states[0].items():
        torch.testing.assert_close(tensor, states[1][name], atol=1e-4, rtol=1e-3)
