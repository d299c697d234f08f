"""How many neurons the core takes at once: lanes, four to a quad, quads spread over banks."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

LANES = (1, 2, 4, 8, 16)
MOST_IN_A_QUAD = 4


@dataclass(frozen=True)
class Lanes:
    """`count` lanes: `banks` banks of one quad each. Quad address a lies in bank a mod banks, at word a div banks.

    A quad holds `quad` neurons: 4, or all lanes where there are fewer. Lane l of a word is lane l mod quad of bank
    l div quad.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count not in LANES:
            raise EdgeSastError(f"lanes is {self.count}; it must be one of {', '.join(map(str, LANES))}")

    @property
    def quad(self) -> int:
        return min(self.count, MOST_IN_A_QUAD)

    @property
    def banks(self) -> int:
        return self.count // self.quad

    def quads(self, neurons: int) -> int:
        """Quads that hold so many neurons."""
        return -(-neurons // self.quad)

    def words(self, quads: int) -> int:
        """Words of all banks that hold so many quads."""
        return -(-quads // self.banks)
