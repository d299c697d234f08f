"""A network whose layer fires nowhere learns nothing more: training stops and says so."""

from __future__ import annotations

from edge_sast.errors import EdgeSastError
from trainer.network.network import Network
from trainer.run.one_pass import Result
from trainer.settings.config import TrainConfig

SILENT_EPOCHS = 2  # in which a layer may fire nowhere before training stops
LEARNS = 1.5  # times chance: what a network is better than that has begun to learn


class Silence:
    """Counts the epochs in a row, `epochs`, after which some layer fired nowhere in the held-out recordings."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.epochs = 0

    def check(self, network: Network, valid: Result, epoch: int, train_accuracy: float) -> None:
        """Take in what hard spikes gave after an epoch (0 is the first), and the accuracy of the pass it trained.

        Smooth spikes learn below the threshold too: a network trained on them may do so as long as it learns, and has
        half of its float epochs to begin. Raises EdgeSastError after SILENT_EPOCHS silent epochs.
        """
        if self.config.still_dense(epoch):  # what does not spike yet need not fire
            self.epochs = 0
            return
        if self.config.smooth_trained and epoch < self.config.epochs:
            learns = train_accuracy > LEARNS / network.settings.classes
            if learns or epoch + 1 <= self.config.epochs // 2:
                self.epochs = 0
                return
        spiking = [layer for layer in network.weighted() if layer.spiking]
        silent = [layer.name for layer, rate in zip(spiking, valid.firing_rates, strict=True) if rate == 0.0]
        self.epochs = self.epochs + 1 if silent else 0
        if self.epochs >= SILENT_EPOCHS:
            raise EdgeSastError(
                f"training: {silent[0]} fires nowhere in {len(valid.predictions)} held-out recordings, "
                f"epoch {epoch + 1}: the network is silent; {self._remedy()} (the last checkpoint is kept)"
            )

    def _remedy(self) -> str:
        if self.config.rho:
            return "lower --rho or raise --rho-warmup"
        return "lower --lr" if self.config.norm == "batch" else "lower --lr, or use --norm batch"
